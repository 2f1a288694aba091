#include "cli/security_check.h"

#include <initializer_list>
#include <string>

#include <gtest/gtest.h>

#include "database/sql/policy_statement.h"

namespace cli {
namespace {

using database::Command;
using database::RoleSet;
using database::TableSecurity;

// A table t as these statements leave it.
TableSecurity table_of(std::initializer_list<std::string_view> script) {
  TableSecurity table{
      .table = "t", .enabled = false, .forced = false, .grants = {}, .policies = {}};
  for (const std::string_view sql : script) {
    const auto statement = database::sql::parse_policy_statement(sql);
    if (!statement) {
      ADD_FAILURE() << sql << ": " << statement.error().message;
    } else if (const auto* create = std::get_if<database::sql::CreatePolicy>(&*statement)) {
      table.policies.push_back(create->policy);
    } else if (const auto* grants = std::get_if<database::sql::AlterGrants>(&*statement)) {
      for (const Command privilege : grants->privileges) {
        table.grants.of(privilege).add(grants->roles);
      }
    } else if (const auto* row = std::get_if<database::sql::AlterRowSecurity>(&*statement)) {
      table.enabled = row->enabled.value_or(table.enabled);
    }
  }
  return table;
}

std::vector<SecurityWarning> check(std::initializer_list<std::string_view> script) {
  return check_security({table_of(script)});
}
std::string kinds(std::initializer_list<std::string_view> script) {
  std::string all;
  for (const SecurityWarning& warning : check(script)) {
    if (!all.empty()) all += ' ';
    all += warning.kind;
  }
  return all;
}

constexpr std::string_view kEnable = "ALTER TABLE t ENABLE ROW LEVEL SECURITY";
constexpr std::string_view kGrantAll = "GRANT ALL ON t TO authenticated";
constexpr std::string_view kOwn = "CREATE POLICY own ON t TO authenticated USING (a = auth.uid())";

TEST(SecurityCheck, AProtectedTableIsFine) {
  EXPECT_EQ(kinds({kEnable, kGrantAll, kOwn}), "");
  EXPECT_EQ(kinds({}), "") << "nobody reaches it";
  EXPECT_EQ(kinds({"GRANT ALL ON t TO service_role"}), "") << "that is past policies anyway";
  EXPECT_EQ(kinds({kEnable}), "") << "closed, and meant to be";
  EXPECT_EQ(kinds({kEnable, "GRANT SELECT ON t TO anon",
                   "CREATE POLICY seen ON t FOR SELECT TO anon USING (true)"}),
            "")
      << "reading is what it is for";
  EXPECT_TRUE(check_security({}).empty());
}

TEST(SecurityCheck, GrantedWithoutRowSecurity) {
  const auto warnings = check({"GRANT SELECT ON t TO anon", "GRANT ALL ON t TO authenticated"});
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_EQ(warnings[0].kind, "open_table");
  EXPECT_EQ(warnings[0].table, "t");
  EXPECT_EQ(warnings[0].meaning,
            "row level security is off: anon may SELECT; authenticated may SELECT, INSERT, UPDATE, "
            "DELETE every row; once it is on, only those that a policy shows");
  EXPECT_EQ(warnings[0].remedy, "ALTER TABLE t ENABLE ROW LEVEL SECURITY;");
  EXPECT_EQ(kinds({"GRANT DELETE ON t TO public"}), "open_table");
}

TEST(SecurityCheck, PoliciesOfATableWhoseRowSecurityIsOff) {
  const auto warnings = check({kGrantAll, kOwn});
  ASSERT_EQ(warnings.size(), 1U) << "said once";
  EXPECT_EQ(warnings[0].kind, "idle_policies");
  EXPECT_NE(warnings[0].meaning.find("authenticated may SELECT, INSERT, UPDATE, DELETE every row"),
            std::string::npos);
  EXPECT_EQ(warnings[0].remedy, "ALTER TABLE t ENABLE ROW LEVEL SECURITY;");
  EXPECT_EQ(kinds({"CREATE POLICY a ON t USING (a = 1)", "GRANT SELECT ON t TO service_role"}),
            "idle_policies missing_grant");
}

TEST(SecurityCheck, RowSecurityWithoutAPolicy) {
  const auto warnings = check({kEnable, "GRANT SELECT ON t TO public"});
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_EQ(warnings[0].kind, "closed_table");
  EXPECT_EQ(warnings[0].remedy,
            "CREATE POLICY NAME ON t TO anon, authenticated USING (CONDITION);");
}

TEST(SecurityCheck, PoliciesForRolesWithoutTheGrant) {
  const auto warnings =
      check({kEnable, "GRANT INSERT ON t TO authenticated", kOwn,
             "CREATE POLICY up ON t FOR UPDATE TO anon, authenticated USING (a=1)"});
  ASSERT_EQ(warnings.size(), 1U) << "own is for all, and so for INSERT";
  EXPECT_EQ(warnings[0].kind, "missing_grant");
  EXPECT_EQ(warnings[0].meaning,
            "policy up does nothing for anon, authenticated: the role is not granted UPDATE");
  EXPECT_EQ(warnings[0].remedy, "GRANT UPDATE ON t TO anon, authenticated;");

  const auto none = check({kEnable, kOwn});
  ASSERT_EQ(none.size(), 1U);
  EXPECT_EQ(none[0].remedy, "GRANT SELECT ON t TO authenticated;");
  EXPECT_EQ(kinds({kEnable, kGrantAll, "CREATE POLICY p ON t USING (a = 1)"}), "")
      << "for everyone who is granted it";
  EXPECT_EQ(kinds({kEnable, "CREATE POLICY p ON t TO service_role USING (a = 1)"}), "");
}

TEST(SecurityCheck, PoliciesThatLetEveryoneWrite) {
  auto warnings =
      check({kEnable, kGrantAll, "CREATE POLICY p ON t TO authenticated USING ( (True) )"});
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_EQ(warnings[0].kind, "open_policy");
  EXPECT_EQ(warnings[0].meaning,
            "policy p is always true: authenticated may INSERT, UPDATE, DELETE any row, others' "
            "too");
  EXPECT_EQ(warnings[0].remedy, "ALTER POLICY p ON t USING (CONDITION);");

  warnings = check({kEnable, "GRANT INSERT ON t TO anon",
                    "CREATE POLICY p ON t FOR INSERT TO anon WITH CHECK (true)"});
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_EQ(warnings[0].remedy, "ALTER POLICY p ON t WITH CHECK (CONDITION);");

  EXPECT_EQ(kinds({kEnable, kGrantAll, "CREATE POLICY p ON t FOR DELETE USING (true)"}),
            "open_policy");
  EXPECT_EQ(kinds({kEnable, "GRANT SELECT ON t TO anon", "CREATE POLICY p ON t USING (true)"}), "")
      << "no write is granted";
  EXPECT_EQ(kinds({kEnable, "GRANT ALL ON t TO service_role",
                   "CREATE POLICY p ON t TO service_role USING (true)"}),
            "");
  EXPECT_EQ(kinds({kEnable, kGrantAll, kOwn,
                   "CREATE POLICY p ON t AS RESTRICTIVE TO authenticated USING (true)"}),
            "")
      << "a restrictive one opens nothing";
  EXPECT_EQ(kinds({kGrantAll, "CREATE POLICY p ON t TO authenticated USING (true)"}),
            "idle_policies")
      << "it does nothing yet";
}

TEST(SecurityCheck, ARestrictivePolicyClosesWhatAnotherOpens) {
  constexpr std::string_view kOpen = "CREATE POLICY p ON t USING (true)";
  EXPECT_EQ(kinds({kEnable, kGrantAll, kOpen,
                   "CREATE POLICY r ON t AS RESTRICTIVE USING (a = auth.uid())"}),
            "");
  const auto deletes = check(
      {kEnable, kGrantAll, kOpen, "CREATE POLICY r ON t AS RESTRICTIVE FOR DELETE USING (a = 1)"});
  ASSERT_EQ(deletes.size(), 1U);
  EXPECT_NE(deletes[0].meaning.find("may INSERT, UPDATE any row"), std::string::npos);
  EXPECT_EQ(kinds({kEnable, kGrantAll, "GRANT ALL ON t TO anon", kOpen,
                   "CREATE POLICY r ON t AS RESTRICTIVE TO anon USING (a = 1)"}),
            "open_policy")
      << "authenticated is not restricted";
}

}  // namespace
}  // namespace cli
