// Whether a query has at most one row, whatever the tables hold.
#pragma once

#include "database/sqlite/schema.h"
#include "database/sqlite/scope.h"
#include "database/sqlite/syntax_node.h"

namespace database::sqlite {

// A no may be wrong: of an aggregate without groups, LIMIT 1, no FROM, or one table by all columns
// of a key, it says yes.
bool has_single_row(const Fields& select, const Schema& schema, const Scope& scope);

// Whether an aggregate stands in the expression itself, not in a query or window of it.
bool has_aggregate(const Node& expression);

}  // namespace database::sqlite
