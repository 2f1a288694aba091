#include "database/sqlite/guarded_table.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include <boost/container/small_vector.hpp>
#include <fmt/format.h>

#include "database/sqlite/failure.h"

namespace database::sqlite {
namespace {

constexpr std::array<std::pair<TableKind, std::string_view>, 6> kKinds{
    {{TableKind::kSelect, ""},
     {TableKind::kUpdate, "__u_"},
     {TableKind::kDelete, "__d_"},
     {TableKind::kReturned, "__r_"},
     {TableKind::kOld, "__o_"},
     {TableKind::kProposed, "__x_"}}};
// colUsed has one bit for each of the first 63 columns and one for all others.
constexpr std::size_t kCountedColumns = 63;
// One bit for each while a scan runs; what is beyond is left to the guest's side.
constexpr int kMaxConstraints = 64;

// The shape of a scan as it travels from the planner to the cursor, as text because SQLite keeps it
// so: comparison and column of each constraint, direction and column of each term of the order, the
// columns wanted.
// Each statement opens a cursor and reads it again: where there are few of each, without the heap.
struct Shape {
  boost::container::small_vector<ScanRequest::Constraint, 4> constraints;
  boost::container::small_vector<ScanRequest::Order, 2> order;
  boost::container::small_vector<std::size_t, 16> columns;

  [[nodiscard]] std::string encode() const {
    std::string text;
    const auto put = [&](std::size_t number) { text += fmt::format("{},", number); };
    for (const auto& each : constraints) {
      put(static_cast<std::size_t>(each.comparison));
      put(each.column);
    }
    text += '|';
    for (const auto& each : order) {
      put(each.descending ? 1 : 0);
      put(each.column);
    }
    text += '|';
    for (const std::size_t column : columns) put(column);
    return text;
  }

  static Shape decode(std::string_view text) {
    Shape shape;
    while (const auto comparison = next_number(text)) {
      const std::size_t column = next_number(text).value_or(0);
      shape.constraints.push_back({column, static_cast<Comparison>(*comparison)});
    }
    while (const auto descending = next_number(text)) {
      shape.order.push_back({next_number(text).value_or(0), *descending != 0});
    }
    while (const auto column = next_number(text)) shape.columns.push_back(*column);
    return shape;
  }

 private:
  // Nothing at the end of a list, which is passed over.
  static std::optional<std::size_t> next_number(std::string_view& text) {
    std::size_t number = 0;
    for (; !text.empty(); text.remove_prefix(1)) {
      const char next = text.front();
      if (next < '0' || next > '9') break;
      number = number * 10 + static_cast<std::size_t>(next - '0');
    }
    if (text.empty()) return std::nullopt;
    const bool ended = text.front() == '|';
    text.remove_prefix(1);
    return ended ? std::nullopt : std::optional(number);
  }
};

// What a module of SQLite is given: one for each virtual table, owned by the module.
struct Definition {
  GuestScope& scope;
  std::size_t table;
  TableKind kind;

