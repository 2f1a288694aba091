#include "database/sqlite/schema_loader.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/ascii.h"
#include "database/sqlite/administration.h"
#include "database/sqlite/failure.h"
#include "database/sqlite/query.h"
#include "database/sqlite/translation.h"

namespace database::sqlite {
namespace {

constexpr std::uint64_t kCounted = 1000;  // rows that are counted one by one
constexpr std::int64_t kMaxEstimate = 1'000'000'000;

// A table's parts, read by one connection.
class Loader {
 public:
  Loader(sqlite3* connection, Schema& schema) : connection_(connection), schema_(schema) {}

  SqlResult<void> load();

 private:
  SqlResult<void> load_tables();
  SqlResult<void> load_columns(Table& table);
  void read_column(Table& table, sqlite3_stmt* row);
  SqlResult<void> load_indexes(Table& table);
  SqlResult<void> load_index(Table& table, std::string_view name, bool unique);
  SqlResult<void> estimate_rows(Table& table);
  SqlResult<void> load_triggers();
  SqlResult<void> load_cascades();
  SqlResult<void> load_access();
  SqlResult<void> load_grants();
  SqlResult<void> load_policies();
  SqlResult<bool> exists(std::string_view table);
  Table* table_named(std::string_view name);

  sqlite3* connection_;
  Schema& schema_;
  // Of the table being read: its primary key, by place in it.
  std::map<int, std::size_t> key_;
  std::set<std::string> without_rowid_;
};

Table* Loader::table_named(std::string_view name) {
  const auto index = schema_.table(name);
  return index ? &schema_.tables[*index] : nullptr;
}

SqlResult<bool> Loader::exists(std::string_view table) {
  bool found = false;
  auto read = each_row(connection_, "SELECT 1 FROM main.sqlite_schema WHERE name = ?1", {table},
                       [&](sqlite3_stmt*) { found = true; });
  if (!read) return sql_fail(std::move(read.error()));
  return found;
}

SqlResult<void> Loader::load() {
  auto version = schema_version(connection_);
  if (!version) return sql_fail(std::move(version.error()));
  schema_.version = *version;
  // An ordinary query notices that another connection has changed the schema; a PRAGMA does not.
  auto known = exists("_roost_policy");
  if (!known) return sql_fail(std::move(known.error()));
  if (auto loaded = load_tables(); !loaded) return loaded;
  for (Table& table : schema_.tables) {
    if (auto loaded = load_columns(table); !loaded) return loaded;
    if (auto loaded = load_indexes(table); !loaded) return loaded;
    if (auto estimated = estimate_rows(table); !estimated) return estimated;
  }
  if (auto loaded = load_triggers(); !loaded) return loaded;
  if (auto loaded = load_cascades(); !loaded) return loaded;
  return *known ? load_access() : SqlResult<void>();
}

SqlResult<void> Loader::load_tables() {
  return each_row(connection_,
                  "SELECT name, wr, strict FROM pragma_table_list WHERE schema = 'main' AND"
                  " type = 'table' ORDER BY name",
                  {}, [&](sqlite3_stmt* row) {
                    Table table;
                    table.name = text_at(row, 0);
                    table.strict = sqlite3_column_int(row, 2) != 0;
                    if (is_reserved(table.name)) return;
                    if (sqlite3_column_int(row, 1) != 0) without_rowid_.insert(table.name);
                    schema_.tables.push_back(std::move(table));
                  });
}

void Loader::read_column(Table& table, sqlite3_stmt* row) {
  constexpr int kVirtual = 2, kStored = 3;
  const int hidden = sqlite3_column_int(row, 5);
  Column column;
  column.name = text_at(row, 0);
  column.type = base::to_upper(text_at(row, 1));
  column.not_null = sqlite3_column_int(row, 2) != 0;
  column.default_text = text_at(row, 3);
  column.generated = hidden == kVirtual || hidden == kStored;
  if (const int place = sqlite3_column_int(row, 4); place > 0) key_[place] = table.columns.size();
  table.columns.push_back(std::move(column));
}

SqlResult<void> Loader::load_columns(Table& table) {
  key_.clear();
  auto read = each_row(
      connection_,
      "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?1, 'main')",
      {table.name}, [&](sqlite3_stmt* row) { read_column(table, row); });
  if (!read) return read;
  for (Column& column : table.columns) {
    const char* collation = nullptr;
    if (sqlite3_table_column_metadata(connection_, "main", table.name.c_str(), column.name.c_str(),
                                      nullptr, &collation, nullptr, nullptr,
                                      nullptr) != SQLITE_OK) {
      return sql_fail(sqlite_error(connection_));
    }
    column.collation = collation == nullptr ? "BINARY" : collation;
  }
  return {};
}

SqlResult<void> Loader::load_indexes(Table& table) {
  struct Found {
    std::string name;
    bool unique;
  };
  std::vector<Found> found;
  bool has_key_index = false;
  auto read = each_row(connection_,
                       "SELECT name, \"unique\", origin, partial"
                       " FROM pragma_index_list(?1, 'main') ORDER BY name",
                       {table.name}, [&](sqlite3_stmt* row) {
                         if (text_at(row, 2) == "pk") has_key_index = true;
                         // A partial one serves no question that a guest's scan asks.
                         if (sqlite3_column_int(row, 3) != 0) return;
                         found.push_back({text_at(row, 0), sqlite3_column_int(row, 1) != 0});
                       });
  if (!read) return read;
  for (const auto& [name, unique] : found) {
    if (auto loaded = load_index(table, name, unique); !loaded) return loaded;
  }
  if (without_rowid_.contains(table.name)) {
    for (const auto& [place, column] : key_) table.key.push_back(column);
  } else if (key_.size() == 1 && !has_key_index) {
    // A key with an index of its own is not the rowid: TEXT, or INTEGER … DESC.
    table.integer_key = key_.begin()->second;
    table.columns[*table.integer_key].not_null = true;
  }
  return {};
}

// Columns up to the first that is an expression, or compares otherwise than its column does: what
// is behind it finds nothing by equality, and the index says nothing of what is unique.
SqlResult<void> Loader::load_index(Table& table, std::string_view name, bool unique) {
  Index index{.columns = {}, .unique = unique};
  bool usable = true;
  auto read =
      each_row(connection_,
               "SELECT cid, coll FROM pragma_index_xinfo(?1, 'main') WHERE key = 1 ORDER BY seqno",
               {name}, [&](sqlite3_stmt* row) {
                 const int column = sqlite3_column_int(row, 0);
                 usable = usable && column >= 0 &&
                          same_name(table.columns[static_cast<std::size_t>(column)].collation,
                                    text_at(row, 1));
                 if (usable) {
                   index.columns.push_back(static_cast<std::size_t>(column));
                 } else {
                   index.unique = false;
                 }
               });
  if (!read) return read;
  if (!index.columns.empty()) table.indexes.push_back(std::move(index));
  return {};
}

// Never by a full scan.
SqlResult<void> Loader::estimate_rows(Table& table) {
  const auto analyzed = exists("sqlite_stat1");
  if (!analyzed) return sql_fail(analyzed.error());
  const auto take = [&](sqlite3_stmt* row) {
    // Of a statistic "1000 10 1" the first number counts the rows.
    const std::int64_t rows = sqlite3_column_int64(row, 0);
    table.row_estimate =
        static_cast<std::uint64_t>(std::clamp<std::int64_t>(rows, 0, kMaxEstimate));
  };
  if (*analyzed) {
    auto read = each_row(connection_,
                         "SELECT CAST(stat AS INTEGER) FROM main.sqlite_stat1 WHERE tbl = ?1"
                         " ORDER BY 1 DESC LIMIT 1",
                         {table.name}, take);
    if (!read || table.row_estimate > 0) return read;
  }
  const std::string name = quote_name(table.name);
  auto counted =
      each_row(connection_,
               fmt::format("SELECT count(*) FROM (SELECT 1 FROM main.{} LIMIT {})", name, kCounted),
               {}, take);
  if (!counted || table.row_estimate < kCounted || !table.key.empty()) return counted;
  return each_row(connection_,
                  fmt::format("SELECT max({}, max(rowid)) FROM main.{}", kCounted, name), {}, take);
}

SqlResult<void> Loader::load_triggers() {
  return each_row(connection_,
                  "SELECT name, tbl_name FROM main.sqlite_schema WHERE type = 'trigger'", {},
                  [&](sqlite3_stmt* row) {
                    Table* const table = table_named(text_at(row, 1));
                    if (table == nullptr) return;
                    (is_reserved(text_at(row, 0)) ? table->captured : table->has_triggers) = true;
                  });
}

SqlResult<void> Loader::load_cascades() {
  return each_row(
      connection_,
      "WITH RECURSIVE reference(parent, child) AS (SELECT lower(f.\"table\"), lower(s.name)"
      " FROM main.sqlite_schema AS s, pragma_foreign_key_list(s.name, 'main') AS f"
      " WHERE s.type = 'table' AND f.on_delete = 'CASCADE'),"
      " cascade(origin, child) AS (SELECT parent, child FROM reference UNION"
      " SELECT c.origin, r.child FROM cascade AS c JOIN reference AS r ON r.parent = c.child)"
      " SELECT origin FROM cascade WHERE origin = child",
      {}, [&](sqlite3_stmt* row) {
        Table* const table = table_named(text_at(row, 0));
        if (table != nullptr) table->cascades_to_itself = true;
      });
}

SqlResult<void> Loader::load_access() {
  auto security = each_row(connection_, "SELECT tbl FROM main._roost_row_security WHERE enabled",
                           {}, [&](sqlite3_stmt* row) {
                             Table* const table = table_named(text_at(row, 0));
                             if (table != nullptr) table->row_security = true;
                           });
  if (!security) return security;
  if (auto loaded = load_grants(); !loaded) return loaded;
  return load_policies();
}

// What does not read as it was written lets nobody in.
SqlResult<void> Loader::load_grants() {
  return each_row(connection_, "SELECT tbl, privilege, roles FROM main._roost_grant", {},
                  [&](sqlite3_stmt* row) {
                    Table* const table = table_named(text_at(row, 0));
                    const auto privilege = command_named(text_at(row, 1));
                    const auto roles = RoleSet::parse(text_at(row, 2));
                    if (table == nullptr || !privilege || *privilege == Command::kAll || !roles) {
                      return;
                    }
                    table->grants.of(*privilege) = *roles;
                  });
}

SqlResult<void> Loader::load_policies() {
  std::string unreadable;
  auto read = each_row(
      connection_,
      "SELECT tbl, name, command, permissive, roles, using_text, check_text"
      " FROM main._roost_policy ORDER BY tbl, name",
      {}, [&](sqlite3_stmt* row) {
        Table* const table = table_named(text_at(row, 0));
        if (table == nullptr) return;
        const auto command = command_named(text_at(row, 2));
        const auto roles = RoleSet::parse(text_at(row, 4));
        if (!command || !roles) {
          unreadable = text_at(row, 1);
          return;
        }
        table->policies.push_back({.policy = {.name = text_at(row, 1),
                                              .table = table->name,
                                              .command = *command,
                                              .permissive = sqlite3_column_int(row, 3) != 0,
                                              .roles = *roles,
                                              .using_text = text_at(row, 5),
                                              .check_text = text_at(row, 6)},
                                   .use = {},
                                   .check = {}});
      });
  if (!read || unreadable.empty()) return read;
  return sql_fail(SqlState::kIoError,
                  fmt::format("the stored policy \"{}\" cannot be read: restore the database from "
                              "a backup",
                              unreadable));
}

// One state of the file for several queries.
class Snapshot {
 public:
  explicit Snapshot(sqlite3* connection)
      : connection_(connection), own_(sqlite3_get_autocommit(connection) != 0) {}
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  ~Snapshot() {
    if (own_) static_cast<void>(execute(connection_, "ROLLBACK"));
  }
  SqlResult<void> begin() { return own_ ? execute(connection_, "BEGIN") : SqlResult<void>(); }

