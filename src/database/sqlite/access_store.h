// Roost's tables of who may do what (`_roost_policy`, `_roost_grant`, `_roost_row_security`), and
// the statements that change them.
//
//   _roost_row_security(tbl, enabled, forced)
//   _roost_policy(tbl, name, command, permissive, roles, using_text, check_text)
//   _roost_grant(tbl, privilege, roles)
//
// All within the caller's transaction. Belongs to the thread of its connection.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sqlite3.h>

#include "database/sql/policy_statement.h"
#include "database/sql_error.h"

namespace database::sqlite {

// The tables' versions, for database::migrate.
std::span<const std::string_view> access_schema();

class AccessStore {
 public:
  explicit AccessStore(sqlite3* connection) : connection_(connection) {}

  // With PostgreSQL's errors; an expression that does not fit its table is one.
  SqlResult<void> apply(const sql::PolicyStatement& statement);

  SqlResult<void> rename_table(std::string_view from, std::string_view to);
  // Forgets tables that are no longer there: one made anew under the name begins without grants.
  SqlResult<void> forget_dropped();

  // Whether each table with grants or row security is one that guests can be let in to, and each
  // policy fits; the first fault is the error, and names the table or policy.
  SqlResult<void> validate();

  // Tables with FORCE ROW LEVEL SECURITY, which changes nothing here but is shown.
  SqlResult<std::vector<std::string>> forced();

 private:
  struct Found {
    std::string name;  // as it was made
    bool strict = false;
  };
  enum class Missing { kError, kAllowed };

  SqlResult<std::optional<Found>> find_table(std::string_view name, Missing missing);
  SqlResult<void> run(const sql::CreatePolicy& create);
  SqlResult<void> run(const sql::AlterPolicy& alter);
  SqlResult<void> run(const sql::DropPolicy& drop);
  SqlResult<void> run(const sql::AlterRowSecurity& alter);
  SqlResult<void> run(const sql::AlterGrants& alter);
  SqlResult<void> rename_policy(const sql::AlterPolicy& alter, std::string_view table);
  SqlResult<std::optional<Policy>> find_policy(std::string_view table, std::string_view name);
  SqlResult<void> store(const Policy& policy, const sql::ExpressionPlaces& places);
  SqlResult<void> check_fits(const Policy& policy, const sql::ExpressionPlaces& places);
  SqlResult<void> check_strict(const Found& table);
  SqlResult<void> alter_grant(std::string_view table, Command privilege,
                              const sql::AlterGrants& alter);
  SqlResult<std::vector<std::string>> granted_tables(const sql::AlterGrants& alter);

  sqlite3* connection_;
};

}  // namespace database::sqlite