  [[nodiscard]] const Table& schema() const { return scope.keeper.schema().tables[table]; }
  [[nodiscard]] bool in_memory() const {
    return kind == TableKind::kReturned || kind == TableKind::kOld || kind == TableKind::kProposed;
  }
  [[nodiscard]] Command command() const {
    if (kind == TableKind::kUpdate) return Command::kUpdate;
    return kind == TableKind::kDelete ? Command::kDelete : Command::kSelect;
  }
};

struct GuardedTable : sqlite3_vtab {
  explicit GuardedTable(Definition& definition_in) : sqlite3_vtab{}, definition(definition_in) {}
  Definition& definition;
};

struct Cursor : sqlite3_vtab_cursor {
  explicit Cursor(Definition& definition_in) : sqlite3_vtab_cursor{}, definition(definition_in) {}
  Definition& definition;
  const char* plan = nullptr;  // the planner's text, one address for one plan
  Shape shape;                 // what it says
  StatementCache::Lease statement;
  std::uint64_t dropped = 0;  // constraints that `statement` is without, a bit for each
  bool may_read = false;      // columns
  bool at_end = true;
  const std::vector<StoredRow>* rows = nullptr;  // in memory
  std::size_t row = 0;
};

Definition& definition_of(sqlite3_vtab* table) {
  return static_cast<GuardedTable*>(table)->definition;
}
Cursor& cursor_of(sqlite3_vtab_cursor* cursor) { return *static_cast<Cursor*>(cursor); }

int fail(GuestScope& scope, SqlError error) {
  if (!scope.failure) scope.failure = std::move(error);
  return SQLITE_ERROR;
}

// ---- Planning ----------------------------------------------------------------------------------

std::string declaration(const Table& table) {
  std::string text = "CREATE TABLE x(";
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    // ANY means NUMERIC outside a STRICT table, and what is declared here is none. No NOT NULL and
    // no keys: the planner would trust them.
    const bool typeless = column.type.empty() || (table.strict && column.type == "ANY");
    text += fmt::format("{}{} {} COLLATE {}", i > 0 ? ", " : "", quote_name(column.name),
                        typeless ? "" : quote_name(column.type), quote_name(column.collation));
  }
  return text + ")";
}

std::optional<Comparison> comparison_of(unsigned char operation) {
  switch (operation) {
    case SQLITE_INDEX_CONSTRAINT_EQ:
      return Comparison::kEqual;
    case SQLITE_INDEX_CONSTRAINT_LT:
      return Comparison::kLess;
    case SQLITE_INDEX_CONSTRAINT_LE:
      return Comparison::kLessOrEqual;
    case SQLITE_INDEX_CONSTRAINT_GT:
      return Comparison::kGreater;
    case SQLITE_INDEX_CONSTRAINT_GE:
      return Comparison::kGreaterOrEqual;
    case SQLITE_INDEX_CONSTRAINT_IS:
      return Comparison::kIs;
    case SQLITE_INDEX_CONSTRAINT_ISNULL:
      return Comparison::kIsNull;
    default:  // not IS NOT NULL: SQLite 3.40 offers it in the ON of a LEFT JOIN for the left table
              // too
      return std::nullopt;
  }
}

bool takes_value(Comparison comparison) { return comparison != Comparison::kIsNull; }

bool is_range(Comparison comparison) {
  return comparison == Comparison::kLess || comparison == Comparison::kLessOrEqual ||
         comparison == Comparison::kGreater || comparison == Comparison::kGreaterOrEqual;
}

bool is_text(const Column& column) { return column.type == "TEXT"; }

// Where both connections compare alike.
bool is_comparable(const Column& column, const char* collation) {
  const bool plain_type = column.type == "INT" || column.type == "INTEGER" ||
                          column.type == "REAL" || column.type == "TEXT";
  const bool built_in = same_name(column.collation, "BINARY") ||
                        same_name(column.collation, "NOCASE") ||
                        same_name(column.collation, "RTRIM");
  return plain_type && built_in && same_name(column.collation, collation);
}

// Fills in what the planner is told about one way to scan the table.
class Planner {
 public:
  Planner(const Definition& definition, sqlite3_index_info& info)
      : definition_(definition), table_(definition.schema()), info_(info) {}

  int plan() {
    note_columns();
    if (definition_.in_memory()) {
      info_.estimatedRows = 10;
      info_.estimatedCost = 10;
      return SQLITE_OK;
    }
    take_constraints();
    take_order();
    estimate();
    const std::string text = shape_.encode();
    info_.idxStr = sqlite3_mprintf("%s", text.c_str());
    info_.needToFreeIdxStr = 1;
    return info_.idxStr == nullptr ? SQLITE_NOMEM : SQLITE_OK;
  }

 private:
  void note_columns() {
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      const std::size_t bit = std::min(i, kCountedColumns);
      if ((info_.colUsed >> bit & 1U) != 0) shape_.columns.push_back(i);
    }
    const bool tells = definition_.kind == TableKind::kUpdate ||
                       definition_.kind == TableKind::kDelete ||
                       definition_.kind == TableKind::kReturned;
    if (tells && !shape_.columns.empty()) definition_.scope.names_columns = true;
  }

  void take_constraints() {
    equal_.assign(table_.columns.size(), false);
    int argument = 0;
    for (int i = 0; i < info_.nConstraint; ++i) {
      const auto& constraint = info_.aConstraint[i];
      const auto comparison = comparison_of(constraint.op);
      if (constraint.usable == 0 || !comparison || constraint.iColumn < 0) continue;
      if (argument == kMaxConstraints) break;
      const auto column = static_cast<std::size_t>(constraint.iColumn);
      if (column >= table_.columns.size()) continue;
      if (!is_comparable(table_.columns[column], sqlite3_vtab_collation(&info_, i))) continue;
      // IN gives one value at a time, compared without the column's affinity: wrong for text.
      const bool in = *comparison == Comparison::kEqual && sqlite3_vtab_in(&info_, i, -1) != 0;
      if (in && is_text(table_.columns[column])) continue;
      // A text of a loosely typed number column makes numbers of the texts that it is compared
      // with.
      if (is_range(*comparison) && is_text(table_.columns[column]) && !all_strict()) continue;
      info_.aConstraintUsage[i].argvIndex = ++argument;
      shape_.constraints.push_back({column, *comparison});
      const bool single = *comparison == Comparison::kEqual || *comparison == Comparison::kIs;
      if (single && !in) equal_[column] = true;
    }
  }

