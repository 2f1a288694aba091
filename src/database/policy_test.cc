#include "database/policy.h"

#include <gtest/gtest.h>

namespace {

using auth::Role;
using database::Command;
using database::Grants;
using database::RoleSet;

TEST(RoleSet, ComesBackFromItsText) {
  for (int bits = 0; bits < 8; ++bits) {
    RoleSet roles;
    for (const Role role : {Role::kAnon, Role::kAuthenticated, Role::kServiceRole}) {
      if ((bits & (1 << static_cast<int>(role))) != 0) roles.add(role);
    }
    EXPECT_EQ(RoleSet::parse(roles.text()), roles) << roles.text();
  }
  EXPECT_EQ(RoleSet::everyone().text(), "public");
  RoleSet two;
  two.add(Role::kServiceRole);
  two.add(Role::kAnon);
  EXPECT_EQ(two.text(), "anon, service_role");
}

TEST(RoleSet, TextThatIsNotARoleSetIsNone) {
  for (const char* text : {"postgres", "anon,authenticated", "anon, ", ", anon", "public, anon",
                           "anon, postgres", "Anon", " "}) {
    EXPECT_EQ(RoleSet::parse(text), std::nullopt) << '"' << text << '"';
  }
}

TEST(RoleSet, RemovesOnlyWhatItIsGiven) {
  RoleSet roles = RoleSet::everyone();
  RoleSet anon;
  anon.add(Role::kAnon);
  roles.remove(anon);
  EXPECT_FALSE(roles.contains(Role::kAnon));
  EXPECT_TRUE(roles.contains(Role::kAuthenticated));
  EXPECT_TRUE(roles.contains(Role::kServiceRole));
  roles.remove(RoleSet::everyone());
  EXPECT_TRUE(roles.empty());
}

TEST(Command, IsNamedInAnyCase) {
  for (const Command command :
       {Command::kAll, Command::kSelect, Command::kInsert, Command::kUpdate, Command::kDelete}) {
    EXPECT_EQ(database::command_named(database::name_of(command)), command);
  }
  EXPECT_EQ(database::command_named("uPdAtE"), Command::kUpdate);
  EXPECT_EQ(database::command_named("updat"), std::nullopt);
  EXPECT_EQ(database::command_named(""), std::nullopt);
  EXPECT_EQ(database::command_named("truncate"), std::nullopt);
}

TEST(Grants, KeepEachPrivilegeApart) {
  Grants grants;
  for (const Command command :
       {Command::kSelect, Command::kInsert, Command::kUpdate, Command::kDelete}) {
    EXPECT_TRUE(grants.of(command).empty());
    grants.of(command).add(Role::kAnon);
    EXPECT_TRUE(std::as_const(grants).of(command).contains(Role::kAnon));
  }
  grants.of(Command::kDelete) = {};
  EXPECT_TRUE(grants.remove.empty());
  EXPECT_FALSE(grants.update.empty());
}

}  // namespace
