// What counts as JSON (RFC 8259). Pure.
#pragma once

#include <string_view>

namespace database::sqlite {

// How SQLite's JSON functions mark what they return.
inline constexpr unsigned kJsonSubtype = 'J';

// Deeper than 500 levels is not, for the sake of its readers' stacks.
bool is_json(std::string_view text);

}  // namespace database::sqlite
