// The text of every statement that the keeper runs on the file: security-critical.
//
// Made of the schema's own names (quoted), of the administrator's policies, and of nothing that a
// guest wrote: a guest contributes indices of columns, operators of a fixed list, and bound values.
// Policies compose as in PostgreSQL's rewrite/rowsecurity.c. A protected table that a policy names
// in a sub-query is a common table expression of the same name with the caller's own SELECT
// condition in it; base tables are reached as main.t only. Pure text; errors are
// kInsufficientPrivilege for a table that is not granted and kInfinitePolicyRecursion.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/principal.h"
#include "database/policy.h"
#include "database/sql_error.h"
#include "database/sqlite/schema.h"

namespace database::sqlite {

enum class Comparison : std::uint8_t {
  kEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kIs,
  kIsNull
};

// What a scan of a guarded table asks for.
struct ScanRequest {
  struct Constraint {
    std::size_t column;
    Comparison comparison;
  };
  struct Order {
    std::size_t column;
    bool descending;
  };
  std::vector<Constraint> constraints;  // each but kIsNull takes the next parameter
  std::vector<Order> order;
  std::vector<bool> columns;  // those wanted; the others come as NULL
};

// A role's view of the schema. Refers to both, which must outlive it.
class Composition {
 public:
  Composition(const Schema& schema, auth::Role role) : schema_(schema), role_(role) {}

  // kInsufficientPrivilege, "permission denied for table t: …", with the grant that lacks.
  [[nodiscard]] SqlResult<void> check_grant(std::size_t table, Command command) const;

  // Columns of the result: the key, then every column of the table. `need`: the SELECT policy as
  // well, as when an UPDATE reads columns.
  [[nodiscard]] SqlResult<std::string> scan(std::size_t table, Command command, bool need,
                                            const ScanRequest& request) const;
  // The same of one row: the parameters are its key.
  [[nodiscard]] SqlResult<std::string> keyed_row(std::size_t table, Command command,
                                                 bool need) const;

  // Parameters: the new values, then the key. With `returning`: the key and every column.
  [[nodiscard]] SqlResult<std::string> update(std::size_t table,
                                              const std::vector<std::size_t>& columns,
                                              const std::vector<std::size_t>& defaults, bool need,
                                              bool returning) const;
  [[nodiscard]] SqlResult<std::string> remove(std::size_t table, bool need, bool returning) const;

  // Parameters: every column of the proposed row. Result: every column as it would be stored, then
  // whether WITH CHECK holds.
  [[nodiscard]] SqlResult<std::string> check(std::size_t table, Command command, bool need) const;
  // Whether there is anything to check.
  [[nodiscard]] bool checks(std::size_t table) const;
  // Whether WITH CHECK may read `column`: a false yes costs a second look, a no is certain.
  [[nodiscard]] bool check_reads(std::size_t table, Command command, bool need,
                                 std::size_t column) const;

 private:
  struct Text {
    std::string condition;
    std::vector<std::size_t> tables;  // that it names
  };
  [[nodiscard]] bool guarded(std::size_t table) const;
  [[nodiscard]] Text condition(std::size_t table, Command command, bool with_check) const;
  // USING of the command, and the SELECT policy when needed.
  [[nodiscard]] Text visible(std::size_t table, Command command, bool need) const;
  [[nodiscard]] Text checked(std::size_t table, Command command, bool need) const;
  // "WITH m AS NOT MATERIALIZED (…), … " for what `text` names, transitively.
  [[nodiscard]] SqlResult<std::string> prefix(const Text& text) const;

  struct Visit;
  [[nodiscard]] SqlResult<void> visit(std::size_t table, Visit& state) const;

  const Schema& schema_;
  const auth::Role role_;
};

// Neither depends on the caller. With an update to follow, a conflict is `DO NOTHING` and no row.
// Parameters: the values of `columns`.
std::string insert_text(const Table& table, const std::vector<std::size_t>& columns,
                        const std::vector<std::size_t>* conflict_target, bool returning);
// A row, if there is one with this key.
std::string stored_key_text(const Table& table);
// The key of the row that has the values of `target`.
std::string conflicting_row_text(const Table& table, const std::vector<std::size_t>& target);
// The trigger that has the keeper check each row before it is written.
std::string check_trigger_text(const Table& table, std::size_t index, Command command);

}  // namespace database::sqlite
