#include "database/sqlite/prepared.h"

#include <utility>

#include "database/sqlite/failure.h"

namespace database::sqlite {
namespace {

// Scans of one table nest rarely deeper.
constexpr std::size_t kMaxIdle = 8;

}  // namespace

SqlResult<StatementHandle> prepare(sqlite3* connection, std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int status = sqlite3_prepare_v3(connection, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  StatementHandle statement(raw);
  if (status != SQLITE_OK) return sql_fail(sqlite_error(connection));
  if (raw == nullptr) return sql_fail(SqlState::kInternalError, "an empty statement was prepared");
  return statement;
}

SqlResult<void> execute(sqlite3* connection, const char* sql) {
  if (sqlite3_exec(connection, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    return sql_fail(sqlite_error(connection));
  }
  return {};
}

void StatementCache::Lease::give_back() {
  if (!statement_) return;
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
  if (entry_->idle.size() < kMaxIdle) entry_->idle.push_back(std::move(statement_));
  statement_.reset();
  entry_.reset();
}

// When full, all that is idle goes: the keys in use come back at once, those of a flood do not.
StatementCache::Entries::iterator StatementCache::insert(std::string_view key, std::string sql) {
  if (entries_.size() >= max_keys_) entries_.clear();
  auto entry = std::make_shared<Entry>();
  entry->sql = std::move(sql);
  return entries_.emplace(key, std::move(entry)).first;
}

SqlResult<StatementCache::Lease> StatementCache::lease(sqlite3* connection,
                                                       const std::shared_ptr<Entry>& entry) {
  if (!entry->idle.empty()) {
    StatementHandle statement = std::move(entry->idle.back());
    entry->idle.pop_back();
    return Lease(entry, std::move(statement));
  }
  auto statement = prepare(connection, entry->sql);
  if (!statement) return sql_fail(std::move(statement.error()));
  return Lease(entry, std::move(*statement));
}

}  // namespace database::sqlite
