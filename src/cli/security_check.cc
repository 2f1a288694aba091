#include "cli/security_check.h"

#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/ascii.h"
#include "cli/policy_text.h"

namespace cli {
namespace {

using auth::Role;
using database::Command;
using database::Policy;
using database::RoleSet;
using database::TableSecurity;

constexpr std::array kGuests{Role::kAnon, Role::kAuthenticated};
constexpr std::array kPrivileges{Command::kSelect, Command::kInsert, Command::kUpdate,
                                 Command::kDelete};
constexpr std::array kWrites{Command::kInsert, Command::kUpdate, Command::kDelete};

bool covers(const Policy& policy, Command command) {
  return policy.command == Command::kAll || policy.command == command;
}

// The guests among both.
RoleSet guests_in(const RoleSet& roles, const RoleSet& others) {
  RoleSet guests;
  for (const Role role : kGuests) {
    if (roles.contains(role) && others.contains(role)) guests.add(role);
  }
  return guests;
}

RoleSet guests_in(const RoleSet& roles) { return guests_in(roles, RoleSet::everyone()); }

// Those with any privilege.
RoleSet granted_guests(const TableSecurity& table) {
  RoleSet roles;
  for (const Command privilege : kPrivileges) roles.add(table.grants.of(privilege));
  return guests_in(roles);
}

// "anon may SELECT; authenticated may SELECT, INSERT"
std::string rights(const TableSecurity& table) {
  std::vector<std::string> all;
  for (const Role role : kGuests) {
    std::vector<std::string_view> names;
    for (const Command privilege : kPrivileges) {
      if (table.grants.of(privilege).contains(role)) names.push_back(database::name_of(privilege));
    }
    if (names.empty()) continue;
    all.push_back(fmt::format("{} may {}", auth::name_of(role), fmt::join(names, ", ")));
  }
  return fmt::format("{}", fmt::join(all, "; "));
}

std::string enable(const TableSecurity& table) {
  return fmt::format("ALTER TABLE {} ENABLE ROW LEVEL SECURITY;", sql_name(table.table));
}

void check_switch(const TableSecurity& table, std::vector<SecurityWarning>& warnings) {
  const RoleSet guests = granted_guests(table);
  if (!table.enabled && !table.policies.empty()) {
    warnings.push_back({"idle_policies", table.table,
                        "row level security is off, so that its policies do nothing: " +
                            (guests.empty() ? "whoever is granted it will reach every row"
                                            : rights(table) + " every row"),
                        enable(table)});
  } else if (!table.enabled && !guests.empty()) {
    warnings.push_back({"open_table", table.table,
                        "row level security is off: " + rights(table) +
                            " every row; once it is on, only those that a policy shows",
                        enable(table)});
  } else if (table.enabled && table.policies.empty() && !guests.empty()) {
    warnings.push_back(
        {"closed_table", table.table,
         "row level security is on without a policy: " + rights(table) + ", but no row",
         fmt::format("CREATE POLICY NAME ON {} TO {} USING (CONDITION);", sql_name(table.table),
                     guests.text())});
  }
}

// A policy for everyone is meant for those who are granted the table; one for all commands, for
// those commands that are.
void check_grants(const TableSecurity& table, const Policy& policy,
                  std::vector<SecurityWarning>& warnings) {
  const bool everyone = policy.roles == RoleSet::everyone();
  RoleSet granted;
  for (const Command privilege : kPrivileges) {
    if (covers(policy, privilege)) granted.add(table.grants.of(privilege));
  }
  RoleSet missing = guests_in(policy.roles);
  missing.remove(granted);
  if (missing.empty() || (everyone && !guests_in(granted).empty())) return;
  const Command needed = policy.command == Command::kAll ? Command::kSelect : policy.command;
  const std::string what = policy.command == Command::kAll
                               ? "granted nothing on the table"
                               : fmt::format("not granted {}", database::name_of(needed));
  warnings.push_back({"missing_grant", table.table,
                      fmt::format("policy {} does nothing for {}: the role is {}",
                                  sql_name(policy.name), missing.text(), what),
                      grant_text(needed, table.table, missing)});
}

// `true`, in any number of parentheses.
bool always_true(std::string_view expression) {
  std::string bare;
  for (const char c : expression) {
    if (c == '(' || c == ')' || c == ' ' || c == '\t' || c == '\n' || c == '\r') continue;
    bare.push_back(base::to_lower(c));
  }
  return bare == "true";
}

// What the policy asks of a row that is written by `command`: of the new one for INSERT, of the old
// one else.
const std::string& condition(const Policy& policy, Command command) {
  return command == Command::kInsert && !policy.check_text.empty() ? policy.check_text
                                                                   : policy.using_text;
}

// Whether a restrictive policy asks more of all of them.
bool restricted(const TableSecurity& table, Command command, RoleSet guests) {
  for (const Policy& policy : table.policies) {
    if (policy.permissive || !covers(policy, command)) continue;
    if (!always_true(condition(policy, command))) guests.remove(policy.roles);
  }
  return guests.empty();
}

void check_open(const TableSecurity& table, const Policy& policy,
                std::vector<SecurityWarning>& warnings) {
  if (!table.enabled || !policy.permissive) return;
  RoleSet open;
  std::vector<std::string_view> commands;
  for (const Command command : kWrites) {
    if (!covers(policy, command) || !always_true(condition(policy, command))) continue;
    const RoleSet guests = guests_in(policy.roles, table.grants.of(command));
    if (guests.empty() || restricted(table, command, guests)) continue;
    open.add(guests);
    commands.push_back(database::name_of(command));
  }
  if (commands.empty()) return;
  const bool only_insert = commands.size() == 1 && commands.front() == "INSERT";
  const std::string_view clause =
      only_insert && !policy.check_text.empty() ? "WITH CHECK" : "USING";
  warnings.push_back({"open_policy", table.table,
                      fmt::format("policy {} is always true: {} may {} any row, others' too",
                                  sql_name(policy.name), open.text(), fmt::join(commands, ", ")),
                      fmt::format("ALTER POLICY {} ON {} {} (CONDITION);", sql_name(policy.name),
                                  sql_name(table.table), clause)});
}

}  // namespace

std::vector<SecurityWarning> check_security(const std::vector<TableSecurity>& tables) {
  std::vector<SecurityWarning> warnings;
  for (const TableSecurity& table : tables) {
    check_switch(table, warnings);
    for (const Policy& policy : table.policies) {
      check_grants(table, policy, warnings);
      check_open(table, policy, warnings);
    }
  }
  return warnings;
}

}  // namespace cli
