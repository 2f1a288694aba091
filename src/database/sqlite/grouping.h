// PostgreSQL's rule for columns beside aggregates (parser/parse_agg.c), which SQLite does not have:
// it would show those of any row.
#pragma once

#include <optional>
#include <string>

#include "database/sqlite/schema.h"
#include "database/sqlite/scope.h"
#include "database/sqlite/syntax_node.h"

namespace database::sqlite {

struct Ungrouped {
  std::string name;  // "table.column"
  const Fields* at;
};

// The first column of the innermost level that is neither in GROUP BY, nor in an aggregate, nor of
// a table whose key is in GROUP BY; nothing where there are neither groups nor aggregates.
std::optional<Ungrouped> find_ungrouped(const Fields& select, const Scope& scope,
                                        const Schema& schema);

}  // namespace database::sqlite
