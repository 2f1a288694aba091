#include "database/sqlite/composition.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace database::sqlite {
namespace {

// Arguments of one function: SQLite's limit is 127.
constexpr std::size_t kArgumentsPerCall = 100;

std::string_view operator_of(Comparison comparison) {
  constexpr std::array<std::string_view, 7> kOperators{" = ?",  " < ?",  " <= ?",   " > ?",
                                                       " >= ?", " IS ?", " IS NULL"};
  return kOperators.at(static_cast<std::size_t>(comparison));
}

std::vector<std::string> key_names(const Table& table) {
  if (table.key.empty()) return {std::string(table.rowid_name())};
  std::vector<std::string> names;
  for (const std::size_t column : table.key)
    names.push_back(quote_name(table.columns[column].name));
  return names;
}

std::string key_equals(const Table& table) {
  std::string text;
  for (const std::string& name : key_names(table)) {
    if (!text.empty()) text += " AND ";
    text += fmt::format("{}.{} IS ?", quote_name(table.name), name);
  }
  return text;
}

std::string returning_all(const Table& table) {
  std::string text = " RETURNING ";
  for (const std::string& name : key_names(table)) text += name + ", ";
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (i > 0) text += ", ";
    text += quote_name(table.columns[i].name);
  }
  return text;
}

std::string from_main(const Table& table) {
  return fmt::format("main.{0} AS {0}", quote_name(table.name));
}

// A row of parameters with the types that storing would give them.
std::string proposed_row(const Table& table) {
  std::string text = "(SELECT ";
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    if (i > 0) text += ", ";
    const bool typed = !column.type.empty() && column.type != "ANY";
    text += typed ? fmt::format("CAST(? AS {})", quote_name(column.type)) : "?";
    if (column.collation != "BINARY") text += " COLLATE " + quote_name(column.collation);
    text += " AS " + quote_name(column.name);
  }
  return text + ") AS " + quote_name(table.name);
}

}  // namespace

bool Composition::guarded(std::size_t table) const {
  return schema_.tables[table].row_security && role_ != auth::Role::kServiceRole;
}

bool Composition::checks(std::size_t table) const { return guarded(table); }

SqlResult<void> Composition::check_grant(std::size_t table, Command command) const {
  const Table& which = schema_.tables[table];
  if (which.grants.of(command).contains(role_)) return {};
  const std::string_view role = auth::name_of(role_);
  return sql_fail(SqlState::kInsufficientPrivilege,
                  fmt::format("permission denied for table {0}: {1} has no {2} on it; "
                              "GRANT {2} ON {0} TO {1}",
                              which.name, role, name_of(command)));
}

Composition::Text Composition::condition(std::size_t table, Command command,
                                         bool with_check) const {
  if (!guarded(table)) return {"1", {}};
  std::string permissive;
  std::string restrictive;
  std::vector<std::size_t> tables;
  for (const TablePolicy& each : schema_.tables[table].policies) {
    const Policy& policy = each.policy;
    if (policy.command != Command::kAll && policy.command != command) continue;
    if (!policy.roles.contains(role_)) continue;
    const Condition& part = with_check && !each.check.text.empty() ? each.check : each.use;
    if (part.text.empty()) continue;
    if (policy.permissive) {
      permissive += (permissive.empty() ? "(" : " OR (") + part.text + ")";
    } else {
      restrictive += " AND (" + part.text + ")";
    }
    tables.insert(tables.end(), part.tables.begin(), part.tables.end());
  }
  if (permissive.empty()) return {"0", {}};
  return {"(" + permissive + ")" + restrictive, std::move(tables)};
}

Composition::Text Composition::visible(std::size_t table, Command command, bool need) const {
  Text text = condition(table, command, false);
  if (!need || command == Command::kSelect) return text;
  const Text select = condition(table, Command::kSelect, false);
  text.condition = "(" + text.condition + ") AND (" + select.condition + ")";
  text.tables.insert(text.tables.end(), select.tables.begin(), select.tables.end());
  return text;
}

Composition::Text Composition::checked(std::size_t table, Command command, bool need) const {
  Text text = condition(table, command, true);
  if (!need) return text;
  const Text select = condition(table, Command::kSelect, false);
  text.condition = "(" + text.condition + ") AND (" + select.condition + ")";
  text.tables.insert(text.tables.end(), select.tables.begin(), select.tables.end());
  return text;
}

