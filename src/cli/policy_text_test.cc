#include "cli/policy_text.h"

#include <gtest/gtest.h>

#include "database/sql/policy_statement.h"

namespace cli {
namespace {

using database::Command;
using database::RoleSet;

database::Policy parsed(std::string_view sql) {
  const auto statement = database::sql::parse_policy_statement(sql);
  EXPECT_TRUE(statement) << sql;
  const auto* create = std::get_if<database::sql::CreatePolicy>(&*statement);
  return create == nullptr ? database::Policy() : create->policy;
}

TEST(PolicyText, NamesHaveQuotesWhereTheyNeedThem) {
  EXPECT_EQ(sql_name("todos_2"), "todos_2");
  EXPECT_EQ(sql_name("Todos"), "\"Todos\"");
  EXPECT_EQ(sql_name("2todos"), "\"2todos\"");
  EXPECT_EQ(sql_name("my todos"), "\"my todos\"");
  EXPECT_EQ(sql_name("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(sql_name("x; drop table y"), "\"x; drop table y\"");
  EXPECT_EQ(sql_name(""), "\"\"");
  for (const char* const word : {"user", "order", "table", "select", "only", "lateral", "left"}) {
    EXPECT_EQ(sql_name(word), std::string("\"") + word + "\"");
  }
}

// What is printed can be run again, and says the same.
TEST(PolicyText, IsReadAsItWasWritten) {
  for (const std::string_view sql :
       {"CREATE POLICY own ON todos\n  USING (owner = auth.uid());",
        "CREATE POLICY \"a b\" ON \"user\" AS RESTRICTIVE FOR UPDATE TO anon, authenticated\n"
        "  USING (a = 'x;''y')\n  WITH CHECK (a IN (SELECT \"b\" FROM c));",
        "CREATE POLICY add ON t FOR INSERT TO authenticated\n  WITH CHECK (true);",
        "CREATE POLICY seen ON t FOR SELECT TO service_role\n  USING (true);"}) {
    EXPECT_EQ(policy_text(parsed(sql)), sql);
  }
}

TEST(PolicyText, ATableIsItsSwitchItsGrantsAndItsPolicies) {
  database::TableSecurity table{
      .table = "todos", .enabled = true, .forced = true, .grants = {}, .policies = {}};
  RoleSet users;
  users.add(auth::Role::kAuthenticated);
  table.grants.select = RoleSet::everyone();
  table.grants.insert = table.grants.remove = users;
  table.policies.push_back(parsed("CREATE POLICY own ON todos USING (owner = auth.uid())"));
  EXPECT_EQ(security_text(table),
            "ALTER TABLE todos ENABLE ROW LEVEL SECURITY;\n"
            "ALTER TABLE todos FORCE ROW LEVEL SECURITY;\n"
            "GRANT SELECT ON todos TO public;\n"
            "GRANT INSERT, DELETE ON todos TO authenticated;\n"
            "CREATE POLICY own ON todos\n  USING (owner = auth.uid());\n");
}

TEST(PolicyText, WhatIsMissingIsSaid) {
  database::TableSecurity table{
      .table = "Notes", .enabled = false, .forced = false, .grants = {}, .policies = {}};
  EXPECT_EQ(security_text(table),
            "ALTER TABLE \"Notes\" DISABLE ROW LEVEL SECURITY;\n"
            "-- no grants: no function reaches this table\n");
  table.enabled = true;
  table.grants.select = RoleSet::everyone();
  EXPECT_EQ(security_text(table),
            "ALTER TABLE \"Notes\" ENABLE ROW LEVEL SECURITY;\n"
            "GRANT SELECT ON \"Notes\" TO public;\n"
            "-- no policies: only service_role sees rows\n");
}

}  // namespace
}  // namespace cli
