// Where in a text an error is, for people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cli {

// The line of `text` (UTF-8) that holds its character number `position`, counted from 1, with a
// caret below it:
//   LINE 2: select titel from todos
//                  ^
// One past the last character is the end of the text; a long line is cut around the place. Empty
// when there is no such character.
std::string marked_line(std::string_view text, std::int64_t position);

}  // namespace cli
