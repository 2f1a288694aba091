#include "json.h"

#include "roost.h"

_Static_assert((int)kSdkAbsent == (int)ROOST_JSON_ABSENT, "json.h repeats roost.h");
_Static_assert((int)kSdkInvalid == (int)ROOST_JSON_INVALID, "json.h repeats roost.h");
_Static_assert((int)kSdkTooLong == (int)ROOST_JSON_TOO_LONG, "json.h repeats roost.h");
_Static_assert((int)kSdkMaxDepth == (int)ROOST_JSON_MAX_DEPTH, "json.h repeats roost.h");

ptrdiff_t sdk_json_string(const char* json, size_t length, const char* name, char* out,
                          size_t capacity) {
  return roost_json_string(json, length, name, out, capacity);
}

size_t sdk_json_escape(const char* text, size_t length, char* out, size_t capacity) {
  return roost_json_escape(text, length, out, capacity);
}
