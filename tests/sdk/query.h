// The database's part of sdk/c/roost.h, compiled for this machine against a host that the test
// plays.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  bool ok;
  char* text;
  size_t length;
  int64_t count;
  size_t rows;
  bool is_unique_violation;
} SdkResult;

SdkResult sdk_query(const char* sql, const char* params);
SdkResult sdk_batch(const char* batch);

// Every kind of parameter, `texts` times; allocated, NULL for none.
char* sdk_params(size_t times, int64_t number, const char* text, size_t length);

#ifdef __cplusplus
}
#endif
