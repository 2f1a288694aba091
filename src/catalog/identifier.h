// The names that tables, columns, secrets and environment variables have in common. Pure.
#pragma once

#include <algorithm>
#include <string_view>

namespace catalog {

// `^[A-Za-z_][A-Za-z0-9_]*$`, whatever the locale.
constexpr bool is_identifier(std::string_view text) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !text.empty() && is_letter(text.front()) &&
         std::ranges::all_of(text, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

}  // namespace catalog
