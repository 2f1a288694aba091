// sdk/c/roost_json.h, compiled for this machine: the header is C, the tests are C++.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { kSdkAbsent = -1, kSdkInvalid = -2, kSdkTooLong = -3, kSdkMaxDepth = 64 };

ptrdiff_t sdk_json_string(const char* json, size_t length, const char* name, char* out,
                          size_t capacity);
typedef struct {
  const char* at;
  const char* end;
} SdkValue;

SdkValue sdk_json_parse(const char* text, size_t length);
SdkValue sdk_json_member(SdkValue object, const char* name);
SdkValue sdk_json_items(SdkValue array);
bool sdk_json_next(SdkValue* rest, SdkValue* item);
bool sdk_json_is_null(SdkValue value);
bool sdk_json_bool(SdkValue value, bool* out);
bool sdk_json_int64(SdkValue value, int64_t* out);
bool sdk_json_double(SdkValue value, double* out);
char* sdk_json_new_text(SdkValue value, size_t* length);

size_t sdk_json_escape(const char* text, size_t length, char* out, size_t capacity);

#ifdef __cplusplus
}
#endif
