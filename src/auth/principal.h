// Who a call is made for: the end of authentication, and all that later rooms need to know of it.
// A value.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace auth {

// PostgREST's three roles, reached from one login.
enum class Role { kAnon, kAuthenticated, kServiceRole };

std::string_view name_of(Role role);  // anon | authenticated | service_role
std::optional<Role> role_named(std::string_view name);

struct Principal {
  Role role = Role::kAnon;
  std::string user_id;      // the token's `sub`; empty when there is none
  std::string claims_json;  // the token's claims as they came; "{}" when there is no token

  static Principal anonymous() { return {Role::kAnon, "", "{}"}; }
  static Principal service() { return {Role::kServiceRole, "", R"({"role":"service_role"})"}; }
};

}  // namespace auth
