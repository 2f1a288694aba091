// Roost's SDK for functions in C: one header over the imports of module `roost` (docs/abi.md).
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

// ---- JSON: one member of an object, and strings -----------------------------------------------

enum {
  ROOST_JSON_ABSENT = -1,    // no such member, or it is not a string
  ROOST_JSON_INVALID = -2,   // the text is not one JSON object
  ROOST_JSON_TOO_LONG = -3,  // the string and its NUL do not fit
  ROOST_JSON_MAX_DEPTH = 64
};

typedef struct {
  const char* at;
  const char* end;
} roost_json_cursor;

static inline void roost_json_space(roost_json_cursor* c) {
  while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r')) {
    ++c->at;
  }
}

static inline bool roost_json_take(roost_json_cursor* c, char wanted) {
  if (c->at == c->end || *c->at != wanted) return false;
  ++c->at;
  return true;
}

static inline int32_t roost_json_hex4(roost_json_cursor* c) {
  if (c->end - c->at < 4) return -1;
  int32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const char digit = *c->at++;
    if (digit >= '0' && digit <= '9')
      value = value * 16 + (digit - '0');
    else if (digit >= 'a' && digit <= 'f')
      value = value * 16 + (digit - 'a' + 10);
    else if (digit >= 'A' && digit <= 'F')
      value = value * 16 + (digit - 'A' + 10);
    else
      return -1;
  }
  return value;
}

static inline int roost_json_utf8(uint32_t point, char out[4]) {
  if (point < 0x80) {
    out[0] = (char)point;
    return 1;
  }
  const int size = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  for (int i = size - 1; i > 0; --i, point >>= 6) out[i] = (char)(0x80 | (point & 0x3f));
  out[0] = (char)((0xf0U << (4 - size)) | point);
  return size;
}

