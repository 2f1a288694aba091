#include "base/encoding.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace base {
namespace {

constexpr std::string_view kHexLower = "0123456789abcdef";
constexpr std::string_view kHexUpper = "0123456789ABCDEF";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::uint8_t kNone = 0xFF;
using Values = std::array<std::uint8_t, 256>;

constexpr std::uint8_t byte_of(char c) { return static_cast<std::uint8_t>(c); }

consteval Values values_of(std::string_view alphabet) {
  Values values{};
  values.fill(kNone);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values[byte_of(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}

consteval Values hex_values() {
  Values values = values_of(kHexLower);
  for (std::size_t i = 0; i < kHexUpper.size(); ++i) {
    values[byte_of(kHexUpper[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}

constexpr Values kHexValues = hex_values();
constexpr Values kBase64Values = values_of(kBase64);
constexpr Values kBase64UrlValues = values_of(kBase64Url);

std::optional<char> byte_from_hex(char high, char low) {
  const std::uint8_t first = kHexValues[byte_of(high)];
  const std::uint8_t second = kHexValues[byte_of(low)];
  if (first == kNone || second == kNone) return std::nullopt;
  return static_cast<char>(first << 4U | second);
}

// The unpadded form; three bytes become four characters, a rest of n bytes n + 1.
std::string encode64(std::string_view bytes, std::string_view alphabet) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : bytes) {
    bits = bits << 8U | byte_of(c);
    for (held += 8; held >= 6; held -= 6) out.push_back(alphabet[bits >> (held - 6) & 0x3FU]);
  }
  if (held != 0) out.push_back(alphabet[bits << (6 - held) & 0x3FU]);
  return out;
}

// The unpadded form. Bits left over must be zero: else two texts would stand for the same bytes.
std::optional<std::string> decode64(std::string_view text, const Values& values) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const std::uint8_t value = values[byte_of(c)];
    if (value == kNone) return std::nullopt;
    bits = bits << 6U | value;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out.push_back(static_cast<char>(bits >> held & 0xFFU));
  }
  if ((bits & ((1U << held) - 1)) != 0) return std::nullopt;
  return out;
}

constexpr bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

// What may follow a lead byte (Unicode, table 3-7): how many bytes, and the bounds of the second,
// which is where overlong forms, surrogates and what lies beyond U+10FFFF are told apart.
struct Lead {
  std::size_t length;
  std::uint8_t second_min;
  std::uint8_t second_max;
};

constexpr Lead lead_of(std::uint8_t byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xC2) return {0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte < 0xF4) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

// The length of the well-formed sequence that `bytes` begins with; 0 when there is none.
// REQUIRES: bytes is not empty.
std::size_t sequence_length(std::string_view bytes) {
  const Lead lead = lead_of(byte_of(bytes[0]));
  if (lead.length > bytes.size()) return 0;
  if (lead.length < 2) return lead.length;
  const std::uint8_t second = byte_of(bytes[1]);
  if (second < lead.second_min || second > lead.second_max) return 0;
  for (std::size_t i = 2; i < lead.length; ++i) {
    if ((byte_of(bytes[i]) & 0xC0U) != 0x80U) return 0;
  }
  return lead.length;
}

// Most text is ASCII: eight bytes at a time.
std::size_t ascii_length(std::string_view bytes) {
  std::size_t i = 0;
  for (; i + sizeof(std::uint64_t) <= bytes.size(); i += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, sizeof(word));
    if ((word & 0x8080808080808080U) != 0) break;
  }
  while (i < bytes.size() && byte_of(bytes[i]) < 0x80) ++i;
  return i;
}

constexpr bool is_plain_in_json(char c) {
  return byte_of(c) >= 0x20 && byte_of(c) < 0x80 && c != '"' && c != '\\';
}

// REQUIRES: `c` is ASCII and not plain.
void append_escape(std::string& out, char c) {
  constexpr std::string_view kShort = "\"\\\b\f\n\r\t";
  constexpr std::string_view kLetters = "\"\\bfnrt";
  out.push_back('\\');
  if (const std::size_t at = kShort.find(c); at != std::string_view::npos) {
    out.push_back(kLetters[at]);
    return;
  }
  out.append("u00");
  out.push_back(kHexLower[byte_of(c) >> 4U]);
  out.push_back(kHexLower[byte_of(c) & 0xFU]);
}

// Appends the one character that `text` begins with and returns how many bytes it took.
// REQUIRES: text is not empty and its first byte is not plain.
std::size_t append_special(std::string& out, std::string_view text) {
  if (byte_of(text[0]) < 0x80) {
    append_escape(out, text[0]);
    return 1;
  }
  const std::size_t length = sequence_length(text);
  if (length == 0) {
    out.append("\xEF\xBF\xBD");
    return 1;
  }
  out.append(text.substr(0, length));
  return length;
}

// C0 but tab, and DEL.
bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}
// The first byte of C1, U+0080 to U+009F, in UTF-8.
constexpr char kC1Lead = '\xc2';
bool begins_control(std::string_view text, std::size_t at) {
  if (text[at] != kC1Lead) return is_control(text[at]);
  if (at + 1 == text.size()) return false;
  const auto next = static_cast<unsigned char>(text[at + 1]);
  return next >= 0x80 && next < 0xa0;
}

}  // namespace

std::string to_hex(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    out.push_back(kHexLower[byte_of(c) >> 4U]);
    out.push_back(kHexLower[byte_of(c) & 0xFU]);
  }
  return out;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const std::optional<char> byte = byte_from_hex(text[i], text[i + 1]);
    if (!byte) return std::nullopt;
    out.push_back(*byte);
  }
  return out;
}

std::string to_base64(std::string_view bytes) {
  std::string out = encode64(bytes, kBase64);
  out.append((4 - out.size() % 4) % 4, '=');
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  return decode64(text, kBase64Values);
}

std::string to_base64url(std::string_view bytes) { return encode64(bytes, kBase64Url); }

std::optional<std::string> from_base64url(std::string_view text) {
  return decode64(text, kBase64UrlValues);
}

std::string to_percent(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (const char c : bytes) {
    if (is_unreserved(c)) {
      out.push_back(c);
      continue;
    }
    out.push_back('%');
    out.push_back(kHexUpper[byte_of(c) >> 4U]);
    out.push_back(kHexUpper[byte_of(c) & 0xFU]);
  }
  return out;
}

std::optional<std::string> from_percent(std::string_view text, Plus plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i] == '+' && plus == Plus::kSpace ? ' ' : text[i]);
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const std::optional<char> byte = byte_from_hex(text[i + 1], text[i + 2]);
    if (!byte) return std::nullopt;
    out.push_back(*byte);
    i += 2;
  }
  return out;
}

bool is_utf8(std::string_view bytes) {
  for (;;) {
    bytes.remove_prefix(ascii_length(bytes));
    if (bytes.empty()) return true;
    const std::size_t length = sequence_length(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
}

void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && is_plain_in_json(text[plain])) ++plain;
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (!text.empty()) text.remove_prefix(append_special(out, text));
  }
  out.push_back('"');
}

std::string escape_controls(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && !begins_control(text, plain)) ++plain;
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    if (text.front() == kC1Lead) text.remove_prefix(1);
    out += text.front() == '\n' ? "\\n" : "\\x" + to_hex(text.substr(0, 1));
    text.remove_prefix(1);
  }
  return out;
}

}  // namespace base
