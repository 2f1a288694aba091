#include "cli/policy_text.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "database/sql/syntax_tree.h"

namespace cli {
namespace {

using database::Command;
using database::RoleSet;

constexpr std::array kPrivileges{Command::kSelect, Command::kInsert, Command::kUpdate,
                                 Command::kDelete};

bool is_plain(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  return !name.empty() && letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

// Whether PostgreSQL takes it for a name, and not for a word of its own.
bool is_name(std::string_view name) {
  return database::sql::parse_statement(fmt::format("CREATE TABLE {} (x int)", name)).has_value();
}

// Privileges that the same roles have are one statement.
std::vector<std::string> grants_of(const database::TableSecurity& table) {
  std::vector<std::pair<RoleSet, std::string>> grants;
  for (const Command privilege : kPrivileges) {
    const RoleSet& roles = table.grants.of(privilege);
    if (roles.empty()) continue;
    const auto same = std::ranges::find(grants, roles, &std::pair<RoleSet, std::string>::first);
    if (same == grants.end()) {
      grants.emplace_back(roles, database::name_of(privilege));
    } else {
      same->second.append(", ").append(database::name_of(privilege));
    }
  }
  std::vector<std::string> statements;
  for (const auto& [roles, privileges] : grants) {
    statements.push_back(
        fmt::format("GRANT {} ON {} TO {};", privileges, sql_name(table.table), roles.text()));
  }
  return statements;
}

}  // namespace

std::string sql_name(std::string_view name) {
  if (is_plain(name) && is_name(name)) return std::string(name);
  std::string quoted = "\"";
  for (const char c : name) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + '"';
}

std::string grant_text(Command privilege, std::string_view table, RoleSet roles) {
  return fmt::format("GRANT {} ON {} TO {};", database::name_of(privilege), sql_name(table),
                     roles.text());
}

std::string policy_text(const database::Policy& policy) {
  std::string text =
      fmt::format("CREATE POLICY {} ON {}", sql_name(policy.name), sql_name(policy.table));
  if (!policy.permissive) text += " AS RESTRICTIVE";
  if (policy.command != Command::kAll) {
    text.append(" FOR ").append(database::name_of(policy.command));
  }
  if (policy.roles != RoleSet::everyone()) text += " TO " + policy.roles.text();
  if (!policy.using_text.empty()) text += fmt::format("\n  USING ({})", policy.using_text);
  if (!policy.check_text.empty()) text += fmt::format("\n  WITH CHECK ({})", policy.check_text);
  return text + ';';
}

std::string security_text(const database::TableSecurity& table) {
  const std::string name = sql_name(table.table);
  std::string text = fmt::format("ALTER TABLE {} {} ROW LEVEL SECURITY;\n", name,
                                 table.enabled ? "ENABLE" : "DISABLE");
  if (table.forced) text += fmt::format("ALTER TABLE {} FORCE ROW LEVEL SECURITY;\n", name);
  const std::vector<std::string> grants = grants_of(table);
  for (const std::string& grant : grants) text += grant + '\n';
  if (grants.empty()) text += "-- no grants: no function reaches this table\n";
  for (const database::Policy& policy : table.policies) text += policy_text(policy) + '\n';
  if (table.policies.empty() && table.enabled) {
    text += "-- no policies: only service_role sees rows\n";
  }
  return text;
}

}  // namespace cli
