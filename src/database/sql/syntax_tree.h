// PostgreSQL's own parser (libpg_query), and the tree that it makes.
//
// The tree is libpg_query's JSON of PostgreSQL 15's parse nodes (include/nodes/parsenodes.h there):
// an object with one member, named after the node's type; fields of value 0, false or nothing are
// absent. Safe on any thread.
#pragma once

#include <string_view>

#include <boost/json/value.hpp>

#include "database/sql_error.h"

namespace database::sql {

// The longest statement that is looked at.
inline constexpr std::size_t kMaxStatementBytes = 256 * 1024;

// What parse_expression puts before the expression: positions in its tree are that much larger.
inline constexpr std::size_t kExpressionPrefix = 8;

// The single statement of `sql`: e.g. {"SelectStmt":{…}}. kSyntaxError with PostgreSQL's message
// and position; also when there is no statement, or more than one. kStatementTooComplex before the
// parser is asked where it would need more stack or memory than there is.
SqlResult<boost::json::value> parse_statement(std::string_view sql);

// The expression of `sql`, as in `SELECT (sql)`.
SqlResult<boost::json::value> parse_expression(std::string_view sql);

// PostgreSQL's parser counts bytes from 0, its users characters from 1.
std::uint32_t position_of(std::string_view sql, std::size_t byte);

}  // namespace database::sql
