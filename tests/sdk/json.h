// The JSON part of sdk/c/roost.h, compiled for this machine: the header is C, the tests are C++.
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { kSdkAbsent = -1, kSdkInvalid = -2, kSdkTooLong = -3, kSdkMaxDepth = 64 };

ptrdiff_t sdk_json_string(const char* json, size_t length, const char* name, char* out,
                          size_t capacity);
size_t sdk_json_escape(const char* text, size_t length, char* out, size_t capacity);

#ifdef __cplusplus
}
#endif
