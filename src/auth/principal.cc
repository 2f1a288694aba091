#include "auth/principal.h"

namespace auth {

std::string_view name_of(Role role) {
  switch (role) {
    case Role::kAuthenticated:
      return "authenticated";
    case Role::kServiceRole:
      return "service_role";
    case Role::kAnon:
      break;
  }
  return "anon";
}

std::optional<Role> role_named(std::string_view name) {
  for (const Role role : {Role::kAnon, Role::kAuthenticated, Role::kServiceRole}) {
    if (name_of(role) == name) return role;
  }
  return std::nullopt;
}

}  // namespace auth
