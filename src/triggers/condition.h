// The `when` of a table's trigger, written for SQLite: whether a change is an event.
//
// Conditions are PostgreSQL's expressions on `old` and `new`, of which only those are taken that
// cannot fail while a writer's transaction waits: comparisons, IS DISTINCT FROM, IN, BETWEEN,
// IS NULL, IS TRUE, AND, OR, NOT, + - * and ||, over columns and constants. What an operation does
// not have (`old` of an INSERT, `new` of a DELETE) is null. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "triggers/capture.h"

namespace triggers {

// kInvalidArgument says what of it is not taken, or which column the table does not have.
base::Result<std::string> condition_text(std::string_view condition, const CapturedTable& table,
                                         Operation operation);
// Whether a sound condition names the row that the operation does not have: `old` of an insert,
// `new` of a delete.
bool names_absent_row(std::string_view condition, const CapturedTable& table, Operation operation);

}  // namespace triggers