struct Composition::Visit {
  std::vector<bool> open;
  std::vector<bool> done;
  std::string with;
};

// Depth first, so that each expression stands behind those it names.
SqlResult<void> Composition::visit(std::size_t table, Visit& state) const {
  const Table& which = schema_.tables[table];
  if (state.done[table]) return {};
  if (state.open[table]) {
    return sql_fail(
        SqlState::kInfinitePolicyRecursion,
        fmt::format("infinite recursion detected in policy for relation \"{}\"", which.name));
  }
  if (auto granted = check_grant(table, Command::kSelect); !granted) return granted;
  state.open[table] = true;
  const Text text = condition(table, Command::kSelect, false);
  for (const std::size_t named : text.tables) {
    if (auto visited = visit(named, state); !visited) return visited;
  }
  state.open[table] = false;
  state.done[table] = true;
  if (!guarded(table)) return {};
  const std::string name = quote_name(which.name);
  state.with += state.with.empty() ? "WITH " : ", ";
  state.with += name + " AS NOT MATERIALIZED (SELECT ";
  for (std::size_t i = 0; i < which.columns.size(); ++i) {
    if (i > 0) state.with += ", ";
    state.with += fmt::format("{}.{}", name, quote_name(which.columns[i].name));
  }
  state.with += fmt::format(" FROM {} WHERE {})", from_main(which), text.condition);
  return {};
}

SqlResult<std::string> Composition::prefix(const Text& text) const {
  if (text.tables.empty()) return std::string();
  Visit state{std::vector<bool>(schema_.tables.size()), std::vector<bool>(schema_.tables.size()),
              ""};
  for (const std::size_t table : text.tables) {
    if (auto visited = visit(table, state); !visited) return sql_fail(std::move(visited.error()));
  }
  if (!state.with.empty()) state.with += " ";
  return std::move(state.with);
}

SqlResult<std::string> Composition::scan(std::size_t table, Command command, bool need,
                                         const ScanRequest& request) const {
  const Table& which = schema_.tables[table];
  const Text policy = visible(table, command, need);
  auto text = prefix(policy);
  if (!text) return text;
  const std::string name = quote_name(which.name);
  std::string& sql = *text;
  sql += "SELECT ";
  for (const std::string& key : key_names(which)) sql += fmt::format("{}.{}, ", name, key);
  for (std::size_t i = 0; i < which.columns.size(); ++i) {
    if (i > 0) sql += ", ";
    sql += request.columns[i] ? name + "." + quote_name(which.columns[i].name) : "NULL";
  }
  sql += fmt::format(" FROM {} WHERE ({})", from_main(which), policy.condition);
  for (const ScanRequest::Constraint& constraint : request.constraints) {
    sql += fmt::format(" AND {}.{}{}", name, quote_name(which.columns[constraint.column].name),
                       operator_of(constraint.comparison));
  }
  for (std::size_t i = 0; i < request.order.size(); ++i) {
    sql += fmt::format("{}{}.{}{}", i == 0 ? " ORDER BY " : ", ", name,
                       quote_name(which.columns[request.order[i].column].name),
                       request.order[i].descending ? " DESC" : "");
  }
  return text;
}

SqlResult<std::string> Composition::keyed_row(std::size_t table, Command command, bool need) const {
  const Table& which = schema_.tables[table];
  ScanRequest request;
  request.columns.assign(which.columns.size(), true);
  auto text = scan(table, command, need, request);
  if (text) *text += " AND " + key_equals(which);
  return text;
}

SqlResult<std::string> Composition::update(std::size_t table,
                                           const std::vector<std::size_t>& columns,
                                           const std::vector<std::size_t>& defaults, bool need,
                                           bool returning) const {
  const Table& which = schema_.tables[table];
  const Text policy = visible(table, Command::kUpdate, need);
  auto text = prefix(policy);
  if (!text) return text;
  std::string set;
  for (const std::size_t column : columns) {
    set += fmt::format("{}{} = ?", set.empty() ? "" : ", ", quote_name(which.columns[column].name));
  }
  for (const std::size_t column : defaults) {
    const Column& what = which.columns[column];
    set += fmt::format("{}{} = ({})", set.empty() ? "" : ", ", quote_name(what.name),
                       what.default_text.empty() ? "NULL" : what.default_text);
  }
  *text +=
      fmt::format("UPDATE {} SET {} WHERE {} AND ({}){}", from_main(which), set, key_equals(which),
                  policy.condition, returning ? returning_all(which) : std::string());
  return text;
}