  [[nodiscard]] bool all_strict() const {
    return std::ranges::all_of(definition_.scope.keeper.schema().tables, &Table::strict);
  }

  // SQLite offers an order only where the terms have the columns' declared collations.
  void take_order() {
    if (definition_.kind != TableKind::kSelect || info_.nOrderBy == 0) return;
    for (int i = 0; i < info_.nOrderBy; ++i) {
      if (info_.aOrderBy[i].iColumn < 0) return;
    }
    for (int i = 0; i < info_.nOrderBy; ++i) {
      shape_.order.push_back(
          {static_cast<std::size_t>(info_.aOrderBy[i].iColumn), info_.aOrderBy[i].desc != 0});
    }
    info_.orderByConsumed = 1;
  }

  // An index with all columns bound finds one row; each leading column bound divides by twenty.
  void estimate() {
    const auto all = static_cast<double>(std::max<std::uint64_t>(table_.row_estimate, 10));
    double rows = all;
    double cost = all * 3;
    const auto consider = [&](const std::vector<std::size_t>& columns, bool unique) {
      std::size_t bound = 0;
      while (bound < columns.size() && equal_[columns[bound]]) ++bound;
      if (bound == 0) return;
      if (bound == columns.size() && unique) {
        rows = 1;
        cost = std::min(cost, 2.0);
        // Several texts are one number, if that is what a text is compared with.
        const bool texts = std::ranges::any_of(
            columns, [&](std::size_t column) { return is_text(table_.columns[column]); });
        if (!texts) info_.idxFlags = SQLITE_INDEX_SCAN_UNIQUE;
        return;
      }
      double left = all;
      for (std::size_t i = 0; i < bound; ++i) left /= 20;
      left = std::max(left, 2.0);
      rows = std::min(rows, left);
      cost = std::min(cost, 3 * left);
    };
    if (table_.integer_key) consider({*table_.integer_key}, true);
    if (!table_.key.empty()) consider(table_.key, true);
    for (const Index& index : table_.indexes) consider(index.columns, index.unique);
    if (rows > 2 && !shape_.constraints.empty()) rows = std::max(rows / 2, 2.0);
    info_.estimatedRows = static_cast<sqlite3_int64>(rows);
    info_.estimatedCost = cost;
  }

  const Definition& definition_;
  const Table& table_;
  sqlite3_index_info& info_;
  Shape shape_;
  std::vector<bool> equal_;
};

// ---- Scanning ----------------------------------------------------------------------------------

ScanRequest request_of(const Shape& shape, std::uint64_t dropped, std::size_t columns) {
  ScanRequest request;
  for (std::size_t i = 0; i < shape.constraints.size(); ++i) {
    if ((dropped >> i & 1U) == 0) request.constraints.push_back(shape.constraints[i]);
  }
  request.order.assign(shape.order.begin(), shape.order.end());
  request.columns.assign(columns, false);
  for (const std::size_t column : shape.columns) request.columns[column] = true;
  return request;
}

int advance(Cursor& cursor) {
  if (cursor.rows != nullptr) {
    cursor.at_end = cursor.row >= cursor.rows->size();
    return SQLITE_OK;
  }
  const int status = sqlite3_step(cursor.statement.get());
  cursor.at_end = status != SQLITE_ROW;
  if (status == SQLITE_ROW) return SQLITE_OK;
  GuestScope& scope = cursor.definition.scope;
  if (status == SQLITE_DONE) {
    sqlite3_reset(cursor.statement.get());  // else the keeper's transaction could not end
    return SQLITE_OK;
  }
  return fail(scope, sqlite_error(scope.keeper.connection()));
}

int filter_memory(Cursor& cursor) {
  const Definition& definition = cursor.definition;
  static const std::vector<StoredRow> kNone;
  cursor.rows = definition.scope.rows(definition.kind, definition.table);
  if (cursor.rows == nullptr) cursor.rows = &kNone;
  cursor.row = 0;
  cursor.may_read = definition.kind != TableKind::kReturned || definition.scope.may_return;
  return advance(cursor);
}

