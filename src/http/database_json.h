// The JSON of the database's admin routes: what they answer, and what their requests may say. Pure.
//
// Requests are strict: an unknown, missing or repeated key is refused by name (kInvalidArgument), a
// body past its bound as kPayloadTooLarge.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/principal.h"
#include "base/error.h"
#include "base/units.h"
#include "database/migration.h"
#include "database/policy.h"
#include "database/sql_error.h"
#include "database/statement.h"
#include "http/message.h"

namespace http {

inline constexpr std::uint64_t kMaxSqlBodyBytes = 8 * base::kMiB;  // of both requests

// {"sql":"…","params":[…],"as":{"role":"authenticated","user_id":"…","claims":{…}}}
// Without `as` a script of the administrator's, which has no parameters; with it one statement as
// that caller. `params` are those of db_query (docs/abi.md).
struct SqlRequest {
  database::Statement statement;
  std::optional<auth::Principal> caller;
};
base::Result<SqlRequest> parse_sql_request(std::string_view body);

// {"migrations":[{"version":1,"name":"create_todos","sql":"…"},…]}
base::Result<std::vector<database::Migration>> parse_migrations(std::string_view body);

std::string results_json(const std::vector<database::Rows>& results);  // {"results":[…]}
std::string applied_json(const std::vector<std::uint64_t>& versions);  // {"applied":[…]}
// {"tables":[{"table","row_security","forced","grants":{"select":["anon"],…},"policies":[…]}]};
// a policy is {"name","command","permissive","roles","using","check"}, the last two null where
// there is none.
std::string tables_json(const std::vector<database::TableSecurity>& tables);

// The one body of all errors with the members "sqlstate" and "class", and where they are known
// "position" and "statement".
Answer sql_error_response(const database::SqlError& error);

}  // namespace http
