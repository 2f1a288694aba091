#include "database/sqlite/administration.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/encoding.h"
#include "database/connection.h"
#include "database/migrations.h"
#include "database/sqlite/access_store.h"
#include "database/sqlite/failure.h"
#include "database/sqlite/functions.h"
#include "database/sqlite/keeper.h"
#include "database/sqlite/query.h"
#include "database/sqlite/schema_loader.h"
#include "database/sqlite/script.h"
#include "database/sqlite/script_guard.h"

namespace database::sqlite {
namespace {

constexpr std::chrono::milliseconds kMaxBusy{5000};

constexpr std::array<std::string_view, 1> kMigrationSchema{
    "CREATE TABLE _roost_migration (version INTEGER PRIMARY KEY, name TEXT NOT NULL,"
    " sha256 TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT"};

// The file with WAL and Roost's tables in it.
SqlResult<void> make_file(const std::filesystem::path& file) {
  auto connection = open_sqlite(file, SystemAccess());
  if (!connection) return sql_fail(opening_error(connection.error(), file));
  for (const auto& [name, scripts] :
       {SystemSchema{"access", access_schema()}, SystemSchema{"migrations", kMigrationSchema}}) {
    if (auto migrated = database::migrate(**connection, name, scripts); !migrated) {
      return sql_fail(opening_error(migrated.error(), file));
    }
  }
  return {};
}

std::string digest_of(const Migration& migration) {
  return base::to_hex(base::as_view(base::sha256(migration.sql)));
}

std::string title_of(const Migration& migration) {
  return fmt::format("migration {} \"{}\"", migration.version, migration.name);
}

// A migration that ran.
struct Ran {
  std::string name;
  std::string sha256;  // in hex
};
using Recorded = std::map<std::uint64_t, Ran>;  // by version

class SqliteAdministration final : public Administration {
 public:
  explicit SqliteAdministration(const Interruption* interruption) : interruption_(interruption) {}
  SqlResult<void> open(const std::filesystem::path& file);
  SqlResult<void> open_for_reading(const std::filesystem::path& file) {
    return connect(file, SQLITE_OPEN_READONLY);
  }
  std::optional<SqlResult<std::vector<Rows>>> read(std::string_view script, const Bounds& bounds);

  SqlResult<std::vector<Rows>> run(std::string_view script, const Bounds& bounds) override;
  SqlResult<std::vector<std::uint64_t>> migrate(const std::vector<Migration>& migrations,
                                                const Bounds& bounds) override;
  SqlResult<std::vector<TableSecurity>> security() override;

 private:
  class Transaction;

  SqlResult<void> connect(const std::filesystem::path& file, int mode);
  SqlResult<void> configure();
  SqlResult<Recorded> recorded();
  SqlResult<void> apply(const Migration& migration, const Bounds& bounds);

