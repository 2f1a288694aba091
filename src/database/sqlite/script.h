// An administrator's script: SQLite's statements, with policy statements among them.
//
// Runs in a write transaction that its caller has begun, and ends with all policies checked against
// the schema as it then is. Grants and policies follow their tables: a renamed table keeps its own,
// a dropped one takes them with it. Lives for one run.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sqlite3.h>

#include "database/sql_error.h"
#include "database/sqlite/access_store.h"
#include "database/sqlite/script_guard.h"
#include "database/statement.h"

namespace database::sqlite {

class Script {
 public:
  // All must outlive it.
  Script(sqlite3* connection, ScriptGuard& guard, std::string_view text, const Bounds& bounds)
      : connection_(connection), guard_(guard), store_(connection), text_(text), bounds_(bounds) {}

  // The Rows of each statement. An error says which statement it is of, and where in the script.
  SqlResult<std::vector<Rows>> run();

  // Whether each statement can be prepared on the schema as it is, and none of them would write.
  [[nodiscard]] bool only_reads();
  // `run` of such a script: in any transaction.
  SqlResult<std::vector<Rows>> read();

 private:
  using RootPages = std::map<std::string, std::int64_t>;  // by table

  [[nodiscard]] SqlResult<void> check_text() const;
  SqlResult<void> begin();
  SqlResult<std::vector<Rows>> run_all();
  SqlResult<std::optional<Rows>> run_next();
  SqlResult<std::optional<Rows>> run_policy_statement(std::string_view rest);
  SqlResult<std::optional<Rows>> run_statement(std::string_view rest);
  SqlResult<Rows> step_through(sqlite3_stmt* statement);
  [[nodiscard]] SqlError error_at(std::size_t begin) const;
  [[nodiscard]] std::uint32_t position(std::size_t byte) const;
  SqlResult<RootPages> root_pages();
  SqlResult<void> follow_schema();
  SqlResult<void> finish();

  sqlite3* connection_;
  ScriptGuard& guard_;
  AccessStore store_;
  std::string_view text_;
  Bounds bounds_;  // what is left of them
  std::size_t at_ = 0;

  std::int64_t version_ = 0;
  RootPages tables_;
  bool schema_changed_ = false;
  bool access_changed_ = false;
};

}  // namespace database::sqlite