 private:
  sqlite3* connection_;
  bool own_;
};

std::string string_literal(std::string_view text) {
  std::string literal = "'";
  for (const char c : text) literal.append(c == '\'' ? 2 : 1, c);
  return literal + "'";
}

// A policy that no longer fits its table (another program changed it) fails what it guards, and
// nothing else.
Condition refusal(const TablePolicy& policy, const SqlError& error) {
  return {fmt::format(
              "roost_refuse({})",
              string_literal(fmt::format("{}: policy \"{}\" on \"{}\": {}", code_of(error.state),
                                         policy.policy.name, policy.policy.table, error.message))),
          {}};
}

}  // namespace

bool is_reserved(std::string_view name) {
  const auto starts = [name](std::string_view prefix) {
    return name.size() >= prefix.size() && same_name(name.substr(0, prefix.size()), prefix);
  };
  return starts("_roost_") || starts("sqlite_") || starts("pragma_") || starts("__") ||
         same_name(name, "json_each") || same_name(name, "json_tree");
}

SqlResult<Schema> read_schema(sqlite3* connection) {
  Snapshot snapshot(connection);
  if (auto begun = snapshot.begin(); !begun) return sql_fail(std::move(begun.error()));
  Schema schema;
  if (auto loaded = Loader(connection, schema).load(); !loaded) {
    return sql_fail(std::move(loaded.error()));
  }
  return schema;
}

SqlResult<void> translate(TablePolicy& policy, const Schema& schema, std::size_t table) {
  for (const auto& [text, condition] : {std::pair{&policy.policy.using_text, &policy.use},
                                        std::pair{&policy.policy.check_text, &policy.check}}) {
    if (text->empty()) continue;
    auto translated = translate_policy(*text, schema, table);
    if (!translated) return sql_fail(std::move(translated.error()));
    *condition = std::move(*translated);
  }
  return {};
}

SqlResult<SchemaPtr> load_schema(sqlite3* connection) {
  auto schema = read_schema(connection);
  if (!schema) return sql_fail(std::move(schema.error()));
  for (std::size_t i = 0; i < schema->tables.size(); ++i) {
    for (TablePolicy& policy : schema->tables[i].policies) {
      if (auto translated = translate(policy, *schema, i); !translated) {
        policy.use = policy.check = refusal(policy, translated.error());
      }
    }
  }
  return std::make_shared<const Schema>(std::move(*schema));
}

SqlResult<std::int64_t> schema_version(sqlite3* connection) {
  std::int64_t version = 0;
  auto read = each_row(connection, "PRAGMA main.schema_version", {},
                       [&](sqlite3_stmt* row) { version = sqlite3_column_int64(row, 0); });
  if (!read) return sql_fail(std::move(read.error()));
  return version;
}

}  // namespace database::sqlite