// What follows `\u`: a code point, from two escapes when it needs a surrogate pair; -1 when half of
// a pair is missing.
static inline int32_t roost_json_code_point(roost_json_cursor* c) {
  const int32_t high = roost_json_hex4(c);
  if (high < 0xd800 || high > 0xdfff) return high;
  if (high > 0xdbff || !roost_json_take(c, '\\') || !roost_json_take(c, 'u')) return -1;
  const int32_t low = roost_json_hex4(c);
  if (low < 0xdc00 || low > 0xdfff) return -1;
  return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

// The next character of a string, decoded: its size in `out`, 0 at the closing quote, -1 when the
// text is not JSON. Bytes of UTF-8 pass one at a time.
static inline int roost_json_character(roost_json_cursor* c, char out[4]) {
  if (c->at == c->end || (unsigned char)*c->at < 0x20) return -1;
  out[0] = *c->at++;
  if (out[0] == '"') return 0;
  if (out[0] != '\\') return 1;
  if (c->at == c->end) return -1;
  const char letter = *c->at++;
  if (letter == 'u') {
    const int32_t point = roost_json_code_point(c);
    return point < 0 ? -1 : roost_json_utf8((uint32_t)point, out);
  }
  static const char letters[] = "\"\\/bfnrt";
  static const char meanings[] = "\"\\/\b\f\n\r\t";
  const char* const found = memchr(letters, letter, sizeof letters - 1);
  if (found == NULL) return -1;
  out[0] = meanings[found - letters];
  return 1;
}

// Reads a string past its opening quote. False when it is not JSON; `*equal` says whether it is
// `wanted`.
static inline bool roost_json_compare(roost_json_cursor* c, const char* wanted, bool* equal) {
  const size_t wanted_length = strlen(wanted);
  size_t length = 0;
  char bytes[4];
  *equal = true;
  for (int size; (size = roost_json_character(c, bytes)) != 0; length += (size_t)size) {
    if (size < 0) return false;
    if (!*equal || length + (size_t)size > wanted_length ||
        memcmp(wanted + length, bytes, (size_t)size) != 0) {
      *equal = false;
    }
  }
  *equal = *equal && length == wanted_length;
  return true;
}

// Copies a string past its opening quote; its length, or ROOST_JSON_INVALID or _TOO_LONG.
static inline ptrdiff_t roost_json_copy(roost_json_cursor* c, char* out, size_t capacity) {
  size_t length = 0;
  char bytes[4];
  for (int size; (size = roost_json_character(c, bytes)) != 0; length += (size_t)size) {
    if (size < 0) return ROOST_JSON_INVALID;
    if (length + (size_t)size < capacity) memcpy(out + length, bytes, (size_t)size);
  }
  if (length >= capacity) return ROOST_JSON_TOO_LONG;
  out[length] = '\0';
  return (ptrdiff_t)length;
}

static inline bool roost_json_digits(roost_json_cursor* c) {
  const char* const start = c->at;
  while (c->at < c->end && *c->at >= '0' && *c->at <= '9') ++c->at;
  return c->at != start;
}

static inline bool roost_json_number(roost_json_cursor* c) {
  roost_json_take(c, '-');
  if (!roost_json_take(c, '0') && !roost_json_digits(c)) return false;
  if (roost_json_take(c, '.') && !roost_json_digits(c)) return false;
  if (!roost_json_take(c, 'e') && !roost_json_take(c, 'E')) return true;
  if (!roost_json_take(c, '-')) roost_json_take(c, '+');
  return roost_json_digits(c);
}

static inline bool roost_json_word(roost_json_cursor* c, const char* word) {
  const size_t length = strlen(word);
  if ((size_t)(c->end - c->at) < length || memcmp(c->at, word, length) != 0) return false;
  c->at += length;
  return true;
}

static inline bool roost_json_skip(roost_json_cursor* c, int depth);

// The rest of an object or array, past its opening bracket.
static inline bool roost_json_skip_items(roost_json_cursor* c, char closing, int depth) {
  bool ignored;
  roost_json_space(c);
  if (roost_json_take(c, closing)) return true;
  do {
    roost_json_space(c);
    if (closing == '}') {
      if (!roost_json_take(c, '"') || !roost_json_compare(c, "", &ignored)) return false;
      roost_json_space(c);
      if (!roost_json_take(c, ':')) return false;
    }
    if (!roost_json_skip(c, depth)) return false;
    roost_json_space(c);
  } while (roost_json_take(c, ','));
  return roost_json_take(c, closing);
}

// Reads over one value of any kind; false when it is not JSON or nested too deep.
static inline bool roost_json_skip(roost_json_cursor* c, int depth) {
  bool ignored;
  roost_json_space(c);
  if (depth > ROOST_JSON_MAX_DEPTH) return false;
  if (roost_json_take(c, '"')) return roost_json_compare(c, "", &ignored);
  if (roost_json_take(c, '{')) return roost_json_skip_items(c, '}', depth + 1);
  if (roost_json_take(c, '[')) return roost_json_skip_items(c, ']', depth + 1);
  return roost_json_word(c, "true") || roost_json_word(c, "false") || roost_json_word(c, "null") ||
         roost_json_number(c);
}

// The string member `name` of the JSON object in `json`, its escapes decoded, into `out` with a
// NUL: its length, or one of the negative numbers above. The whole text is checked; of a repeated
// member the last counts.
static inline ptrdiff_t roost_json_string(const char* json, size_t length, const char* name,
                                          char* out, size_t capacity) {
  roost_json_cursor c = {json, json + length};
  ptrdiff_t found = ROOST_JSON_ABSENT;
  roost_json_space(&c);
  if (!roost_json_take(&c, '{')) return ROOST_JSON_INVALID;
  roost_json_space(&c);
  if (!roost_json_take(&c, '}')) {
    do {
      bool wanted;
      roost_json_space(&c);
      if (!roost_json_take(&c, '"') || !roost_json_compare(&c, name, &wanted)) {
        return ROOST_JSON_INVALID;
      }
      roost_json_space(&c);
      if (!roost_json_take(&c, ':')) return ROOST_JSON_INVALID;
      roost_json_space(&c);
      if (wanted && roost_json_take(&c, '"')) {
        found = roost_json_copy(&c, out, capacity);
        if (found == ROOST_JSON_INVALID) return found;
      } else {
        if (!roost_json_skip(&c, 1)) return ROOST_JSON_INVALID;
        if (wanted) found = ROOST_JSON_ABSENT;
      }
      roost_json_space(&c);
    } while (roost_json_take(&c, ','));
    if (!roost_json_take(&c, '}')) return ROOST_JSON_INVALID;
  }
  roost_json_space(&c);
  return c.at == c.end ? found : ROOST_JSON_INVALID;
}

// The inside of a JSON string (no quotes) for `text`, into `out` with a NUL. Returns the length it
// has, which is at most 6 × `length`; when that is not below `capacity`, what fits was written.
static inline size_t roost_json_escape(const char* text, size_t length, char* out,
                                       size_t capacity) {
  static const char hex[] = "0123456789abcdef";
  size_t used = 0;
  for (size_t i = 0; i < length; ++i) {
    const unsigned char byte = (unsigned char)text[i];
    const bool control = byte < 0x20;
    char piece[6] = {'\\', (char)byte, '0', '0', hex[byte >> 4], hex[byte & 15]};
    if (control) piece[1] = 'u';
    const bool quoted = byte == '"' || byte == '\\';
    const size_t size = control ? 6 : quoted ? 2 : 1;
    if (used + size < capacity) memcpy(out + used, control || quoted ? piece : text + i, size);
    used += size;
  }
  if (capacity > 0) out[used < capacity ? used : capacity - 1] = '\0';
  return used;
}
