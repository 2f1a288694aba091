#include "json.h"

#include "roost_json.h"

_Static_assert((int)kSdkAbsent == (int)ROOST_JSON_ABSENT, "json.h repeats roost_json.h");
_Static_assert((int)kSdkInvalid == (int)ROOST_JSON_INVALID, "json.h repeats roost_json.h");
_Static_assert((int)kSdkTooLong == (int)ROOST_JSON_TOO_LONG, "json.h repeats roost_json.h");
_Static_assert((int)kSdkMaxDepth == (int)ROOST_JSON_MAX_DEPTH, "json.h repeats roost_json.h");

ptrdiff_t sdk_json_string(const char* json, size_t length, const char* name, char* out,
                          size_t capacity) {
  return roost_json_string(json, length, name, out, capacity);
}

size_t sdk_json_escape(const char* text, size_t length, char* out, size_t capacity) {
  return roost_json_escape(text, length, out, capacity);
}

static roost_json in(SdkValue value) { return (roost_json){value.at, value.end}; }
static SdkValue out(roost_json value) { return (SdkValue){value.at, value.end}; }

SdkValue sdk_json_parse(const char* text, size_t length) {
  return out(roost_json_parse(text, length));
}

SdkValue sdk_json_member(SdkValue object, const char* name) {
  return out(roost_json_member(in(object), name));
}

SdkValue sdk_json_items(SdkValue array) { return out(roost_json_items(in(array))); }

bool sdk_json_next(SdkValue* rest, SdkValue* item) {
  roost_json left = in(*rest);
  roost_json next = {NULL, NULL};
  const bool found = roost_json_next(&left, &next);
  *rest = out(left);
  *item = out(next);
  return found;
}

bool sdk_json_is_null(SdkValue value) { return roost_json_is_null(in(value)); }
bool sdk_json_bool(SdkValue value, bool* to) { return roost_json_bool(in(value), to); }
bool sdk_json_int64(SdkValue value, int64_t* to) { return roost_json_int64(in(value), to); }
bool sdk_json_double(SdkValue value, double* to) { return roost_json_double(in(value), to); }
char* sdk_json_new_text(SdkValue value, size_t* length) {
  return roost_json_new_text(in(value), length);
}