SqlResult<std::string> Composition::remove(std::size_t table, bool need, bool returning) const {
  const Table& which = schema_.tables[table];
  const Text policy = visible(table, Command::kDelete, need);
  auto text = prefix(policy);
  if (!text) return text;
  *text += fmt::format("DELETE FROM {} WHERE {} AND ({}){}", from_main(which), key_equals(which),
                       policy.condition, returning ? returning_all(which) : std::string());
  return text;
}

SqlResult<std::string> Composition::check(std::size_t table, Command command, bool need) const {
  const Table& which = schema_.tables[table];
  const Text policy = checked(table, command, need);
  auto text = prefix(policy);
  if (!text) return text;
  *text += fmt::format("SELECT {}.*, ({}) IS TRUE FROM {}", quote_name(which.name),
                       policy.condition, proposed_row(which));
  return text;
}

namespace {

bool same_text_at(std::string_view text, std::size_t at, std::string_view wanted) {
  return text.size() - at >= wanted.size() && same_name(text.substr(at, wanted.size()), wanted);
}

}  // namespace

// Translated text quotes every name. The proposed row is called as its table: a name behind another
// table's is not its column, nor is one that a query's result is given, and a star alone stands for
// a sub-query's own.
bool Composition::check_reads(std::size_t table, Command command, bool need,
                              std::size_t column) const {
  const std::string made = checked(table, command, need).condition;
  const std::string_view text = made;
  const std::string row = quote_name(schema_.tables[table].name) + ".";
  const std::string name = quote_name(schema_.tables[table].columns[column].name);
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (same_text_at(text, at, row + "*")) return true;
    if (!same_text_at(text, at, name) || text.substr(0, at).ends_with(" AS ")) continue;
    const bool qualified = at > 0 && text[at - 1] == '.';
    if (!qualified || (at >= row.size() && same_text_at(text, at - row.size(), row))) return true;
  }
  return false;
}

std::string insert_text(const Table& table, const std::vector<std::size_t>& columns,
                        const std::vector<std::size_t>* conflict_target, bool returning) {
  std::string text = fmt::format("INSERT INTO main.{}", quote_name(table.name));
  if (columns.empty()) {
    text += " DEFAULT VALUES";
  } else {
    std::string names;
    std::string values;
    for (const std::size_t column : columns) {
      names += (names.empty() ? "" : ", ") + quote_name(table.columns[column].name);
      values += values.empty() ? "?" : ", ?";
    }
    text += fmt::format(" ({}) VALUES ({})", names, values);
  }
  if (conflict_target != nullptr) {
    std::string target;
    for (const std::size_t column : *conflict_target) {
      target += (target.empty() ? "" : ", ") + quote_name(table.columns[column].name);
    }
    text += " ON CONFLICT " + (target.empty() ? "" : "(" + target + ") ") + "DO NOTHING";
  }
  return returning ? text + returning_all(table) : text;
}

std::string stored_key_text(const Table& table) {
  return fmt::format("SELECT 1 FROM {} WHERE {}", from_main(table), key_equals(table));
}

std::string conflicting_row_text(const Table& table, const std::vector<std::size_t>& target) {
  std::string text = "SELECT ";
  const auto names = key_names(table);
  for (std::size_t i = 0; i < names.size(); ++i) text += (i > 0 ? ", " : "") + names[i];
  text += " FROM main." + quote_name(table.name);
  for (std::size_t i = 0; i < target.size(); ++i) {
    text += (i == 0 ? " WHERE " : " AND ") + quote_name(table.columns[target[i]].name) + " = ?";
  }
  return text;
}

std::string check_trigger_text(const Table& table, std::size_t index, Command command) {
  std::string calls;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (i % kArgumentsPerCall == 0) calls += fmt::format("{}roost_bind({}", i > 0 ? "), " : "", i);
    calls += ", NEW." + quote_name(table.columns[i].name);
  }
  return fmt::format(
      "CREATE TEMP TRIGGER {} BEFORE {} ON main.{} WHEN roost_armed({}, {}) "
      "BEGIN SELECT {}), roost_check(); END",
      quote_name(fmt::format("roost_check_{}_{}", name_of(command), index)), name_of(command),
      quote_name(table.name), index, static_cast<int>(command), calls);
}

}  // namespace database::sqlite
