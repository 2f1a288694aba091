#include "database/sqlite/keeper.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "database/sql/scanner.h"
#include "database/sqlite/administration.h"
#include "database/sqlite/failure.h"

namespace database::sqlite {
namespace {

// Steps of SQLite's machine between two looks at the clock: some ten microseconds.
constexpr int kWatchSteps = 1000;
constexpr std::size_t kMaxStatements = 512;
// Two programs on one file are rare, and a guest's call is not to wait long for the other.
constexpr int kWriterBusyMilliseconds = 5000;
// How long a reader may go on with a file that somebody has replaced: the look costs a system call.
constexpr std::chrono::milliseconds kPlaceCheck{20};

constexpr char kInteger = 'i';
constexpr char kReal = 'r';
constexpr char kText = 't';
constexpr char kBlob = 'b';
constexpr char kNull = 'n';

template <class Number>
void append_number(std::string& to, Number number) {
  char bytes[sizeof number];
  std::memcpy(bytes, &number, sizeof number);
  to.append(bytes, sizeof number);
}

template <class Number>
Number take_number(std::string_view& from) {
  Number number;
  std::memcpy(&number, from.data(), sizeof number);
  from.remove_prefix(sizeof number);
  return number;
}

void append_bytes(std::string& to, const void* data, int size) {
  append_number(to, static_cast<std::int64_t>(size));
  if (size > 0) to.append(static_cast<const char*>(data), static_cast<std::size_t>(size));
}

// Queries and changes are some dozens of texts; those that make and drop captures have no end.
bool comes_again(std::string_view text) {
  constexpr std::array<std::string_view, 5> kWords{"select", "with", "insert", "update", "delete"};
  const auto first = sql::Scanner(text).next();
  return first && std::ranges::any_of(kWords, [&](auto word) { return first->is(word); });
}

int on_watch(void* data) {
  auto& watch = *static_cast<Watch*>(data);
  const bool interrupted = watch.interruption != nullptr && watch.interruption->is_set();
  if (!interrupted && !watch.deadline.expired()) return 0;
  watch.tripped = true;
  return 1;
}

Keeper& keeper_of(sqlite3_context* context) {
  return *static_cast<Keeper*>(sqlite3_user_data(context));
}

void answer(sqlite3_context* context, Keeper& keeper, SqlResult<void> result) {
  if (result) return;
  sqlite3_result_error(context, result.error().message.c_str(), -1);
  keeper.refusal = std::move(result.error());
}

void sql_armed(sqlite3_context* context, int /*count*/, sqlite3_value** values) {
  const bool armed =
      keeper_of(context).armed_for(static_cast<std::size_t>(sqlite3_value_int64(values[0])),
                                   static_cast<Command>(sqlite3_value_int(values[1])));
  sqlite3_result_int(context, armed ? 1 : 0);
}

void sql_bind(sqlite3_context* context, int count, sqlite3_value** values) {
  Keeper& keeper = keeper_of(context);
  const auto first = static_cast<std::size_t>(sqlite3_value_int64(values[0]));
  answer(context, keeper, keeper.bind_proposed(first, count - 1, values + 1));
}

void sql_check(sqlite3_context* context, int /*count*/, sqlite3_value** /*values*/) {
  Keeper& keeper = keeper_of(context);
  answer(context, keeper, keeper.check_proposed());
}

}  // namespace

RowKey encode_key(sqlite3_stmt* statement, std::size_t columns) {
  RowKey key;
  for (int i = 0; i < static_cast<int>(columns); ++i) {
    switch (sqlite3_column_type(statement, i)) {
      case SQLITE_INTEGER:
        key += kInteger;
        append_number(key, sqlite3_column_int64(statement, i));
        break;
      case SQLITE_FLOAT:
        key += kReal;
        append_number(key, sqlite3_column_double(statement, i));
        break;
      case SQLITE_TEXT: {
        key += kText;
        const void* text = sqlite3_column_text(statement, i);
        append_bytes(key, text, sqlite3_column_bytes(statement, i));
        break;
      }
      case SQLITE_BLOB: {
        key += kBlob;
        const void* blob = sqlite3_column_blob(statement, i);
        append_bytes(key, blob, sqlite3_column_bytes(statement, i));
        break;
      }
      default:
        key += kNull;
    }
  }
  return key;
}

int bind_key(sqlite3_stmt* statement, int first, const RowKey& key) {
  std::string_view rest = key;
  int index = first;
  for (; !rest.empty(); ++index) {
    const char type = rest.front();
    rest.remove_prefix(1);
    if (type == kInteger) {
      sqlite3_bind_int64(statement, index, take_number<std::int64_t>(rest));
    } else if (type == kReal) {
      sqlite3_bind_double(statement, index, take_number<double>(rest));
    } else if (type == kText || type == kBlob) {
      const auto size = static_cast<std::size_t>(take_number<std::int64_t>(rest));
      if (type == kText) {
        sqlite3_bind_text64(statement, index, rest.data(), size, SQLITE_TRANSIENT, SQLITE_UTF8);
      } else {
        sqlite3_bind_blob64(statement, index, rest.data(), size, SQLITE_TRANSIENT);
      }
      rest.remove_prefix(size);
    }
  }
  return index;
}

void install_watch(sqlite3* connection, Watch& watch) {
  sqlite3_progress_handler(connection, kWatchSteps, &on_watch, &watch);
}

Keeper::Keeper(ConnectionHandle connection, Mode mode, Caller& caller)
    : caller_(caller),
      mode_(mode),
      connection_(std::move(connection)),
      statements_(kMaxStatements) {}

SqlResult<std::unique_ptr<Keeper>> Keeper::open(const std::filesystem::path& file, Mode mode,
                                                Caller& caller, Watch& watch) {
  sqlite3* raw = nullptr;
  const int status =
      sqlite3_open_v2(file.c_str(), &raw,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  ConnectionHandle connection(raw);
  if (raw == nullptr) return sql_fail(SqlState::kOutOfMemory, "out of memory");
  if (status != SQLITE_OK) return sql_fail(sqlite_error(raw));
  std::unique_ptr<Keeper> keeper(new Keeper(std::move(connection), mode, caller));
  if (auto configured = keeper->configure(watch); !configured) {
    return sql_fail(std::move(configured.error()));
  }
  return keeper;
}

SqlResult<void> Keeper::configure(Watch& watch) {
  sqlite3* const raw = connection_.get();
  sqlite3_busy_timeout(raw, mode_ == Mode::kWrite ? kWriterBusyMilliseconds : 0);
  for (const int off :
       {SQLITE_DBCONFIG_DQS_DML, SQLITE_DBCONFIG_DQS_DDL, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION}) {
    sqlite3_db_config(raw, off, 0, nullptr);
  }
  // The schema is the administrator's, and its triggers may use SQLite's JSON functions.
  for (const int on : {SQLITE_DBCONFIG_TRUSTED_SCHEMA, SQLITE_DBCONFIG_DEFENSIVE,
                       SQLITE_DBCONFIG_ENABLE_QPSG, SQLITE_DBCONFIG_ENABLE_FKEY}) {
    sqlite3_db_config(raw, on, 1, nullptr);
  }
  if (register_functions(raw, caller_) != SQLITE_OK) return sql_fail(sqlite_error(raw));
  if (auto set = execute(raw,
                         "PRAGMA synchronous = FULL; PRAGMA case_sensitive_like = ON; "
                         "PRAGMA recursive_triggers = ON; PRAGMA cache_size = -8000");
      !set) {
    return set;
  }
  auto schema = load_schema(raw);
  if (!schema) return sql_fail(std::move(schema.error()));
  schema_ = std::move(*schema);
  if (mode_ == Mode::kWrite) {
    if (auto installed = install_checks(); !installed) return installed;
  } else if (auto read_only = execute(raw, "PRAGMA query_only = ON"); !read_only) {
    return read_only;
  }
  for (auto [handle, sql] :
       {std::pair{&begin_, mode_ == Mode::kWrite ? "BEGIN IMMEDIATE" : "BEGIN"},
        std::pair{&commit_, "COMMIT"}, std::pair{&rollback_, "ROLLBACK"},
        std::pair{&version_, "PRAGMA schema_version"}, std::pair{&mark_, "SAVEPOINT member"},
        std::pair{&keep_, "RELEASE member"},
        std::pair{&defer_, "PRAGMA defer_foreign_keys = ON"}}) {
    auto statement = prepare(raw, sql);
    if (!statement) return sql_fail(std::move(statement.error()));
    *handle = std::move(*statement);
  }
  install_watch(raw, watch);
  return {};
}

// Temporary, so that they are this connection's alone and other programs never meet them.
SqlResult<void> Keeper::install_checks() {
  sqlite3* const raw = connection_.get();
  constexpr int kFlags = SQLITE_UTF8 | SQLITE_INNOCUOUS;
  const auto none = nullptr;
  sqlite3_create_function_v2(raw, "roost_armed", 2, kFlags, this, &sql_armed, none, none, none);
  sqlite3_create_function_v2(raw, "roost_bind", -1, kFlags, this, &sql_bind, none, none, none);
  sqlite3_create_function_v2(raw, "roost_check", 0, kFlags, this, &sql_check, none, none, none);
  for (std::size_t i = 0; i < schema_->tables.size(); ++i) {
    for (const Command command : {Command::kInsert, Command::kUpdate}) {
      const std::string sql = check_trigger_text(schema_->tables[i], i, command);
      if (auto made = execute(raw, sql.c_str()); !made) return made;
    }
  }
  return {};
}

namespace {

// DONE or a row are both well.
SqlResult<bool> step(sqlite3_stmt* statement) {
  const int status = sqlite3_step(statement);
  if (status == SQLITE_ROW) return true;
  if (status == SQLITE_DONE) return false;
  return sql_fail(sqlite_error(sqlite3_db_handle(statement)));
}

SqlResult<void> run_once(sqlite3_stmt* statement) {
  const ResetAtEnd reset(statement);
  auto stepped = step(statement);
  if (!stepped) return sql_fail(std::move(stepped.error()));
  return {};
}

}  // namespace

// SQLite would go on with a file that is no longer there, and what it writes there is lost.
SqlResult<void> Keeper::check_place() {
  if (mode_ == Mode::kRead && !next_place_check_.expired()) return {};
  next_place_check_ = base::Deadline::after(kPlaceCheck);
  int moved = 0;
  sqlite3_file_control(connection_.get(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  if (moved == 0) return {};
  return sql_fail(SqlState::kConnectionFailure,
                  "the database's file was moved, replaced or deleted while it was open: put it "
                  "back, or restore it from a backup");
}

SqlResult<void> Keeper::begin() {
  if (auto there = check_place(); !there) return there;
  auto begun = run_once(begin_.get());
  if (!begun || mode_ == Mode::kRead) return begun;
  return run_once(defer_.get());  // SQLite forgets it at the end of the transaction
}

SqlResult<void> Keeper::check_foreign_keys() {
  int unresolved = 0;
  int ignored = 0;
  sqlite3_db_status(connection_.get(), SQLITE_DBSTATUS_DEFERRED_FKS, &unresolved, &ignored, 0);
  if (unresolved == 0) return {};
  return sql_fail(SqlState::kForeignKeyViolation,
                  "the statement violates a foreign key constraint");
}

SqlResult<std::int64_t> Keeper::data_version() {
  auto rows = run_system("PRAGMA data_version", {});
  if (!rows) return sql_fail(std::move(rows.error()));
  return std::get<std::int64_t>(rows->front().front());
}

SqlResult<bool> Keeper::current() {
  const ResetAtEnd reset(version_.get());
  auto row = step(version_.get());
  if (!row) return sql_fail(std::move(row.error()));
  return sqlite3_column_int64(version_.get(), 0) == schema_->version;
}

SqlResult<void> Keeper::note_writer(int depth) {
  const auto& tables = schema_->tables;
  if (std::ranges::none_of(tables, &Table::captured)) return {};
  writer_noted_ = true;
  auto noted = run_system(
      "UPDATE main._roost_writer SET role = $1, user_id = $2, claims = $3, depth = $4 WHERE id = 1",
      std::vector<Value>{std::string(auth::name_of(caller_.role)), caller_.user_id, caller_.claims,
                         std::int64_t{depth}});
  if (!noted) return sql_fail(std::move(noted.error()));
  return {};
}

SqlResult<void> Keeper::commit() {
  if (std::exchange(writer_noted_, false)) {
    auto reset = run_system(
        "UPDATE main._roost_writer SET role = NULL, user_id = NULL, claims = NULL, depth = 0 "
        "WHERE id = 1",
        {});
    if (!reset) return sql_fail(std::move(reset.error()));
  }
  return run_once(commit_.get());
}

void Keeper::rollback() {
  writer_noted_ = false;
  if (in_transaction()) static_cast<void>(run_once(rollback_.get()));
}

SqlResult<void> Keeper::mark() { return run_once(mark_.get()); }
SqlResult<void> Keeper::keep() { return run_once(keep_.get()); }

void Keeper::undo() {
  if (!in_transaction()) return;
  if (!execute(connection_.get(), "ROLLBACK TO member; RELEASE member")) rollback();
}

SqlResult<std::vector<Row>> Keeper::run_system(std::string_view sql,
                                               std::span<const Value> parameters) {
  std::optional<PreparedStatement> once;
  const auto found = system_statements_.find(sql);
  PreparedStatement* statement = found == system_statements_.end() ? nullptr : &found->second;
  if (statement == nullptr) {
    auto prepared = PreparedStatement::prepare(connection_.get(), sql);
    if (!prepared) return sql_fail(SqlState::kInternalError, std::move(prepared.error().message));
    statement = comes_again(sql)
                    ? &system_statements_.emplace(sql, std::move(*prepared)).first->second
                    : &once.emplace(std::move(*prepared));
  }
  auto rows = statement->run(parameters);
  if (!rows) return sql_fail(sqlite_error(connection_.get()));
  return std::move(*rows);
}

// The role is part of every key: two roles never share a text.
std::string Keeper::key_for(std::string_view what, std::size_t table, bool need,
                            bool returning) const {
  return fmt::format("{}{}.{}.{}{}:", what, static_cast<int>(caller_.role), table, need ? 1 : 0,
                     returning ? 1 : 0);
}

SqlResult<StatementCache::Lease> Keeper::scan(std::size_t table, Command command, bool need,
                                              std::string_view shape,
                                              const std::function<ScanRequest()>& request) {
  std::string key;
  key.reserve(16 + shape.size());
  key += 's';
  key += static_cast<char>('0' + static_cast<int>(caller_.role));
  key += static_cast<char>('0' + static_cast<int>(command));
  key += need ? '1' : '0';
  append_number(key, static_cast<std::uint32_t>(table));
  key += shape;
  return lease(key, [&]() -> SqlResult<std::string> {
    const Composition text = composition();
    if (auto granted = text.check_grant(table, command); !granted) {
      return sql_fail(std::move(granted.error()));
    }
    if (need) {
      if (auto granted = text.check_grant(table, Command::kSelect); !granted) {
        return sql_fail(std::move(granted.error()));
      }
    }
    return text.scan(table, command, need, request());
  });
}

SqlError Keeper::violation(std::size_t table, std::string_view which) const {
  return {SqlState::kInsufficientPrivilege,
          fmt::format("new row violates row-level security policy {}for table \"{}\"", which,
                      schema_->tables[table].name),
          std::nullopt};
}

bool Keeper::armed_for(std::size_t table, Command command) const {
  return armed_ && armed_->table == table && armed_->command == command;
}

SqlResult<void> Keeper::bind_proposed(std::size_t first, int count, sqlite3_value** values) {
  if (!armed_) return sql_fail(SqlState::kInternalError, "a row was proposed that nobody expects");
  if (first == 0) {
    auto statement = check_statement(armed_->table, armed_->command, armed_->need);
    if (!statement) return sql_fail(std::move(statement.error()));
    checking_ = std::move(*statement);
  }
  for (int i = 0; i < count; ++i) {
    if (sqlite3_bind_value(checking_.get(), static_cast<int>(first) + i + 1, values[i]) !=
        SQLITE_OK) {
      return sql_fail(sqlite_error(connection_.get()));
    }
  }
  return {};
}

SqlResult<void> Keeper::check_proposed() {
  if (!armed_) return sql_fail(SqlState::kInternalError, "a row was checked that nobody expects");
  const Armed armed = *armed_;
  armed_.reset();  // one row: a cascade or a trigger that writes this table is not the caller's
  const StatementCache::Lease statement = std::move(checking_);
  auto row = step(statement.get());
  if (!row) return sql_fail(std::move(row.error()));
  const std::size_t columns = schema_->tables[armed.table].columns.size();
  if (keep_proposed_) {
    proposed_.clear();
    for (std::size_t i = 0; i < columns; ++i) {
      proposed_.emplace_back(
          sqlite3_value_dup(sqlite3_column_value(statement.get(), static_cast<int>(i))));
    }
  }
  if (!armed.late && sqlite3_column_int(statement.get(), static_cast<int>(columns)) == 0) {
    return sql_fail(violation(armed.table));
  }
  return {};
}

// ---- The statements of apply.cc ----------------------------------------------------------------

namespace {

void append_columns(std::string& key, const std::vector<std::size_t>& columns) {
  for (const std::size_t column : columns) key += fmt::format("{},", column);
  key += ';';
}

}  // namespace

SqlResult<StatementCache::Lease> Keeper::check_statement(std::size_t table, Command command,
                                                         bool need) {
  std::string key = key_for("c", table, need, false);
  key += static_cast<char>('0' + static_cast<int>(command));
  return lease(key, [&] { return composition().check(table, command, need); });
}

SqlResult<StatementCache::Lease> Keeper::update_statement(std::size_t table,
                                                          const Assignment& assignment, bool need,
                                                          bool returning) {
  std::string key = key_for("u", table, need, returning);
  append_columns(key, assignment.columns);
  append_columns(key, assignment.defaults);
  return lease(key, [&] {
    return composition().update(table, assignment.columns, assignment.defaults, need, returning);
  });
}

SqlResult<StatementCache::Lease> Keeper::remove_statement(std::size_t table, bool need,
                                                          bool returning) {
  return lease(key_for("d", table, need, returning),
               [&] { return composition().remove(table, need, returning); });
}

SqlResult<StatementCache::Lease> Keeper::insert_statement(std::size_t table,
                                                          const std::vector<std::size_t>& columns,
                                                          const Upsert* upsert, bool returning) {
  std::string key = key_for("i", table, upsert != nullptr, returning);
  append_columns(key, columns);
  if (upsert != nullptr) append_columns(key, upsert->target);
  return lease(key, [&]() -> SqlResult<std::string> {
    return insert_text(schema_->tables[table], columns,
                       upsert == nullptr ? nullptr : &upsert->target, returning);
  });
}

}  // namespace database::sqlite
