// CREATE, ALTER and DROP POLICY, ALTER TABLE … ROW LEVEL SECURITY, GRANT and REVOKE, as values.
//
// PostgreSQL's grammar, read by its own parser. What Roost does not have (column privileges, other
// objects than tables, GRANT OPTION, other roles) is refused by name (kFeatureNotSupported,
// kUndefinedObject). Expressions are kept as text; whether they fit the table is for the driver to
// say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "database/policy.h"
#include "database/sql_error.h"

namespace database::sql {

// How many characters of the statement are before each expression: an error in one is that much
// further on. Nothing where the statement does not have it.
struct ExpressionPlaces {
  std::optional<std::uint32_t> use;
  std::optional<std::uint32_t> check;
};
struct CreatePolicy {
  Policy policy;
  ExpressionPlaces places = {};
};
struct AlterPolicy {
  std::string name;
  std::string table;
  bool if_exists = false;  // with RENAME TO only
  std::optional<std::string> new_name;
  std::optional<RoleSet> roles;
  std::optional<std::string> using_text;
  std::optional<std::string> check_text;
  ExpressionPlaces places = {};
};
struct DropPolicy {
  std::string name;
  std::string table;
  bool if_exists = false;
};
struct AlterRowSecurity {
  std::string table;
  bool if_exists = false;
  std::optional<bool> enabled;
  std::optional<bool> forced;
};
// PUBLIC is short for the three roles: what is granted to it can be revoked from one of them.
struct AlterGrants {
  bool grant = true;                // else REVOKE
  std::vector<std::string> tables;  // empty: ALL TABLES IN SCHEMA public
  // kSelect … kDelete. None for GRANT … ON SCHEMA public, which everyone here has.
  std::vector<Command> privileges;
  RoleSet roles;
};
using PolicyStatement =
    std::variant<CreatePolicy, AlterPolicy, DropPolicy, AlterRowSecurity, AlterGrants>;

// Whether `sql`, at the beginning of a script, begins with one of these statements; looks at its
// first words only.
bool begins_policy_statement(std::string_view sql);

// Where the statement at the beginning of `sql` ends: behind its semicolon, or at the end of the
// text. Knows quotes, dollar quotes and comments (scanner.h).
std::size_t end_of_statement(std::string_view sql);

SqlResult<PolicyStatement> parse_policy_statement(std::string_view sql);

}  // namespace database::sql
