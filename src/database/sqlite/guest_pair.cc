#include "database/sqlite/guest_pair.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <set>

#include <fmt/format.h>

#include "database/sqlite/binding.h"
#include "database/sqlite/failure.h"
#include "database/sqlite/json_rows.h"

namespace database::sqlite {
namespace {

constexpr std::size_t kMaxCompiled = 256;
// What one statement may hold between its reads and its writes.
constexpr std::uint64_t kMaxBufferedBytes = 64 * base::kMiB;
constexpr std::uint64_t kBytesPerValue = 64;  // of SQLite's and ours, besides its text

constexpr int kMaxLength = 8 * 1024 * 1024;
constexpr int kMaxDepth = 200;
constexpr int kMaxProgram = 250'000;
constexpr int kMaxPattern = 1000;

// The second layer: what is not here does not run even if a statement that names it came through.
bool is_allowed_function(std::string_view name) {
  static const std::set<std::string_view> kAllowed{"abs",
                                                   "auth_jwt",
                                                   "auth_role",
                                                   "auth_uid",
                                                   "avg",
                                                   "coalesce",
                                                   "count",
                                                   "cume_dist",
                                                   "dense_rank",
                                                   "first_value",
                                                   "group_concat",
                                                   "hex",
                                                   "ifnull",
                                                   "iif",
                                                   "instr",
                                                   "json",
                                                   "json_array",
                                                   "json_array_length",
                                                   "json_extract",
                                                   "json_group_array",
                                                   "json_group_object",
                                                   "json_object",
                                                   "json_patch",
                                                   "json_quote",
                                                   "json_remove",
                                                   "json_set",
                                                   "json_type",
                                                   "json_valid",
                                                   "lag",
                                                   "last_value",
                                                   "lead",
                                                   "length",
                                                   "like",
                                                   "lower",
                                                   "ltrim",
                                                   "max",
                                                   "min",
                                                   "nth_value",
                                                   "ntile",
                                                   "nullif",
                                                   "percent_rank",
                                                   "rank",
                                                   "replace",
                                                   "round",
                                                   "row_number",
                                                   "rtrim",
                                                   "sign",
                                                   "substr",
                                                   "sum",
                                                   "total",
                                                   "trim",
                                                   "typeof",
                                                   "unicode",
                                                   "upper",
                                                   "->",
                                                   "->>"};
  return kAllowed.contains(name) || name.starts_with("pg_");
}

bool names_target(std::string_view table) {
  return table.starts_with("__u_") || table.starts_with("__d_");
}

int authorize(void* data, int action, const char* first, const char* second,
              const char* /*database*/, const char* /*context*/) {
  if (static_cast<const GuestScope*>(data)->declaring) return SQLITE_OK;
  const std::string_view one = first == nullptr ? "" : first;
  const std::string_view two = second == nullptr ? "" : second;
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
      return SQLITE_OK;
    case SQLITE_READ:
      if (one.starts_with("sqlite_") || one.starts_with("pragma_")) return SQLITE_DENY;
      // The gaps between rowids would tell of hidden rows.
      return two == "ROWID" && !names_target(one) ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_FUNCTION:
      return is_allowed_function(two) ? SQLITE_OK : SQLITE_DENY;
    default:
      return SQLITE_DENY;
  }
}

bool is_default(sqlite3_value* value) {
  return sqlite3_value_type(value) == SQLITE_BLOB &&
         static_cast<std::size_t>(sqlite3_value_bytes(value)) == kDefaultMarker.size() &&
         std::memcmp(sqlite3_value_blob(value), kDefaultMarker.data(), kDefaultMarker.size()) == 0;
}

}  // namespace

GuestPair::AsCaller::AsCaller(GuestPair& pair, const GuestAccess& access, base::Deadline deadline)
    : pair_(pair) {
  const auth::Principal& principal = access.principal();
  pair_.caller_.role = principal.role;
  pair_.caller_.user_id = principal.user_id;
  pair_.caller_.claims = principal.claims_json;
  pair_.watch_ = {.deadline = deadline, .interruption = pair_.interruption_};
}

