// JSON for functions in C: reading values out of a text, and writing strings.
//
// Nothing is built in memory: a value is a place in the text, and to look for a member is to read
// over those before it. Included by roost.h.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
  ROOST_JSON_ABSENT = -1,    // no such member, or it is not a string
  ROOST_JSON_INVALID = -2,   // the text is not one JSON object
  ROOST_JSON_TOO_LONG = -3,  // the string and its NUL do not fit
  ROOST_JSON_MAX_DEPTH = 64
};

// A value within a JSON text: where it stands. One that is absent has `at` NULL; all readers take
// it and find nothing.
typedef struct {
  const char* at;
  const char* end;
} roost_json;

// What is still to be read of a text.
typedef roost_json roost_json_cursor;

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

// ---- Values -----------------------------------------------------------------------------------

// The value that a text is; absent when the text is not JSON, or nested deeper than 64.
static inline roost_json roost_json_parse(const char* text, size_t length) {
  const roost_json absent = {NULL, NULL};
  roost_json_cursor c = {text, text + length};
  roost_json_space(&c);
  roost_json value = {c.at, c.end};
  if (!roost_json_skip(&c, 0)) return absent;
  value.end = c.at;
  roost_json_space(&c);
  return c.at == c.end ? value : absent;
}

static inline bool roost_json_begins(roost_json value, char first) {
  return value.at != value.end && *value.at == first;
}

static inline bool roost_json_is_null(roost_json value) { return roost_json_begins(value, 'n'); }

// A member of an object; of a repeated one the last. Absent when there is none.
static inline roost_json roost_json_member(roost_json object, const char* name) {
  roost_json found = {NULL, NULL};
  if (!roost_json_begins(object, '{')) return found;
  roost_json_cursor c = {object.at + 1, object.end};
  do {
    bool wanted;
    roost_json_space(&c);
    if (!roost_json_take(&c, '"') || !roost_json_compare(&c, name, &wanted)) break;
    roost_json_space(&c);
    if (!roost_json_take(&c, ':')) break;
    roost_json_space(&c);
    const char* const at = c.at;
    if (!roost_json_skip(&c, 1)) break;
    if (wanted) found = (roost_json){at, c.at};
    roost_json_space(&c);
  } while (roost_json_take(&c, ','));
  return found;
}

// The items of an array, one after another:
//   for (roost_json item, rest = roost_json_items(array); roost_json_next(&rest, &item);) …
static inline roost_json roost_json_items(roost_json array) {
  const roost_json absent = {NULL, NULL};
  if (!roost_json_begins(array, '[')) return absent;
  return (roost_json){array.at + 1, array.end - 1};
}

static inline bool roost_json_next(roost_json* rest, roost_json* item) {
  roost_json_space(rest);
  roost_json_take(rest, ',');
  roost_json_space(rest);
  item->at = rest->at;
  if (rest->at == rest->end || !roost_json_skip(rest, 1)) return false;
  item->end = rest->at;
  return true;
}

static inline bool roost_json_bool(roost_json value, bool* out) {
  *out = roost_json_begins(value, 't');
  return *out || roost_json_begins(value, 'f');
}

// A number without fraction or exponent, within 64 bits.
static inline bool roost_json_int64(roost_json value, int64_t* out) {
  const bool negative = roost_json_take(&value, '-');
  const uint64_t limit = (uint64_t)INT64_MAX + negative;
  uint64_t number = 0;
  if (value.at == value.end) return false;
  for (; value.at < value.end; ++value.at) {
    const uint64_t digit = (uint64_t)((unsigned char)*value.at - '0');
    if (digit > 9 || number > (limit - digit) / 10) return false;
    number = number * 10 + digit;
  }
  *out = (int64_t)(negative ? 0 - number : number);
  return true;
}

static inline bool roost_json_double(roost_json value, double* out) {
  if (!roost_json_begins(value, '-') &&
      !(value.at != value.end && *value.at >= '0' && *value.at <= '9')) {
    return false;
  }
  const size_t length = (size_t)(value.end - value.at);
  char* const text = malloc(length + 1);  // strtod wants an end
  if (text == NULL) return false;
  memcpy(text, value.at, length);
  text[length] = '\0';
  *out = strtod(text, NULL);
  free(text);
  return true;
}

// A string, its escapes decoded, into `out` with a NUL: its length, ROOST_JSON_ABSENT when it is no
// string, or ROOST_JSON_TOO_LONG.
static inline ptrdiff_t roost_json_text(roost_json value, char* out, size_t capacity) {
  if (!roost_json_take(&value, '"')) return ROOST_JSON_ABSENT;
  return roost_json_copy(&value, out, capacity);
}

// The same, allocated; NULL when it is no string, or without memory.
static inline char* roost_json_new_text(roost_json value, size_t* length) {
  if (!roost_json_begins(value, '"')) return NULL;
  const size_t capacity = (size_t)(value.end - value.at);  // decoding makes it shorter
  char* const out = malloc(capacity);
  if (out == NULL) return NULL;
  const ptrdiff_t size = roost_json_text(value, out, capacity);
  if (length != NULL && size >= 0) *length = (size_t)size;
  return size < 0 ? NULL : out;
}

// The string member `name` of the JSON object in `json`, its escapes decoded, into `out` with a
// NUL: its length, or one of the negative numbers above. The whole text is checked; of a repeated
// member the last counts.
static inline ptrdiff_t roost_json_string(const char* json, size_t length, const char* name,
                                          char* out, size_t capacity) {
  const roost_json object = roost_json_parse(json, length);
  if (!roost_json_begins(object, '{')) return ROOST_JSON_INVALID;
  return roost_json_text(roost_json_member(object, name), out, capacity);
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
