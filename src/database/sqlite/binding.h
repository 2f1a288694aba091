// Parameters of a statement, as SQLite takes them.
#pragma once

#include <span>

#include <sqlite3.h>

#include "database/sql_error.h"
#include "database/value.h"

namespace database::sqlite {

// SQLite's status. The value's bytes stay the caller's, and must outlive the binding.
int bind_value(sqlite3_stmt* statement, int index, const Value& value);

// `?1`, `?2` … ; those that the statement does not have are left out.
SqlResult<void> bind_parameters(sqlite3_stmt* statement, std::span<const Value> parameters);

}  // namespace database::sqlite