GuestPair::AsCaller::~AsCaller() {
  pair_.scope_->clear();
  pair_.caller_.role = auth::Role::kAnon;
  pair_.caller_.user_id.clear();
  pair_.caller_.claims = "{}";
  pair_.watch_ = {};
}

SqlResult<std::unique_ptr<GuestPair>> GuestPair::open(const std::filesystem::path& file, Mode mode,
                                                      const Interruption* interruption) {
  std::unique_ptr<GuestPair> pair(new GuestPair(interruption));
  auto keeper = Keeper::open(file, mode, pair->caller_, pair->watch_);
  if (!keeper) return sql_fail(std::move(keeper.error()));
  pair->keeper_ = std::move(*keeper);
  pair->scope_ = std::make_unique<GuestScope>(*pair->keeper_);
  if (auto opened = pair->open_guest(); !opened) return sql_fail(std::move(opened.error()));
  return pair;
}

GuestPair::~GuestPair() {
  compiled_.clear();
  recent_.clear();
  guest_.reset();  // its tables point into the scope
}

SqlResult<void> GuestPair::open_guest() {
  sqlite3* raw = nullptr;
  const int status = sqlite3_open_v2(
      ":memory:", &raw,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
      nullptr);
  guest_.reset(raw);
  if (raw == nullptr) return sql_fail(SqlState::kOutOfMemory, "out of memory");
  if (status != SQLITE_OK) return sql_fail(sqlite_error(raw));
  std::array<const char*, 3> kept{"json_each", "json_tree", nullptr};
  sqlite3_drop_modules(raw, kept.data());
  if (register_functions(raw, caller_) != SQLITE_OK) return sql_fail(sqlite_error(raw));
  if (auto made = install_guarded_tables(raw, *scope_); !made) return made;
  for (const int off : {SQLITE_DBCONFIG_DQS_DML, SQLITE_DBCONFIG_DQS_DDL,
                        SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, SQLITE_DBCONFIG_TRUSTED_SCHEMA}) {
    sqlite3_db_config(raw, off, 0, nullptr);
  }
  for (const int on : {SQLITE_DBCONFIG_DEFENSIVE, SQLITE_DBCONFIG_ENABLE_QPSG}) {
    sqlite3_db_config(raw, on, 1, nullptr);
  }
  if (auto set = sqlite::execute(raw, "PRAGMA case_sensitive_like = ON"); !set) return set;
  for (const auto& [limit, value] :
       {std::pair{SQLITE_LIMIT_LENGTH, kMaxLength}, std::pair{SQLITE_LIMIT_EXPR_DEPTH, kMaxDepth},
        std::pair{SQLITE_LIMIT_VDBE_OP, kMaxProgram}, std::pair{SQLITE_LIMIT_ATTACHED, 0},
        std::pair{SQLITE_LIMIT_LIKE_PATTERN_LENGTH, kMaxPattern},
        std::pair{SQLITE_LIMIT_WORKER_THREADS, 0}}) {
    sqlite3_limit(raw, limit, value);
  }
  // SQLite declares a table function when it is first named: later the authorizer would refuse it.
  for (const char* sql : {"SELECT 1 FROM json_each", "SELECT 1 FROM json_tree"}) {
    if (auto declared = prepare(raw, sql); !declared) return sql_fail(declared.error());
  }
  sqlite3_set_authorizer(raw, &authorize, scope_.get());
  install_watch(raw, watch_);
  return {};
}

// ---- Compiling ---------------------------------------------------------------------------------

SqlError GuestPair::guest_error() {
  if (scope_->failure) {
    SqlError error = std::move(*scope_->failure);
    scope_->failure.reset();
    return error;
  }
  return sqlite_error(guest_.get());
}

SqlResult<StatementHandle> GuestPair::prepare_piece(std::string_view sql, bool& names_columns) {
  scope_->names_columns = false;
  auto statement = prepare(guest_.get(), sql);
  names_columns = scope_->names_columns;
  return statement;
}

