#include "database/sqlite/access_store.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "database/sql/scanner.h"
#include "database/sqlite/query.h"
#include "database/sqlite/schema.h"
#include "database/sqlite/schema_loader.h"

namespace database::sqlite {
namespace {

constexpr std::array<std::string_view, 1> kSchema{
    "CREATE TABLE _roost_row_security (tbl TEXT COLLATE NOCASE PRIMARY KEY,"
    " enabled INTEGER NOT NULL DEFAULT 0, forced INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE TABLE _roost_policy (tbl TEXT NOT NULL COLLATE NOCASE, name TEXT NOT NULL,"
    " command TEXT NOT NULL, permissive INTEGER NOT NULL, roles TEXT NOT NULL,"
    " using_text TEXT NOT NULL, check_text TEXT NOT NULL, PRIMARY KEY (tbl, name)) STRICT;"
    "CREATE TABLE _roost_grant (tbl TEXT NOT NULL COLLATE NOCASE, privilege TEXT NOT NULL,"
    " roles TEXT NOT NULL, PRIMARY KEY (tbl, privilege)) STRICT;"};
constexpr std::array kTables{"_roost_row_security", "_roost_policy", "_roost_grant"};

std::unexpected<SqlError> no_policy(std::string_view name, std::string_view table) {
  return sql_fail(SqlState::kUndefinedObject,
                  fmt::format("policy \"{}\" for table \"{}\" does not exist", name, table));
}

std::unexpected<SqlError> policy_exists(std::string_view name, std::string_view table) {
  return sql_fail(SqlState::kDuplicateObject,
                  fmt::format("policy \"{}\" for table \"{}\" already exists", name, table));
}

// In a table's text. It is SQLite's dialect; where the scanner reads it otherwise, a word too many
// is seen, never one too few.
bool has_conflict_clause(std::string_view sql) {
  sql::Scanner scanner(sql);
  bool on = false;
  while (const auto token = scanner.next()) {
    if (on && token->is("conflict")) return true;
    on = token->is("on");
  }
  return false;
}

std::string condition_query(const Table& table, const Condition& condition) {
  const std::string name = quote_name(table.name);
  return fmt::format("SELECT 1 FROM main.{} AS {} WHERE ({})", name, name, condition.text);
}

// As guests' connections will use it.
SqlResult<void> check_policy(sqlite3* connection, const Schema& schema, std::size_t table,
                             TablePolicy policy) {
  if (auto translated = translate(policy, schema, table); !translated) return translated;
  for (const Condition* condition : {&policy.use, &policy.check}) {
    if (condition->text.empty()) continue;
    auto prepared = prepare(connection, condition_query(schema.tables[table], *condition));
    if (!prepared) return sql_fail(std::move(prepared.error()));
  }
  return {};
}

// Rows are found again by "rowid", which such a column would hide.
SqlResult<void> check_rowid(const Table& table) {
  const auto column = table.column("rowid");
  if (!column || !table.key.empty() || table.integer_key == column) return {};
  return sql_fail(SqlState::kFeatureNotSupported,
                  fmt::format("table \"{}\" cannot be granted: its column \"rowid\" hides SQLite's "
                              "own; rename it",
                              table.name));
}

}  // namespace

std::span<const std::string_view> access_schema() { return kSchema; }

// ---- Tables ------------------------------------------------------------------------------------

SqlResult<std::optional<AccessStore::Found>> AccessStore::find_table(std::string_view name,
                                                                     Missing missing) {
  std::optional<Found> found;
  std::string kind;
  auto read = each_row(connection_,
                       "SELECT name, type, strict FROM pragma_table_list"
                       " WHERE schema = 'main' AND name = ?1 COLLATE NOCASE",
                       {name}, [&](sqlite3_stmt* row) {
                         found = Found{text_at(row, 0), sqlite3_column_int(row, 2) != 0};
                         kind = text_at(row, 1);
                       });
  if (!read) return sql_fail(std::move(read.error()));
  if (!found || is_reserved(name)) {
    if (missing == Missing::kAllowed) return std::optional<Found>();
    return sql_fail(SqlState::kUndefinedTable, fmt::format("relation \"{}\" does not exist", name));
  }
  if (kind != "table") {
    return sql_fail(SqlState::kFeatureNotSupported,
                    fmt::format("\"{}\" is a {}{}: only plain tables have policies and grants",
                                found->name, kind, kind == "view" ? "" : " table"));
  }
  return found;
}

SqlResult<void> AccessStore::rename_table(std::string_view from, std::string_view to) {
  for (const std::string_view table : kTables) {
    auto renamed = change(
        connection_, fmt::format("UPDATE main.{} SET tbl = ?2 WHERE tbl = ?1", table), {from, to});
    if (!renamed) return renamed;
  }
  return {};
}

SqlResult<void> AccessStore::forget_dropped() {
  for (const std::string_view table : kTables) {
    auto forgotten =
        change(connection_, fmt::format("DELETE FROM main.{} WHERE NOT EXISTS (SELECT 1 FROM"
                                        " main.sqlite_schema AS s WHERE s.type = 'table' AND"
                                        " s.name = tbl COLLATE NOCASE)",
                                        table));
    if (!forgotten) return forgotten;
  }
  return {};
}

SqlResult<void> AccessStore::validate() {
  auto schema = read_schema(connection_);
  if (!schema) return sql_fail(std::move(schema.error()));
  for (std::size_t i = 0; i < schema->tables.size(); ++i) {
    const Table& table = schema->tables[i];
    if (table.grants != Grants()) {
      if (auto fits = check_rowid(table); !fits) return fits;
    }
    if (table.row_security) {
      if (auto fits = check_strict({table.name, table.strict}); !fits) return fits;
    }
    for (const TablePolicy& policy : table.policies) {
      auto checked = check_policy(connection_, *schema, i, policy);
      if (checked) continue;
      return sql_fail(checked.error().state,
                      fmt::format("policy \"{}\" on \"{}\": {}; drop or alter it first",
                                  policy.policy.name, table.name, checked.error().message));
    }
  }
  return {};
}

SqlResult<std::vector<std::string>> AccessStore::forced() {
  std::vector<std::string> names;
  auto read = each_row(connection_, "SELECT tbl FROM main._roost_row_security WHERE forced", {},
                       [&](sqlite3_stmt* row) { names.push_back(text_at(row, 0)); });
  if (!read) return sql_fail(std::move(read.error()));
  return names;
}

// ---- Policies ----------------------------------------------------------------------------------

SqlResult<void> AccessStore::apply(const sql::PolicyStatement& statement) {
  return std::visit([this](const auto& kind) { return run(kind); }, statement);
}

SqlResult<std::optional<Policy>> AccessStore::find_policy(std::string_view table,
                                                          std::string_view name) {
  auto schema = read_schema(connection_);
  if (!schema) return sql_fail(std::move(schema.error()));
  const auto index = schema->table(table);
  if (!index) return std::optional<Policy>();
  for (TablePolicy& policy : schema->tables[*index].policies) {
    if (policy.policy.name == name) return std::optional(std::move(policy.policy));
  }
  return std::optional<Policy>();
}

SqlResult<void> AccessStore::check_fits(const Policy& policy, const sql::ExpressionPlaces& places) {
  auto schema = read_schema(connection_);
  if (!schema) return sql_fail(std::move(schema.error()));
  const auto table = schema->table(policy.table);
  if (!table) {
    return sql_fail(SqlState::kUndefinedTable,
                    fmt::format("relation \"{}\" does not exist", policy.table));
  }
  // Each alone, to know which of them an error is of.
  for (const bool use : {true, false}) {
    Policy half = policy;
    (use ? half.check_text : half.using_text).clear();
    auto fits = check_policy(connection_, *schema, *table,
                             {.policy = std::move(half), .use = {}, .check = {}});
    if (fits) continue;
    SqlError error = std::move(fits.error());
    const auto& place = use ? places.use : places.check;
    error.position =
        error.position && place ? std::optional(*error.position + *place) : std::nullopt;
    return sql_fail(std::move(error));
  }
  return {};
}

SqlResult<void> AccessStore::store(const Policy& policy, const sql::ExpressionPlaces& places) {
  if (auto fits = check_fits(policy, places); !fits) return fits;
  return change(connection_,
                "INSERT INTO main._roost_policy"
                " (tbl, name, command, permissive, roles, using_text, check_text)"
                " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (tbl, name) DO UPDATE SET"
                " roles = excluded.roles, using_text = excluded.using_text,"
                " check_text = excluded.check_text",
                {policy.table, policy.name, name_of(policy.command), policy.permissive ? "1" : "0",
                 policy.roles.text(), policy.using_text, policy.check_text});
}

SqlResult<void> AccessStore::run(const sql::CreatePolicy& create) {
  auto table = find_table(create.policy.table, Missing::kError);
  if (!table) return sql_fail(std::move(table.error()));
  Policy policy = create.policy;
  policy.table = (*table)->name;
  const auto existing = find_policy(policy.table, policy.name);
  if (!existing) return sql_fail(existing.error());
  if (*existing) return policy_exists(policy.name, policy.table);
  return store(policy, create.places);
}

SqlResult<void> AccessStore::rename_policy(const sql::AlterPolicy& alter, std::string_view table) {
  const auto taken = find_policy(table, *alter.new_name);
  if (!taken) return sql_fail(taken.error());
  if (*taken) return policy_exists(*alter.new_name, table);
  return change(connection_, "UPDATE main._roost_policy SET name = ?3 WHERE tbl = ?1 AND name = ?2",
                {table, alter.name, *alter.new_name});
}

SqlResult<void> AccessStore::run(const sql::AlterPolicy& alter) {
  auto table = find_table(alter.table, alter.if_exists ? Missing::kAllowed : Missing::kError);
  if (!table) return sql_fail(std::move(table.error()));
  if (!*table) return {};
  auto found = find_policy((*table)->name, alter.name);
  if (!found) return sql_fail(std::move(found.error()));
  if (!*found) {
    return alter.if_exists ? SqlResult<void>() : no_policy(alter.name, (*table)->name);
  }
  if (alter.new_name) return rename_policy(alter, (*table)->name);
  Policy& policy = **found;
  const bool reads_only = policy.command == Command::kSelect || policy.command == Command::kDelete;
  if (alter.check_text && reads_only) {
    return sql_fail(SqlState::kSyntaxError, "only USING expression allowed for SELECT, DELETE");
  }
  if (alter.using_text && policy.command == Command::kInsert) {
    return sql_fail(SqlState::kSyntaxError, "only WITH CHECK expression allowed for INSERT");
  }
  if (alter.roles) policy.roles = *alter.roles;
  if (alter.using_text) policy.using_text = *alter.using_text;
  if (alter.check_text) policy.check_text = *alter.check_text;
  return store(policy, alter.places);
}

SqlResult<void> AccessStore::run(const sql::DropPolicy& drop) {
  auto table = find_table(drop.table, drop.if_exists ? Missing::kAllowed : Missing::kError);
  if (!table) return sql_fail(std::move(table.error()));
  if (!*table) return {};
  if (auto dropped =
          change(connection_, "DELETE FROM main._roost_policy WHERE tbl = ?1 AND name = ?2",
                 {(*table)->name, drop.name});
      !dropped) {
    return dropped;
  }
  if (sqlite3_changes(connection_) > 0 || drop.if_exists) return {};
  return no_policy(drop.name, (*table)->name);
}

// ---- Row security and grants -------------------------------------------------------------------

SqlResult<void> AccessStore::check_strict(const Found& table) {
  if (!table.strict) {
    return sql_fail(
        SqlState::kFeatureNotSupported,
        fmt::format("row-level security needs a STRICT table, whose values have the types that "
                    "policies compare, and \"{0}\" is not one: make a new table with STRICT "
                    "behind its columns, INSERT INTO it SELECT * FROM \"{0}\", drop \"{0}\" and "
                    "rename the new one",
                    table.name));
  }
  bool resolves = false;
  auto read =
      each_row(connection_, "SELECT sql FROM main.sqlite_schema WHERE name = ?1", {table.name},
               [&](sqlite3_stmt* row) { resolves = has_conflict_clause(text_at(row, 0)); });
  if (!read) return read;
  if (!resolves) return {};
  return sql_fail(SqlState::kFeatureNotSupported,
                  fmt::format("row-level security cannot hold for \"{}\": an ON CONFLICT clause in "
                              "one of its constraints would change rows past the policies; make "
                              "the table without it",
                              table.name));
}

SqlResult<void> AccessStore::run(const sql::AlterRowSecurity& alter) {
  auto table = find_table(alter.table, alter.if_exists ? Missing::kAllowed : Missing::kError);
  if (!table) return sql_fail(std::move(table.error()));
  if (!*table) return {};
  if (alter.enabled.value_or(false)) {
    if (auto fits = check_strict(**table); !fits) return fits;
  }
  struct Switch {
    std::string_view column;
    std::optional<bool> value;
  };
  for (const auto& [column, value] :
       {Switch{"enabled", alter.enabled}, Switch{"forced", alter.forced}}) {
    if (!value) continue;
    auto set = change(connection_,
                      fmt::format("INSERT INTO main._roost_row_security (tbl, {0}) VALUES (?1, {1})"
                                  " ON CONFLICT (tbl) DO UPDATE SET {0} = {1}",
                                  column, *value ? 1 : 0),
                      {(*table)->name});
    if (!set) return set;
  }
  return {};
}

// Each table once, under its own name.
SqlResult<std::vector<std::string>> AccessStore::granted_tables(const sql::AlterGrants& alter) {
  std::vector<std::string> names;
  if (alter.tables.empty()) {
    const auto schema = read_schema(connection_);
    if (!schema) return sql_fail(schema.error());
    for (const Table& table : schema->tables) names.push_back(table.name);
    return names;
  }
  for (const std::string& name : alter.tables) {
    auto table = find_table(name, Missing::kError);
    if (!table) return sql_fail(std::move(table.error()));
    names.push_back((*table)->name);
  }
  return names;
}

SqlResult<void> AccessStore::alter_grant(std::string_view table, Command privilege,
                                         const sql::AlterGrants& alter) {
  RoleSet roles;
  bool readable = true;
  auto read =
      each_row(connection_, "SELECT roles FROM main._roost_grant WHERE tbl = ?1 AND privilege = ?2",
               {table, name_of(privilege)}, [&](sqlite3_stmt* row) {
                 const auto stored = RoleSet::parse(text_at(row, 0));
                 readable = stored.has_value();
                 roles = stored.value_or(RoleSet());
               });
  if (!read) return read;
  if (!readable) {
    return sql_fail(SqlState::kIoError,
                    fmt::format("the stored grants of \"{}\" cannot be read: restore the database "
                                "from a backup",
                                table));
  }
  if (alter.grant) {
    roles.add(alter.roles);
  } else {
    roles.remove(alter.roles);
  }
  if (roles.empty()) {
    return change(connection_, "DELETE FROM main._roost_grant WHERE tbl = ?1 AND privilege = ?2",
                  {table, name_of(privilege)});
  }
  return change(connection_,
                "INSERT INTO main._roost_grant (tbl, privilege, roles) VALUES (?1, ?2, ?3)"
                " ON CONFLICT (tbl, privilege) DO UPDATE SET roles = excluded.roles",
                {table, name_of(privilege), roles.text()});
}

SqlResult<void> AccessStore::run(const sql::AlterGrants& alter) {
  if (alter.privileges.empty()) return {};  // of the schema
  auto tables = granted_tables(alter);
  if (!tables) return sql_fail(std::move(tables.error()));
  for (const std::string& table : *tables) {
    for (const Command privilege : alter.privileges) {
      if (auto altered = alter_grant(table, privilege, alter); !altered) return altered;
    }
  }
  return {};
}

}  // namespace database::sqlite
