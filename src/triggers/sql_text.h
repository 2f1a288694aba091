// Names and texts as SQL has them.
#pragma once

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

}  // namespace triggers
