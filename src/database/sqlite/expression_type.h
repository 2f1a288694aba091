// The type of an expression, as far as its text and its columns tell.
//
// Only where PostgreSQL does different things for different types and SQLite does not: a boolean
// as text is true, half a decimal is rounded away from zero, || joins what is JSON otherwise.
#pragma once

#include "database/sqlite/scope.h"
#include "database/sqlite/syntax_node.h"

namespace database::sqlite {

Type type_of(const Node& expression, const Scope& scope);

// Of `CAST (… AS type)`, by PostgreSQL's name for it without its schema.
Type type_named(std::string_view name);

}  // namespace database::sqlite
