#include "database/connection.h"

#include <chrono>
#include <map>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "base/deadline.h"
#include "database/sqlite/failure.h"
#include "database/sqlite/prepared_statement.h"

namespace database {
namespace {

using sqlite::failure_of;
using sqlite::PreparedStatement;

// Roost's own statements are some dozens; a text made at run time must not grow the cache for ever.
constexpr std::size_t kMaxCachedStatements = 256;

constexpr std::chrono::milliseconds kBusyTimeout{5000};

struct Close {
  void operator()(sqlite3* connection) const noexcept { sqlite3_close_v2(connection); }
};
using Handle = std::unique_ptr<sqlite3, Close>;

class SqliteConnection final : public Connection {
 public:
  explicit SqliteConnection(Handle handle) : handle_(std::move(handle)) {}

  using Connection::query;
  base::Result<std::vector<Row>> query(std::string_view sql,
                                       std::span<const Value> parameters) override;
  base::Result<void> run_script(std::string_view sql) override;

 private:
  base::Result<PreparedStatement*> statement_for(std::string_view sql);

  Handle handle_;
  std::map<std::string, PreparedStatement, std::less<>>
      statements_;  // by text; destroyed before handle_
};

base::Result<PreparedStatement*> SqliteConnection::statement_for(std::string_view sql) {
  if (auto found = statements_.find(sql); found != statements_.end()) return &found->second;
  auto statement = PreparedStatement::prepare(handle_.get(), sql);
  if (!statement) return base::fail(std::move(statement.error()));
  if (statements_.size() >= kMaxCachedStatements) statements_.clear();
  return &statements_.emplace(sql, std::move(*statement)).first->second;
}

base::Result<std::vector<Row>> SqliteConnection::query(std::string_view sql,
                                                       std::span<const Value> parameters) {
  auto statement = statement_for(sql);
  if (!statement) return base::fail(std::move(statement.error()));
  return (*statement)->run(parameters);
}

base::Result<void> SqliteConnection::run_script(std::string_view sql) {
  const std::string script(sql);
  if (script.find('\0') != std::string::npos) {
    return base::fail(base::Code::kInternal, "an SQL script cannot contain a NUL byte");
  }
  if (sqlite3_exec(handle_.get(), script.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return base::fail(failure_of(handle_.get()));
  }
  return {};
}

// The catalog holds secrets, so a new file is the owner's alone (SQLite gives its -wal and -shm the
// same mode). Made without opening it: closing any descriptor of it would drop the POSIX locks of
// this process's other connections. When this fails, sqlite3_open_v2 says what is wrong.
void create_private(const std::filesystem::path& file) {
  static_cast<void>(::mknod(file.c_str(), S_IFREG | 0600, 0));
}

// SQLite's own timeout does not cover this switch, which two programs may try at once.
base::Result<std::vector<Row>> turn_wal_on(sqlite3* raw, Connection& connection) {
  const auto deadline = base::Deadline::after(kBusyTimeout);
  while (true) {
    auto mode = connection.query("PRAGMA journal_mode = WAL");
    if (mode || sqlite3_errcode(raw) != SQLITE_BUSY || deadline.expired()) return mode;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

base::Result<void> configure(sqlite3* raw, Connection& connection) {
  sqlite3_busy_timeout(raw, static_cast<int>(kBusyTimeout.count()));
  // Without these "text" in double quotes passes as a string where a column was meant.
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  auto mode = turn_wal_on(raw, connection);
  if (!mode) return base::fail(std::move(mode.error()));
  if (mode->empty() || mode->front() != Row{std::string("wal")}) {
    return base::fail(
        base::Code::kStorage,
        fmt::format("{}: its file system cannot hold a write-ahead log; use a folder on "
                    "a local disk",
                    sqlite3_db_filename(raw, "main")));
  }
  return connection.run_script("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
}

}  // namespace

base::Result<std::unique_ptr<Connection>> open_sqlite(const std::filesystem::path& file,
                                                      SystemAccess) {
  create_private(file);
  sqlite3* raw = nullptr;
  const int status = sqlite3_open_v2(
      file.c_str(), &raw,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
      nullptr);
  Handle handle(raw);
  if (raw == nullptr) return base::fail(base::Code::kStorage, "SQLite: out of memory");
  if (status != SQLITE_OK) return base::fail(failure_of(raw, file.c_str()));
  std::unique_ptr<Connection> connection = std::make_unique<SqliteConnection>(std::move(handle));
  if (auto configured = configure(raw, *connection); !configured) {
    return base::fail(std::move(configured.error()));
  }
  return connection;
}

}  // namespace database