SqlResult<void> GuestPair::compile_pieces(Compiled& compiled) {
  const GuestStatement& what = compiled.statement;
  bool ignored = false;
  if (!what.probe.empty()) {
    if (auto probe = prepare_piece(what.probe, ignored); !probe) return sql_fail(probe.error());
  }
  struct Piece {
    const std::string* sql;
    StatementHandle* handle;
    bool* names_columns;
  };
  static const std::string kNone;
  for (const Piece& piece :
       {Piece{&what.source, &compiled.source, &compiled.target_reads},
        Piece{what.conflict ? &what.conflict->update : &kNone, &compiled.update, &ignored},
        Piece{&what.returning, &compiled.returning, &compiled.returning_reads}}) {
    if (piece.sql->empty()) continue;
    auto statement = prepare_piece(*piece.sql, *piece.names_columns);
    if (!statement) return sql_fail(std::move(statement.error()));
    *piece.handle = std::move(*statement);
  }
  if (what.kind != Kind::kInsert || !compiled.source) return {};
  const auto values = static_cast<std::size_t>(sqlite3_column_count(compiled.source.get()));
  if (values > what.columns.size()) {
    return sql_fail(SqlState::kSyntaxError, "INSERT has more expressions than target columns");
  }
  if (values < what.columns.size() && what.columns_listed) {
    return sql_fail(SqlState::kSyntaxError, "INSERT has more target columns than expressions");
  }
  return {};
}

SqlResult<const Compiled*> GuestPair::compile(std::string_view sql) {
  if (const auto found = compiled_.find(sql); found != compiled_.end()) {
    recent_.splice(recent_.begin(), recent_, found->second);
    return &found->second->second;
  }
  auto statement = translate_statement(sql, keeper_->schema());
  if (!statement) return sql_fail(std::move(statement.error()));
  Compiled compiled;
  compiled.statement = std::move(*statement);
  if (auto pieces = compile_pieces(compiled); !pieces) return sql_fail(std::move(pieces.error()));
  if (recent_.size() >= kMaxCompiled) {
    compiled_.erase(recent_.back().first);
    recent_.pop_back();
  }
  recent_.emplace_front(std::string(sql), std::move(compiled));
  compiled_.emplace(recent_.front().first, recent_.begin());
  return &recent_.front().second;
}

// ---- Running -----------------------------------------------------------------------------------

SqlResult<Rows> GuestPair::run(const GuestAccess& access, const Statement& statement,
                               const Bounds& bounds) {
  const AsCaller caller(*this, access, bounds.deadline);
  auto rows = [&]() -> SqlResult<Rows> {
    const auto compiled = compile(statement.sql);
    if (!compiled) return sql_fail(compiled.error());
    return execute(**compiled, statement, bounds, access.depth());
  }();
  if (!rows && watch_.tripped) {
    return sql_fail(SqlState::kQueryCanceled,
                    "canceling statement: it ran until the call's deadline");
  }
  return rows;
}

SqlResult<std::vector<Row>> GuestPair::run_system(const database::Statement& statement,
                                                  base::Deadline deadline) {
  watch_ = {.deadline = deadline};
  auto rows = keeper_->run_system(statement.sql, statement.parameters);
  watch_ = {};
  return rows;
}

SqlResult<void> GuestPair::check_reads(const GuestStatement& statement) const {
  const Composition composition = keeper_->composition();
  for (const std::size_t table : statement.reads) {
    if (auto granted = composition.check_grant(table, Command::kSelect); !granted) return granted;
  }
  return {};
}

SqlResult<Rows> GuestPair::execute(const Compiled& compiled, const Statement& statement,
                                   const Bounds& bounds, int depth) {
  const GuestStatement& what = compiled.statement;
  if (statement.parameters.size() != what.parameters) {
    return sql_fail(SqlState::kUndefinedParameter,
                    fmt::format("the statement has {} parameters, {} were given", what.parameters,
                                statement.parameters.size()));
  }
  if (auto granted = check_reads(what); !granted) return sql_fail(std::move(granted.error()));
  if (what.kind == Kind::kSelect) return select(compiled, statement, bounds);
  if (auto noted = keeper_->note_writer(depth); !noted) return sql_fail(std::move(noted.error()));
  auto changed = what.kind == Kind::kInsert   ? insert(compiled, statement)
                 : what.kind == Kind::kUpdate ? update(compiled, statement)
                                              : remove(compiled, statement);
  if (!changed) return sql_fail(std::move(changed.error()));
  if (auto keys = keeper_->check_foreign_keys(); !keys) return sql_fail(std::move(keys.error()));
  return return_rows(compiled, std::move(*changed), statement, bounds);
}