// A text column compared with a number: SQLite compares as numbers where the guest's text says so,
// and the keeper's connection would compare as text. The guest's side looks at every row then.
std::uint64_t incomparable(const Shape& shape, const Table& table, int count,
                           sqlite3_value** values) {
  std::uint64_t dropped = 0;
  for (int i = 0; i < count; ++i) {
    const auto& constraint = shape.constraints[static_cast<std::size_t>(i)];
    if (!is_text(table.columns[constraint.column]) || !takes_value(constraint.comparison)) continue;
    const int type = sqlite3_value_type(values[i]);
    if (type != SQLITE_TEXT && type != SQLITE_NULL) dropped |= std::uint64_t{1} << i;
  }
  return dropped;
}

int prepare_scan(Cursor& cursor, std::uint64_t dropped) {
  const Definition& definition = cursor.definition;
  GuestScope& scope = definition.scope;
  const bool need = definition.kind != TableKind::kSelect && cursor.may_read;
  if (need) scope.target_read = true;
  std::string shape = cursor.plan;
  if (dropped != 0) shape += fmt::format("-{}", dropped);
  auto statement = scope.keeper.scan(definition.table, definition.command(), need, shape, [&] {
    return request_of(cursor.shape, dropped, definition.schema().columns.size());
  });
  if (!statement) return fail(scope, std::move(statement.error()));
  cursor.statement = std::move(*statement);
  cursor.dropped = dropped;
  return SQLITE_OK;
}

int filter(sqlite3_vtab_cursor* raw, int /*number*/, const char* plan, int count,
           sqlite3_value** values) {
  Cursor& cursor = cursor_of(raw);
  const Definition& definition = cursor.definition;
  if (definition.in_memory()) return filter_memory(cursor);
  if (cursor.plan != plan) {
    cursor.plan = plan;
    cursor.shape = Shape::decode(plan);
    cursor.statement = {};
    cursor.may_read = definition.kind == TableKind::kSelect || !cursor.shape.columns.empty() ||
                      !cursor.shape.constraints.empty();
  }
  const std::uint64_t dropped = incomparable(cursor.shape, definition.schema(), count, values);
  if (cursor.statement && cursor.dropped == dropped) {
    sqlite3_reset(cursor.statement.get());
  } else if (const int status = prepare_scan(cursor, dropped); status != SQLITE_OK) {
    return status;
  }
  int parameter = 1;
  for (int i = 0; i < count; ++i) {
    if ((dropped >> i & 1U) != 0) continue;
    if (!takes_value(cursor.shape.constraints[static_cast<std::size_t>(i)].comparison)) continue;
    sqlite3_bind_value(cursor.statement.get(), parameter++, values[i]);
  }
  return advance(cursor);
}

std::size_t key_width(const Table& table) { return std::max<std::size_t>(table.key.size(), 1); }

int column(sqlite3_vtab_cursor* raw, sqlite3_context* context, int index) {
  const Cursor& cursor = cursor_of(raw);
  if (!cursor.may_read) {  // the planner's colUsed was wrong: never show a row it did not ask for
    return fail(cursor.definition.scope,
                {SqlState::kInsufficientPrivilege, "a column was read without the SELECT policy",
                 std::nullopt});
  }
  if (cursor.rows != nullptr) {
    const StoredRow& row = (*cursor.rows)[cursor.row];
    sqlite3_result_value(context, row[static_cast<std::size_t>(index)].get());
    return SQLITE_OK;
  }
  const int from = static_cast<int>(key_width(cursor.definition.schema())) + index;
  sqlite3_stmt* const statement = cursor.statement.get();
  if (sqlite3_column_type(statement, from) == SQLITE_INTEGER) {
    sqlite3_result_int64(context, sqlite3_column_int64(statement, from));
  } else {
    sqlite3_result_value(context, sqlite3_column_value(statement, from));
  }
  return SQLITE_OK;
}

// SQLite asks for rowids of its own to tell rows apart; guests cannot name that of a plain table.
int rowid(sqlite3_vtab_cursor* raw, sqlite3_int64* number) {
  const Cursor& cursor = cursor_of(raw);
  const Definition& definition = cursor.definition;
  if (cursor.rows != nullptr) {
    *number = static_cast<sqlite3_int64>(cursor.row);
    return SQLITE_OK;
  }
  const Table& table = definition.schema();
  sqlite3_stmt* const statement = cursor.statement.get();
  *number =
      definition.kind == TableKind::kSelect && table.key.empty()
          ? sqlite3_column_int64(statement, 0)
          : definition.scope.handle(definition.table, encode_key(statement, key_width(table)));
  return SQLITE_OK;
}

