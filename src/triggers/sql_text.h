// Names and texts as SQL has them.
#pragma once

#include <cctype>
#include <string>
#include <string_view>

namespace triggers {

inline std::string quoted_with(std::string_view text, char mark) {
  std::string result(1, mark);
  for (const char letter : text) result.append(letter == mark ? 2 : 1, letter);
  return result + mark;
}

inline std::string quote_name(std::string_view text) { return quoted_with(text, '"'); }
inline std::string quote_text(std::string_view text) { return quoted_with(text, '\''); }

// SQLite compares names without regard to ASCII case.
inline std::string lower(std::string_view text) {
  std::string result(text);
  for (char& letter : result) {
    letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  }
  return result;
}

}  // namespace triggers