template <class Take>
SqlResult<void> GuestPair::each_row(sqlite3_stmt* prepared, const Statement& statement,
                                    Take&& take) {
  const ResetAtEnd reset(prepared);
  if (auto bound = bind_parameters(prepared, statement.parameters); !bound) return bound;
  int status = SQLITE_OK;
  while ((status = sqlite3_step(prepared)) == SQLITE_ROW) {
    if (SqlResult<void> taken = take(); !taken) return taken;
  }
  if (status != SQLITE_DONE) return sql_fail(guest_error());
  return {};
}

SqlResult<Rows> GuestPair::select(const Compiled& compiled, const Statement& statement,
                                  const Bounds& bounds) {
  JsonRows rows(compiled.source.get());
  auto read = each_row(compiled.source.get(), statement, [&] { return rows.add(bounds); });
  if (!read) return sql_fail(std::move(read.error()));
  return rows.take();
}

namespace {

// Copies values of the current row; stops where one statement would hold too much.
class Buffer {
 public:
  explicit Buffer(sqlite3_stmt* statement) : statement_(statement) {}

  SqlResult<OwnedValue> copy(int column) {
    sqlite3_value* const value = sqlite3_column_value(statement_, column);
    OwnedValue owned(sqlite3_value_dup(value));
    if (!owned) return sql_fail(SqlState::kOutOfMemory, "out of memory");
    bytes_ += kBytesPerValue + static_cast<std::uint64_t>(sqlite3_value_bytes(owned.get()));
    if (bytes_ > kMaxBufferedBytes) {
      return sql_fail(SqlState::kProgramLimitExceeded,
                      "the statement changes too much at once: change it in smaller pieces");
    }
    return owned;
  }

  SqlResult<StoredRow> copy_from(int first) {
    StoredRow row;
    for (int i = first; i < sqlite3_column_count(statement_); ++i) {
      auto value = copy(i);
      if (!value) return sql_fail(std::move(value.error()));
      row.push_back(std::move(*value));
    }
    return row;
  }

