// Roost's SDK for functions in C, over the imports of module `roost` (docs/abi.md).
//
//   #include "roost.h"
//   void handle(void) { roost_respond_json(200, "{\"message\":\"Hello\"}", 19); }
//
// Build: clang --target=wasm32-wasi -O2 -mexec-model=reactor -Wl,--export=handle hello.c -o
// hello.wasm
//
// A function runs once in a fresh instance: what it allocates need not be freed. Text that the SDK
// returns is followed by a NUL that its length does not count.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "roost_json.h"

// ---- The imports, as the host has them --------------------------------------------------------

#define ROOST_IMPORT(name) __attribute__((import_module("roost"), import_name(name)))

ROOST_IMPORT("event_size") uint32_t roost_import_event_size(void);
ROOST_IMPORT("event_read")
uint32_t roost_import_event_read(void* to, uint32_t offset, uint32_t length);
ROOST_IMPORT("body_size") uint32_t roost_import_body_size(void);
ROOST_IMPORT("body_read")
uint32_t roost_import_body_read(void* to, uint32_t offset, uint32_t length);
ROOST_IMPORT("respond")
void roost_import_respond(uint32_t status, const char* headers, uint32_t headers_length,
                          const void* body, uint32_t body_length);
ROOST_IMPORT("log") void roost_import_log(uint32_t level, const char* text, uint32_t length);
ROOST_IMPORT("env") int32_t roost_import_env(const char* name, uint32_t length);
ROOST_IMPORT("result_read")
uint32_t roost_import_result_read(void* to, uint32_t offset, uint32_t length);
ROOST_IMPORT("db_query")
int32_t roost_import_db_query(const char* sql, uint32_t sql_length, const char* params,
                              uint32_t params_length);
ROOST_IMPORT("db_batch") int32_t roost_import_db_batch(const char* batch, uint32_t length);
ROOST_IMPORT("now") int64_t roost_import_now(void);
ROOST_IMPORT("random") void roost_import_random(void* to, uint32_t length);

// ---- The request ------------------------------------------------------------------------------

// The event as JSON, allocated: why the function runs, its headers, its caller. NULL without
// memory.
static inline char* roost_event(size_t* length) {
  const uint32_t size = roost_import_event_size();
  char* const event = malloc((size_t)size + 1);
  if (event == NULL) return NULL;
  roost_import_event_read(event, 0, size);
  event[size] = '\0';
  if (length != NULL) *length = size;
  return event;
}

// The request's body as it came, allocated. NULL without memory.
static inline char* roost_body(size_t* length) {
  const uint32_t size = roost_import_body_size();
  char* const body = malloc((size_t)size + 1);
  if (body == NULL) return NULL;
  roost_import_body_read(body, 0, size);
  body[size] = '\0';
  if (length != NULL) *length = size;
  return body;
}

// As much of the body as fits into `capacity` bytes, without a NUL; returns the body's whole size.
static inline size_t roost_body_into(void* to, size_t capacity) {
  roost_import_body_read(to, 0, (uint32_t)capacity);
  return roost_import_body_size();
}

// ---- The answer -------------------------------------------------------------------------------

// `headers` are lines `name: value` separated by LF; NULL for none. A second answer replaces the
// first. A function that never answers makes a 204.
static inline void roost_respond(int status, const char* headers, const void* body, size_t length) {
  const size_t headers_length = headers == NULL ? 0 : strlen(headers);
  roost_import_respond((uint32_t)status, headers, (uint32_t)headers_length, body, (uint32_t)length);
}

static inline void roost_respond_json(int status, const char* json, size_t length) {
  roost_respond(status, "content-type: application/json", json, length);
}

static inline void roost_respond_text(int status, const char* text) {
  roost_respond(status, "content-type: text/plain; charset=utf-8", text, strlen(text));
}

// ---- The world --------------------------------------------------------------------------------

static inline void roost_log_debug(const char* text) {
  roost_import_log(0, text, (uint32_t)strlen(text));
}
static inline void roost_log_info(const char* text) {
  roost_import_log(1, text, (uint32_t)strlen(text));
}
static inline void roost_log_warn(const char* text) {
  roost_import_log(2, text, (uint32_t)strlen(text));
}
static inline void roost_log_error(const char* text) {
  roost_import_log(3, text, (uint32_t)strlen(text));
}

// The value of a variable of the function's environment, allocated; NULL when there is none.
static inline char* roost_env(const char* name) {
  const int32_t size = roost_import_env(name, (uint32_t)strlen(name));
  if (size < 0) return NULL;
  char* const value = malloc((size_t)size + 1);
  if (value == NULL) return NULL;
  roost_import_result_read(value, 0, (uint32_t)size);
  value[size] = '\0';
  return value;
}

// Nanoseconds since 1970, UTC.
static inline int64_t roost_now(void) { return roost_import_now(); }

