// Reads a file's schema and what Roost's tables say of it; load_schema of administration.h in
// steps.
#pragma once

#include <string_view>

#include <sqlite3.h>

#include "database/sql_error.h"
#include "database/sqlite/schema.h"

namespace database::sqlite {

// Roost's and SQLite's tables, and names that stand for something else on a guest's connection.
bool is_reserved(std::string_view name);

// With policies as they are stored, not yet translated.
SqlResult<Schema> read_schema(sqlite3* connection);

// The policy's expressions, written into its conditions.
SqlResult<void> translate(TablePolicy& policy, const Schema& schema, std::size_t table);

}  // namespace database::sqlite