// ---- SQLite's module ---------------------------------------------------------------------------

int connect(sqlite3* guest, void* data, int /*count*/, const char* const* /*words*/,
            sqlite3_vtab** made, char** error) {
  auto& definition = *static_cast<Definition*>(data);
  definition.scope.declaring = true;
  const int status = sqlite3_declare_vtab(guest, declaration(definition.schema()).c_str());
  definition.scope.declaring = false;
  if (status != SQLITE_OK) {
    *error = sqlite3_mprintf("%s", sqlite3_errmsg(guest));
    return status;
  }
  *made = new (std::nothrow) GuardedTable(definition);
  return *made == nullptr ? SQLITE_NOMEM : SQLITE_OK;
}

int disconnect(sqlite3_vtab* table) {
  delete static_cast<GuardedTable*>(table);
  return SQLITE_OK;
}

int best_index(sqlite3_vtab* table, sqlite3_index_info* info) {
  return Planner(definition_of(table), *info).plan();
}

int open_cursor(sqlite3_vtab* table, sqlite3_vtab_cursor** made) {
  *made = new (std::nothrow) Cursor(definition_of(table));
  return *made == nullptr ? SQLITE_NOMEM : SQLITE_OK;
}

int close_cursor(sqlite3_vtab_cursor* cursor) {
  delete &cursor_of(cursor);
  return SQLITE_OK;
}

int next(sqlite3_vtab_cursor* cursor) {
  ++cursor_of(cursor).row;
  return advance(cursor_of(cursor));
}

int eof(sqlite3_vtab_cursor* cursor) { return cursor_of(cursor).at_end ? 1 : 0; }

// No xCreate: the tables are there by name and cannot be made. No xUpdate: they are read-only.
const sqlite3_module& module() {
  static const sqlite3_module kModule = [] {
    sqlite3_module made{};
    made.iVersion = 2;
    made.xConnect = &connect;
    made.xBestIndex = &best_index;
    made.xDisconnect = &disconnect;
    made.xOpen = &open_cursor;
    made.xClose = &close_cursor;
    made.xFilter = &filter;
    made.xNext = &next;
    made.xEof = &eof;
    made.xColumn = &column;
    made.xRowid = &rowid;
    return made;
  }();
  return kModule;
}

}  // namespace

void GuestScope::clear() {
  target_read = false;
  may_return = false;
  names_columns = false;
  failure.reset();
  handles_.clear();
  keys_.clear();
  rows_.clear();
}

std::int64_t GuestScope::handle(std::size_t table, RowKey key) {
  const auto next = static_cast<std::int64_t>(keys_.size());
  const auto [place, is_new] = handles_.try_emplace(std::to_string(table) + ":" + key, next);
  if (is_new) keys_.push_back(std::move(key));
  return place->second;
}

SqlResult<RowKey> GuestScope::key_of(std::int64_t handle) const {
  if (handle < 0 || static_cast<std::size_t>(handle) >= keys_.size()) {
    return sql_fail(SqlState::kInternalError, "a change names a row that was never read");
  }
  return keys_[static_cast<std::size_t>(handle)];
}

void GuestScope::set_rows(TableKind kind, std::size_t table, std::vector<StoredRow> rows) {
  rows_[{kind, table}] = std::move(rows);
}

const std::vector<StoredRow>* GuestScope::rows(TableKind kind, std::size_t table) const {
  const auto found = rows_.find({kind, table});
  return found == rows_.end() ? nullptr : &found->second;
}

SqlResult<void> install_guarded_tables(sqlite3* guest, GuestScope& scope) {
  const auto& tables = scope.keeper.schema().tables;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    for (const auto& [kind, prefix] : kKinds) {
      const std::string name = std::string(prefix) + tables[i].name;
      // SQLite calls the destructor also when this fails.
      const int status =
          sqlite3_create_module_v2(guest, name.c_str(), &module(), new Definition{scope, i, kind},
                                   [](void* data) { delete static_cast<Definition*>(data); });
      if (status != SQLITE_OK) return sql_fail(sqlite_error(guest));
    }
  }
  return {};
}

}  // namespace database::sqlite