// Bytes fit for keys. The host gives at most 64 KiB at a time.
static inline void roost_random(void* to, size_t length) {
  uint8_t* at = to;
  while (length > 0) {
    const uint32_t piece = length < 65536 ? (uint32_t)length : 65536;
    roost_import_random(at, piece);
    at += piece;
    length -= piece;
  }
}

// ---- The database -----------------------------------------------------------------------------

// What came of a query. `json` is {"rows":[…],"count":N}; where it failed,
// {"code":"23505","class":"unique_violation","message":"…",…}. A failure that a function does not
// answer ends its call with 500.
typedef struct {
  bool ok;
  char* text;  // `json` as it came, allocated; NULL without memory
  size_t length;
  roost_json json;
} roost_result;

static inline bool roost_take_result(int32_t size, roost_result* result) {
  *result = (roost_result){.ok = size >= 0, .length = (size_t)(size < 0 ? -size : size)};
  result->text = malloc(result->length + 1);
  if (result->text == NULL) return result->ok = false;
  roost_import_result_read(result->text, 0, (uint32_t)result->length);
  result->text[result->length] = '\0';
  result->json = (roost_json){result->text, result->text + result->length};
  return result->ok;
}

// One statement with placeholders $1, $2, …, as the caller. `params` is a JSON array, or NULL.
static inline bool roost_query(const char* sql, const char* params, roost_result* result) {
  const size_t params_length = params == NULL ? 0 : strlen(params);
  return roost_take_result(
      roost_import_db_query(sql, (uint32_t)strlen(sql), params, (uint32_t)params_length), result);
}

// Several in one transaction: `batch` is a JSON array of {"sql":"…","params":[…]}. `json` is
// {"results":[…]}, an object like a query's for each.
static inline bool roost_batch(const char* batch, roost_result* result) {
  return roost_take_result(roost_import_db_batch(batch, (uint32_t)strlen(batch)), result);
}

// The rows, objects by column, one after another:
//   for (roost_json row, rest = roost_rows(&result); roost_json_next(&rest, &row);) …
static inline roost_json roost_rows(const roost_result* result) {
  return roost_json_items(roost_json_member(result->json, "rows"));
}

// Of the rows, or of those that a statement without rows changed.
static inline int64_t roost_count(const roost_result* result) {
  int64_t count = 0;
  roost_json_int64(roost_json_member(result->json, "count"), &count);
  return count;
}

// Whether it failed with this code of PostgreSQL's, e.g. "23505".
static inline bool roost_failed_with(const roost_result* result, const char* code) {
  char found[8];
  const roost_json member = roost_json_member(result->json, "code");
  return !result->ok && roost_json_text(member, found, sizeof found) > 0 &&
         strcmp(found, code) == 0;
}

// ---- Parameters for a query -------------------------------------------------------------------

// roost_params params = {0};
// roost_params_text(&params, title, strlen(title));
// roost_query("INSERT INTO todos (title) VALUES ($1)", roost_params_json(&params), &result);
typedef struct {
  char* text;     // "[…]"; NULL before the first
  size_t length;  // without the end of the array
  size_t capacity;
  bool failed;  // without memory
} roost_params;

// Room for `size` bytes before the array's end; NULL without memory.
static inline char* roost_params_room(roost_params* params, size_t size) {
  const size_t needed = params->length + size + 2;
  if (!params->failed && needed > params->capacity) {
    char* const larger = realloc(params->text, 2 * needed);
    params->failed = larger == NULL;
    if (larger != NULL) params->text = larger;
    params->capacity = 2 * needed;
  }
  if (params->failed) return NULL;
  char* const room = params->text + params->length;
  params->length += size;
  memcpy(room + size, "]", 2);
  return room;
}

// A value that is JSON already.
static inline void roost_params_value(roost_params* params, const char* json, size_t length) {
  char* const room = roost_params_room(params, length + 1);
  if (room == NULL) return;
  *room = params->length == length + 1 ? '[' : ',';
  memcpy(room + 1, json, length);
}

static inline void roost_params_null(roost_params* params) {
  roost_params_value(params, "null", 4);
}

static inline void roost_params_bool(roost_params* params, bool value) {
  roost_params_value(params, value ? "true" : "false", value ? 4 : 5);
}

static inline void roost_params_int64(roost_params* params, int64_t value) {
  char text[20];
  char* at = text + sizeof text;
  uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  do {
    *--at = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest > 0);
  if (value < 0) *--at = '-';
  roost_params_value(params, at, (size_t)(text + sizeof text - at));
}

static inline void roost_params_text(roost_params* params, const char* text, size_t length) {
  const size_t size = roost_json_escape(text, length, NULL, 0);
  char* const room = roost_params_room(params, size + 3);
  if (room == NULL) return;
  *room = params->length == size + 3 ? '[' : ',';
  room[1] = '"';
  roost_json_escape(text, length, room + 2, size + 1);
  room[size + 2] = '"';
}

// "[…]", or NULL: no parameter was added, or there was no memory.
static inline const char* roost_params_json(const roost_params* params) {
  return params->failed ? NULL : params->text;
}