  const Interruption* const interruption_;
  // Before the connection, whose functions and handlers point to them.
  Caller caller_;
  Watch watch_;
  ScriptGuard guard_;
  ConnectionHandle connection_;
};

// Rolled back unless committed; under the bounds' deadline while it lasts.
class SqliteAdministration::Transaction {
 public:
  Transaction(SqliteAdministration& owner, const Bounds& bounds) : owner_(owner) {
    owner_.watch_ = {.deadline = bounds.deadline, .interruption = owner_.interruption_};
    owner_.caller_.now.clear();
    using std::chrono::duration_cast;
    using std::chrono::milliseconds;
    const auto left = std::min<base::Deadline::Clock::duration>(bounds.deadline.left(), kMaxBusy);
    sqlite3_busy_timeout(owner_.connection_.get(),
                         static_cast<int>(duration_cast<milliseconds>(left).count()));
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() {
    owner_.watch_ = {};
    sqlite3* const connection = owner_.connection_.get();
    if (sqlite3_get_autocommit(connection) == 0) {
      static_cast<void>(execute(connection, "ROLLBACK"));
    }
  }

  // Takes the write lock at once.
  SqlResult<void> begin() { return execute(owner_.connection_.get(), "BEGIN IMMEDIATE"); }
  SqlResult<void> begin_reading() { return execute(owner_.connection_.get(), "BEGIN"); }
  SqlResult<void> commit() { return execute(owner_.connection_.get(), "COMMIT"); }

 private:
  SqliteAdministration& owner_;
};

SqlResult<void> SqliteAdministration::open(const std::filesystem::path& file) {
  if (auto made = make_file(file); !made) return made;
  return connect(file, SQLITE_OPEN_READWRITE);
}

SqlResult<void> SqliteAdministration::connect(const std::filesystem::path& file, int mode) {
  sqlite3* raw = nullptr;
  const int status = sqlite3_open_v2(file.c_str(), &raw,
                                     mode | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  connection_.reset(raw);
  if (raw == nullptr) return sql_fail(SqlState::kOutOfMemory, "out of memory");
  if (status != SQLITE_OK) return sql_fail(sqlite_error(raw));
  return configure();
}

// What decides how a statement behaves is as on the keeper's connection (keeper.cc): one CHECK with
// a LIKE in it must not mean two things.
SqlResult<void> SqliteAdministration::configure() {
  sqlite3* const raw = connection_.get();
  sqlite3_busy_timeout(raw, static_cast<int>(kMaxBusy.count()));
  for (const int off :
       {SQLITE_DBCONFIG_DQS_DML, SQLITE_DBCONFIG_DQS_DDL, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION}) {
    sqlite3_db_config(raw, off, 0, nullptr);
  }
  for (const int on :
       {SQLITE_DBCONFIG_TRUSTED_SCHEMA, SQLITE_DBCONFIG_DEFENSIVE, SQLITE_DBCONFIG_ENABLE_FKEY}) {
    sqlite3_db_config(raw, on, 1, nullptr);
  }
  const auto service = auth::Principal::service();
  caller_.role = service.role;
  caller_.claims = service.claims_json;
  if (register_functions(raw, caller_) != SQLITE_OK) return sql_fail(sqlite_error(raw));
  if (auto set = execute(raw,
                         "PRAGMA synchronous = FULL; PRAGMA case_sensitive_like = ON;"
                         "PRAGMA recursive_triggers = ON");
      !set) {
    return set;
  }
  install_watch(raw, watch_);
  guard_.install(raw);
  return {};
}

SqlResult<std::vector<Rows>> SqliteAdministration::run(std::string_view script,
                                                       const Bounds& bounds) {
  Transaction transaction(*this, bounds);
  if (auto begun = transaction.begin(); !begun) return sql_fail(std::move(begun.error()));
  auto rows = Script(connection_.get(), guard_, script, bounds).run();
  if (!rows) return rows;
  if (auto committed = transaction.commit(); !committed) {
    return sql_fail(std::move(committed.error()));
  }
  return rows;
}

std::optional<SqlResult<std::vector<Rows>>> SqliteAdministration::read(std::string_view script,
                                                                       const Bounds& bounds) {
  Transaction transaction(*this, bounds);
  if (!transaction.begin_reading()) return std::nullopt;
  Script reading(connection_.get(), guard_, script, bounds);
  if (!reading.only_reads()) return std::nullopt;
  auto rows = reading.read();
  const bool final = rows || rows.error().state == SqlState::kQueryCanceled ||
                     rows.error().state == SqlState::kProgramLimitExceeded;
  if (!final) return std::nullopt;
  return rows;
}

SqlResult<Recorded> SqliteAdministration::recorded() {
  Recorded done;
  auto read = each_row(connection_.get(), "SELECT version, name, sha256 FROM main._roost_migration",
                       {}, [&](sqlite3_stmt* row) {
                         done[static_cast<std::uint64_t>(sqlite3_column_int64(row, 0))] = {
                             text_at(row, 1), text_at(row, 2)};
                       });
  if (!read) return sql_fail(std::move(read.error()));
  return done;
}

SqlResult<void> check_order(const std::vector<Migration>& migrations, const Recorded& done) {
  std::uint64_t last = 0;
  for (const Migration& migration : migrations) {
    if (migration.version <= last || !std::in_range<std::int64_t>(migration.version)) {
      return sql_fail(
          SqlState::kInvalidParameterValue,
          fmt::format("{}: versions begin at 1 and each is used once", title_of(migration)));
    }
    last = migration.version;
    const auto found = done.find(migration.version);
    if (found != done.end() && found->second.name != migration.name &&
        found->second.sha256 != digest_of(migration)) {
      return sql_fail(SqlState::kInvalidParameterValue,
                      fmt::format("{} is another one than \"{}\", which ran as {}: is this the "
                                  "folder of another database?",
                                  title_of(migration), found->second.name, migration.version));
    }
    if (found != done.end() && found->second.sha256 != digest_of(migration)) {
      return sql_fail(SqlState::kInvalidParameterValue,
                      fmt::format("{} has changed since it ran: put its text back, and write what "
                                  "is new as a migration of its own",
                                  title_of(migration)));
    }
    if (found == done.end() && !done.empty() && migration.version < done.rbegin()->first) {
      return sql_fail(SqlState::kInvalidParameterValue,
                      fmt::format("{} is new, but migration {} has run already: give it a higher "
                                  "number",
                                  title_of(migration), done.rbegin()->first));
    }
  }
  return {};
}

SqlResult<void> SqliteAdministration::apply(const Migration& migration, const Bounds& bounds) {
  Transaction transaction(*this, bounds);
  if (auto begun = transaction.begin(); !begun) return begun;
  auto rows = Script(connection_.get(), guard_, migration.sql, bounds).run();
  if (!rows) return sql_fail(std::move(rows.error()));
  auto recorded = change(connection_.get(),
                         "INSERT INTO main._roost_migration (version, name, sha256, applied_at)"
                         " VALUES (?1, ?2, ?3, pg_now())",
                         {std::to_string(migration.version), migration.name, digest_of(migration)});
  if (!recorded) return recorded;
  return transaction.commit();
}

SqlResult<std::vector<std::uint64_t>> SqliteAdministration::migrate(
    const std::vector<Migration>& migrations, const Bounds& bounds) {
  const auto done = recorded();
  if (!done) return sql_fail(done.error());
  std::vector<Migration> ordered = migrations;
  std::ranges::sort(ordered, {}, &Migration::version);
  if (auto fits = check_order(ordered, *done); !fits) return sql_fail(std::move(fits.error()));
  std::vector<std::uint64_t> applied;
  for (const Migration& migration : ordered) {
    if (done->contains(migration.version)) continue;
    if (auto ran = apply(migration, bounds); !ran) {
      SqlError error = std::move(ran.error());
      error.message = fmt::format("{}: {}", title_of(migration), error.message);
      return sql_fail(std::move(error));
    }
    applied.push_back(migration.version);
  }
  return applied;
}

SqlResult<std::vector<TableSecurity>> SqliteAdministration::security() {
  auto schema = read_schema(connection_.get());
  if (!schema) return sql_fail(std::move(schema.error()));
  const auto forced = AccessStore(connection_.get()).forced();
  if (!forced) return sql_fail(forced.error());
  std::vector<TableSecurity> all;
  for (Table& table : schema->tables) {
    TableSecurity security{
        .table = table.name,
        .enabled = table.row_security,
        .forced = std::ranges::any_of(
            *forced, [&](const std::string& name) { return same_name(name, table.name); }),
        .grants = table.grants,
        .policies = {}};
    for (TablePolicy& policy : table.policies) {
      security.policies.push_back(std::move(policy.policy));
    }
    all.push_back(std::move(security));
  }
  return all;
}

}  // namespace

SqlResult<std::unique_ptr<Administration>> Administration::open(const std::filesystem::path& file,
                                                                const Interruption* interruption) {
  auto administration = std::make_unique<SqliteAdministration>(interruption);
  if (auto opened = administration->open(file); !opened) {
    return sql_fail(std::move(opened.error()));
  }
  return administration;
}

std::optional<SqlResult<std::vector<Rows>>> read_script(const std::filesystem::path& file,
                                                        std::string_view script,
                                                        const Bounds& bounds,
                                                        const Interruption* interruption) {
  SqliteAdministration reader(interruption);
  if (!reader.open_for_reading(file)) return std::nullopt;
  return reader.read(script, bounds);
}

}  // namespace database::sqlite