 private:
  sqlite3_stmt* statement_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

SqlResult<Keeper::Changed> GuestPair::insert(const Compiled& compiled, const Statement& statement) {
  const GuestStatement& what = compiled.statement;
  Keeper::Upsert upsert;
  if (what.conflict) {
    upsert.target = what.conflict->target;
    upsert.assignment = {what.conflict->columns, what.conflict->default_columns};
    if (compiled.update) {
      upsert.evaluate = [&](StoredRow old_row, StoredRow proposed) {
        return evaluate_update(compiled, statement, std::move(old_row), std::move(proposed));
      };
    }
  }
  const Keeper::Upsert* const conflict = what.conflict ? &upsert : nullptr;
  const bool need = what.names_target || compiled.returning_reads || !upsert.target.empty();

  std::vector<Keeper::Insertion> rows;
  if (!compiled.source) {
    rows.emplace_back();
  } else {
    if (auto ready = keeper_->prepare_insert(what.target, what.columns, conflict); !ready) {
      return sql_fail(std::move(ready.error()));
    }
    Buffer buffer(compiled.source.get());
    auto read = each_row(compiled.source.get(), statement, [&]() -> SqlResult<void> {
      Keeper::Insertion& row = rows.emplace_back();
      for (int i = 0; i < sqlite3_column_count(compiled.source.get()); ++i) {
        auto value = buffer.copy(i);
        if (!value) return sql_fail(std::move(value.error()));
        if (is_default(value->get())) continue;
        row.columns.push_back(what.columns[static_cast<std::size_t>(i)]);
        row.values.push_back(std::move(*value));
      }
      return {};
    });
    if (!read) return sql_fail(std::move(read.error()));
  }
  return keeper_->insert(what.target, rows, need, conflict, compiled.returning != nullptr);
}

SqlResult<std::optional<StoredRow>> GuestPair::evaluate_update(const Compiled& compiled,
                                                               const Statement& statement,
                                                               StoredRow old_row,
                                                               StoredRow proposed) {
  const std::size_t table = compiled.statement.target;
  const auto one = [](StoredRow row) {
    std::vector<StoredRow> rows;
    rows.push_back(std::move(row));
    return rows;
  };
  scope_->set_rows(TableKind::kOld, table, one(std::move(old_row)));
  scope_->set_rows(TableKind::kProposed, table, one(std::move(proposed)));
  Buffer buffer(compiled.update.get());
  std::optional<StoredRow> values;
  auto read = each_row(compiled.update.get(), statement, [&]() -> SqlResult<void> {
    auto row = buffer.copy_from(0);
    if (!row) return sql_fail(std::move(row.error()));
    values = std::move(*row);
    return {};
  });
  if (!read) return sql_fail(std::move(read.error()));
  if (values && compiled.statement.conflict->columns.empty()) values->clear();
  return values;
}

SqlResult<Keeper::Changed> GuestPair::update(const Compiled& compiled, const Statement& statement) {
  const GuestStatement& what = compiled.statement;
  const Keeper::Assignment assignment{what.columns, what.default_columns};
  const bool want_rows = compiled.returning != nullptr;
  const bool named = what.names_target || compiled.target_reads || compiled.returning_reads;
  if (auto ready = keeper_->prepare_update(what.target, assignment, named, want_rows); !ready) {
    return sql_fail(std::move(ready.error()));
  }
  std::vector<Keeper::Update> items;
  Buffer buffer(compiled.source.get());
  auto read = each_row(compiled.source.get(), statement, [&]() -> SqlResult<void> {
    auto key = scope_->key_of(sqlite3_column_int64(compiled.source.get(), 0));
    if (!key) return sql_fail(std::move(key.error()));
    auto values = buffer.copy_from(1);
    if (!values) return sql_fail(std::move(values.error()));
    items.push_back({std::move(*key), std::move(*values)});
    return {};
  });
  if (!read) return sql_fail(std::move(read.error()));
  return keeper_->update(what.target, assignment, items, named || scope_->target_read, want_rows);
}

SqlResult<Keeper::Changed> GuestPair::remove(const Compiled& compiled, const Statement& statement) {
  const GuestStatement& what = compiled.statement;
  const bool want_rows = compiled.returning != nullptr;
  const bool named = what.names_target || compiled.target_reads || compiled.returning_reads;
  if (auto ready = keeper_->prepare_remove(what.target, named, want_rows); !ready) {
    return sql_fail(std::move(ready.error()));
  }
  std::vector<RowKey> keys;
  auto read = each_row(compiled.source.get(), statement, [&]() -> SqlResult<void> {
    auto key = scope_->key_of(sqlite3_column_int64(compiled.source.get(), 0));
    if (!key) return sql_fail(std::move(key.error()));
    keys.push_back(std::move(*key));
    return {};
  });
  if (!read) return sql_fail(std::move(read.error()));
  return keeper_->remove(what.target, keys, named || scope_->target_read, want_rows);
}

SqlResult<Rows> GuestPair::return_rows(const Compiled& compiled, Keeper::Changed changed,
                                       const Statement& statement, const Bounds& bounds) {
  if (!compiled.returning) {
    Rows rows;
    rows.count = changed.count;
    return rows;
  }
  scope_->set_rows(TableKind::kReturned, compiled.statement.target, std::move(changed.rows));
  scope_->may_return = compiled.returning_reads;
  JsonRows rows(compiled.returning.get());
  auto read = each_row(compiled.returning.get(), statement, [&] { return rows.add(bounds); });
  if (!read) return sql_fail(std::move(read.error()));
  return rows.take();
}

}  // namespace database::sqlite
