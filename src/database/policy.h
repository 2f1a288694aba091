// Row-level security as PostgreSQL has it: policies, grants and the switch of each table.
//
// The rules are PostgreSQL's (its manual, "Row Security Policies", and rewrite/rowsecurity.c): for
// one command and role, the condition is (OR of the permissive policies) AND each restrictive one;
// without a permissive policy no row passes; WITH CHECK falls back to USING. A table without row
// security shows every row to the roles it is granted to; a table that is not granted to a role
// does not let it in at all. Values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/principal.h"

namespace database {

enum class Command : std::uint8_t { kAll, kSelect, kInsert, kUpdate, kDelete };
std::string_view name_of(Command command);                    // "ALL", "SELECT", …
std::optional<Command> command_named(std::string_view name);  // of any case

// A set of roles: those named, or everyone (PUBLIC).
class RoleSet {
 public:
  RoleSet() = default;
  static RoleSet everyone() { return RoleSet(kEveryone); }
  void add(auth::Role role) { bits_ |= bit(role); }
  void add(RoleSet other) { bits_ |= other.bits_; }
  void remove(RoleSet other) { bits_ &= static_cast<std::uint8_t>(~other.bits_); }
  [[nodiscard]] bool contains(auth::Role role) const { return (bits_ & bit(role)) != 0; }
  [[nodiscard]] bool empty() const { return bits_ == 0; }
  bool operator==(const RoleSet&) const = default;

  // "public", or names separated by ", "; the form in which it is stored.
  [[nodiscard]] std::string text() const;
  static std::optional<RoleSet> parse(std::string_view text);

 private:
  static constexpr std::uint8_t kEveryone = 0b111;
  explicit RoleSet(std::uint8_t bits) : bits_(bits) {}
  static std::uint8_t bit(auth::Role role) {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(role));
  }
  std::uint8_t bits_ = 0;
};

struct Policy {
  std::string name;
  std::string table;
  Command command = Command::kAll;
  bool permissive = true;
  RoleSet roles = RoleSet::everyone();
  std::string using_text;  // as written, without its parentheses; empty when there is none
  std::string check_text;
};

// Who may do what with a table: one set of roles for each privilege.
struct Grants {
  RoleSet select, insert, update, remove;
  [[nodiscard]] const RoleSet& of(Command command) const;  // not of kAll
  RoleSet& of(Command command);
  bool operator==(const Grants&) const = default;
};

// What `roost db policies` and `roost db check` look at.
struct TableSecurity {
  std::string table;
  bool enabled = false;  // ROW LEVEL SECURITY
  bool forced = false;
  Grants grants;
  std::vector<Policy> policies;
};

}  // namespace database
