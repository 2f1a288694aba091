// Random SQL for a guest's own connection, as if the translator in front of it let everything pass.
//
// SQLite's grammar, with the names of all internal modules, of Roost's and SQLite's own tables, and
// of tables that were never granted. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "differential/choices.h"

namespace differential {

std::string hostile_query(Choices& choices);
// Statements that are not queries; `folder`: where files of theirs may be, if they make any.
std::string hostile_command(Choices& choices, std::string_view folder);

}  // namespace differential
