#include "auth/principal.h"

#include <gtest/gtest.h>

namespace auth {
namespace {

TEST(Principal, RolesAreNamedAsPostgrestDoes) {
  EXPECT_EQ(name_of(Role::kAnon), "anon");
  EXPECT_EQ(name_of(Role::kAuthenticated), "authenticated");
  EXPECT_EQ(name_of(Role::kServiceRole), "service_role");
  for (const Role role : {Role::kAnon, Role::kAuthenticated, Role::kServiceRole}) {
    EXPECT_EQ(role_named(name_of(role)), role);
  }
}

TEST(Principal, UnknownRolesHaveNoDefault) {
  for (const char* name : {"", "Anon", "service_role ", "postgres", "authenticator"}) {
    EXPECT_EQ(role_named(name), std::nullopt) << name;
  }
}

TEST(Principal, ServiceCarriesItsRoleInItsClaims) {
  // Row policies read the claims, not the Principal.
  EXPECT_EQ(Principal::service().role, Role::kServiceRole);
  EXPECT_EQ(Principal::service().claims_json, R"({"role":"service_role"})");
  EXPECT_EQ(Principal::anonymous().role, Role::kAnon);
  EXPECT_EQ(Principal::anonymous().claims_json, "{}");
}

}  // namespace
}  // namespace auth
