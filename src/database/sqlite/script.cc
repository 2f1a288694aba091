#include "database/sqlite/script.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "database/sql/policy_statement.h"
#include "database/sql/syntax_tree.h"
#include "database/sqlite/administration.h"
#include "database/sqlite/json_rows.h"
#include "database/sqlite/query.h"
#include "database/sqlite/schema_loader.h"

namespace database::sqlite {
namespace {

constexpr std::size_t kMaxScript = 64 * base::kMiB;

}  // namespace

SqlResult<std::vector<Rows>> Script::run() {
  if (auto begun = begin(); !begun) return sql_fail(std::move(begun.error()));
  auto answers = run_all();
  if (!answers) return answers;
  if (auto finished = finish(); !finished) return sql_fail(std::move(finished.error()));
  return answers;
}

bool Script::only_reads() {
  if (!check_text()) return false;
  const ScriptGuard::Armed armed(guard_);
  for (std::string_view rest = text_; !rest.empty();) {
    if (sql::begins_policy_statement(rest)) return false;
    sqlite3_stmt* raw = nullptr;
    const char* tail = nullptr;
    const int status =
        sqlite3_prepare_v3(connection_, rest.data(), static_cast<int>(rest.size()), 0, &raw, &tail);
    const StatementHandle statement(raw);
    if (status != SQLITE_OK) return false;
    if (statement && sqlite3_stmt_readonly(raw) == 0) return false;
    rest.remove_prefix(static_cast<std::size_t>(tail - rest.data()));
  }
  return true;
}

SqlResult<std::vector<Rows>> Script::read() {
  const auto version = schema_version(connection_);
  if (!version) return sql_fail(version.error());
  version_ = *version;
  return run_all();
}

SqlResult<std::vector<Rows>> Script::run_all() {
  std::vector<Rows> answers;
  while (at_ < text_.size()) {
    auto rows = run_next();
    if (!rows) {
      rows.error().statement = static_cast<std::uint32_t>(answers.size());
      return sql_fail(std::move(rows.error()));
    }
    if (!*rows) continue;
    bounds_.max_bytes -= std::min<std::uint64_t>(bounds_.max_bytes, (*rows)->json.size());
    answers.push_back(std::move(**rows));
  }
  return answers;
}

SqlResult<void> Script::check_text() const {
  if (text_.size() > kMaxScript) {
    return sql_fail(
        SqlState::kProgramLimitExceeded,
        fmt::format("the script is larger than {} bytes: run it in pieces", kMaxScript));
  }
  // SQLite would take it for the end.
  if (const auto nul = text_.find('\0'); nul != std::string_view::npos) {
    return sql_fail(SqlState::kSyntaxError, "a script cannot hold a NUL character", position(nul));
  }
  return {};
}

SqlResult<void> Script::begin() {
  if (auto sound = check_text(); !sound) return sound;
  if (auto forgotten = store_.forget_dropped(); !forgotten) return forgotten;
  auto tables = root_pages();
  if (!tables) return sql_fail(std::move(tables.error()));
  tables_ = std::move(*tables);
  const auto version = schema_version(connection_);
  if (!version) return sql_fail(version.error());
  version_ = *version;
  return {};
}

SqlResult<std::optional<Rows>> Script::run_next() {
  if (bounds_.deadline.expired()) {
    return sql_fail(SqlState::kQueryCanceled, "canceling statement due to statement timeout");
  }
  const std::string_view rest = text_.substr(at_);
  return sql::begins_policy_statement(rest) ? run_policy_statement(rest) : run_statement(rest);
}

std::uint32_t Script::position(std::size_t byte) const { return sql::position_of(text_, byte); }

SqlResult<std::optional<Rows>> Script::run_policy_statement(std::string_view rest) {
  const std::size_t begin = at_;
  const std::string_view text = rest.substr(0, sql::end_of_statement(rest));
  at_ += text.size();
  const auto statement = sql::parse_policy_statement(text);
  auto done = statement ? store_.apply(*statement) : sql_fail(statement.error());
  if (!done) {
    SqlError error = std::move(done.error());
    if (error.position) *error.position += position(begin) - 1;
    return sql_fail(std::move(error));
  }
  access_changed_ = true;
  return Rows();
}

SqlError Script::error_at(std::size_t begin) const {
  SqlError error = guard_.error(connection_);
  const int offset = sqlite3_error_offset(connection_);
  if (offset >= 0) error.position = position(begin + static_cast<std::size_t>(offset));
  return error;
}

SqlResult<std::optional<Rows>> Script::run_statement(std::string_view rest) {
  const std::size_t begin = at_;
  std::optional<Rows> answer;
  {
    const ScriptGuard::Armed armed(guard_);
    sqlite3_stmt* raw = nullptr;
    const char* tail = nullptr;
    const int status =
        sqlite3_prepare_v3(connection_, rest.data(), static_cast<int>(rest.size()), 0, &raw, &tail);
    const StatementHandle statement(raw);
    if (status != SQLITE_OK) return sql_fail(error_at(begin));
    at_ += static_cast<std::size_t>(tail - rest.data());
    if (!statement) return answer;  // space and comments
    if (sqlite3_bind_parameter_count(raw) > 0) {
      const char* name = sqlite3_bind_parameter_name(raw, 1);
      return sql_fail(SqlState::kUndefinedParameter,
                      fmt::format("there is no parameter {}", name == nullptr ? "?" : name));
    }
    auto rows = step_through(raw);
    if (!rows) return sql_fail(std::move(rows.error()));
    answer = std::move(*rows);
  }
  if (auto followed = follow_schema(); !followed) return sql_fail(std::move(followed.error()));
  return answer;
}

SqlResult<Rows> Script::step_through(sqlite3_stmt* statement) {
  const auto changes_before = sqlite3_total_changes64(connection_);
  JsonRows rows(statement);
  int status = SQLITE_OK;
  while ((status = sqlite3_step(statement)) == SQLITE_ROW) {
    if (auto added = rows.add(bounds_); !added) return sql_fail(std::move(added.error()));
  }
  if (status != SQLITE_DONE) return sql_fail(guard_.error(connection_));
  Rows answer = rows.take();
  // What SQLite counts stays as it was where a statement changes no rows.
  const bool changed = sqlite3_total_changes64(connection_) != changes_before;
  if (sqlite3_column_count(statement) == 0 && changed) {
    answer.count = static_cast<std::uint64_t>(sqlite3_changes64(connection_));
  }
  return answer;
}

SqlResult<Script::RootPages> Script::root_pages() {
  RootPages pages;
  auto read = each_row(
      connection_, "SELECT name, rootpage FROM main.sqlite_schema WHERE type = 'table'", {},
      [&](sqlite3_stmt* row) { pages.emplace(text_at(row, 0), sqlite3_column_int64(row, 1)); });
  if (!read) return sql_fail(std::move(read.error()));
  return pages;
}

// After each statement, so that a name that went and a name that came are one table exactly when
// they have one place in the file.
SqlResult<void> Script::follow_schema() {
  const auto version = schema_version(connection_);
  if (!version) return sql_fail(version.error());
  if (*version == version_) return {};
  version_ = *version;
  schema_changed_ = true;
  auto pages = root_pages();
  if (!pages) return sql_fail(std::move(pages.error()));
  for (const auto& [name, page] : *pages) {
    if (tables_.contains(name)) continue;
    if (is_reserved(name) && !name.starts_with("sqlite_")) {
      return sql_fail(SqlState::kInsufficientPrivilege,
                      fmt::format("the table name \"{}\" is reserved", name));
    }
    for (const auto& [old_name, old_page] : tables_) {
      if (page == 0 || old_page != page || pages->contains(old_name)) continue;
      if (auto renamed = store_.rename_table(old_name, name); !renamed) return renamed;
    }
  }
  tables_ = std::move(*pages);
  return store_.forget_dropped();
}

// Guests' connections see a change of policies by SQLite's own count of schema changes, which a
// view's making moves.
SqlResult<void> Script::finish() {
  if (!schema_changed_ && !access_changed_) return {};
  if (auto valid = store_.validate(); !valid) return valid;
  if (!access_changed_) return {};
  return execute(connection_,
                 "DROP VIEW IF EXISTS main._roost_policy_version;"
                 "CREATE VIEW main._roost_policy_version AS SELECT 1 AS version");
}

}  // namespace database::sqlite
