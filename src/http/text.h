// The grammar that all of HTTP's headers share (RFC 9110, section 5.6): tokens and optional white
// space. ASCII only, whatever the locale; names are compared by base/ascii.h. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace http {

constexpr bool is_token_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

// How many characters at the start of `text` are a token.
constexpr std::size_t token_length(std::string_view text) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_token_char) -
                                  text.begin());
}

// Without the spaces and tabs around it.
constexpr std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

}  // namespace http
