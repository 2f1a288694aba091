#include "database/policy.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"

namespace database {
namespace {

constexpr std::array kCommands{Command::kAll, Command::kSelect, Command::kInsert, Command::kUpdate,
                               Command::kDelete};
constexpr std::array kRoles{auth::Role::kAnon, auth::Role::kAuthenticated,
                            auth::Role::kServiceRole};
constexpr std::string_view kPublic = "public";
constexpr std::string_view kSeparator = ", ";

}  // namespace

std::string_view name_of(Command command) {
  switch (command) {
    case Command::kSelect:
      return "SELECT";
    case Command::kInsert:
      return "INSERT";
    case Command::kUpdate:
      return "UPDATE";
    case Command::kDelete:
      return "DELETE";
    case Command::kAll:
      break;
  }
  return "ALL";
}

std::optional<Command> command_named(std::string_view name) {
  for (const Command command : kCommands) {
    if (base::equal_ignoring_case(name_of(command), name)) return command;
  }
  return std::nullopt;
}

std::string RoleSet::text() const {
  if (*this == everyone()) return std::string(kPublic);
  std::string text;
  for (const auth::Role role : kRoles) {
    if (!contains(role)) continue;
    if (!text.empty()) text += kSeparator;
    text += auth::name_of(role);
  }
  return text;
}

std::optional<RoleSet> RoleSet::parse(std::string_view text) {
  if (text == kPublic) return everyone();
  RoleSet roles;
  while (!text.empty()) {
    const auto end = std::min(text.find(kSeparator), text.size());
    const auto role = auth::role_named(text.substr(0, end));
    if (!role) return std::nullopt;
    roles.add(*role);
    if (end == text.size()) break;
    text.remove_prefix(end + kSeparator.size());
    if (text.empty()) return std::nullopt;
  }
  return roles;
}

const RoleSet& Grants::of(Command command) const {
  switch (command) {
    case Command::kInsert:
      return insert;
    case Command::kUpdate:
      return update;
    case Command::kDelete:
      return remove;
    default:
      return select;
  }
}

RoleSet& Grants::of(Command command) {
  return const_cast<RoleSet&>(static_cast<const Grants&>(*this).of(command));
}

}  // namespace database
