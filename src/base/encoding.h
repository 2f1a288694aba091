// Text forms of bytes: hex, base64, base64url, percent-encoding, JSON strings, UTF-8.
//
// Pure functions, safe on any thread. Decoders return nothing on malformed input, never a guess.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace base {

std::string to_hex(std::string_view bytes);  // lower case
std::optional<std::string> from_hex(std::string_view text);

// RFC 4648: section 4 with padding, section 5 without (JWT's form).
std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);
std::string to_base64url(std::string_view bytes);
std::optional<std::string> from_base64url(std::string_view text);

// RFC 3986: all but unreserved characters become %XX.
std::string to_percent(std::string_view bytes);
// `plus` says whether '+' means a space, as in a query string.
enum class Plus { kLiteral, kSpace };
std::optional<std::string> from_percent(std::string_view text, Plus plus);

bool is_utf8(std::string_view bytes);

// Appends `text` as a JSON string, quotes included (RFC 8259); bytes that are not UTF-8 become
// U+FFFD, so that the result is always valid JSON.
void append_json_string(std::string& out, std::string_view text);

// For logs and terminals: LF becomes \n, other control characters but tab (C0, DEL, C1) become
// \xNN, so that a text can neither forge a line nor speak to a terminal.
std::string escape_controls(std::string_view text);

}  // namespace base
