#include "database/sql/policy_statement.h"

#include <gtest/gtest.h>

namespace {

using auth::Role;
using database::Command;
using database::RoleSet;
using database::SqlError;
using database::SqlState;
using database::sql::AlterGrants;
using database::sql::AlterPolicy;
using database::sql::AlterRowSecurity;
using database::sql::begins_policy_statement;
using database::sql::CreatePolicy;
using database::sql::DropPolicy;
using database::sql::end_of_statement;
using database::sql::parse_policy_statement;

template <class Kind>
Kind parsed(std::string_view sql) {
  EXPECT_TRUE(begins_policy_statement(sql)) << sql;
  auto statement = parse_policy_statement(sql);
  if (!statement) {
    ADD_FAILURE() << sql << ": " << statement.error().message;
    return {};
  }
  if (!std::holds_alternative<Kind>(*statement)) {
    ADD_FAILURE() << sql << ": of another kind";
    return {};
  }
  return std::get<Kind>(std::move(*statement));
}

SqlError refused(std::string_view sql) {
  EXPECT_TRUE(begins_policy_statement(sql)) << sql;
  auto statement = parse_policy_statement(sql);
  if (statement) {
    ADD_FAILURE() << sql << ": taken";
    return {};
  }
  return statement.error();
}

RoleSet only(Role role) {
  RoleSet roles;
  roles.add(role);
  return roles;
}

TEST(PolicyStatement, CreateHasPostgresqlsDefaults) {
  const auto policy = parsed<CreatePolicy>("CREATE POLICY p ON t").policy;
  EXPECT_EQ(policy.name, "p");
  EXPECT_EQ(policy.table, "t");
  EXPECT_EQ(policy.command, Command::kAll);
  EXPECT_TRUE(policy.permissive);
  EXPECT_EQ(policy.roles, RoleSet::everyone());
  EXPECT_EQ(policy.using_text, "");
  EXPECT_EQ(policy.check_text, "");
}

TEST(PolicyStatement, CreateReadsEveryClause) {
  const auto policy = parsed<CreatePolicy>(
                          "create policy \"My \"\"P\" on public.Todos as restrictive for update "
                          "to anon, service_role using (a = 1) with check (b);")
                          .policy;
  EXPECT_EQ(policy.name, "My \"P");
  EXPECT_EQ(policy.table, "todos");
  EXPECT_EQ(policy.command, Command::kUpdate);
  EXPECT_FALSE(policy.permissive);
  EXPECT_EQ(policy.roles.text(), "anon, service_role");
  EXPECT_EQ(policy.using_text, "a = 1");
  EXPECT_EQ(policy.check_text, "b");
  EXPECT_EQ(parsed<CreatePolicy>("CREATE POLICY p ON t TO anon, PUBLIC").policy.roles,
            RoleSet::everyone());
}

TEST(PolicyStatement, ExpressionsAreTakenAsWritten) {
  const auto texts = [](std::string_view clauses) {
    const auto policy = parsed<CreatePolicy>("CREATE POLICY p ON t " + std::string(clauses)).policy;
    return std::pair(policy.using_text, policy.check_text);
  };
  EXPECT_EQ(texts("USING ((a) = (b))").first, "(a) = (b)");
  EXPECT_EQ(texts("/* USING (x) */ USING -- (y)\n ( /* c */ a = ')' -- d)\n )").first, "a = ')'");
  EXPECT_EQ(texts("USING (a = $$)$$ AND \")\" = E'\\')')").first, "a = $$)$$ AND \")\" = E'\\')'");
  // A USING of a join inside is not the policy's.
  EXPECT_EQ(texts("WITH CHECK (EXISTS (SELECT 1 FROM a JOIN b USING (id)))"),
            std::pair(std::string(), std::string("EXISTS (SELECT 1 FROM a JOIN b USING (id))")));
  EXPECT_EQ(texts("USING (true) WITH CHECK (EXISTS (WITH c AS (SELECT 1) TABLE c))"),
            std::pair(std::string("true"), std::string("EXISTS (WITH c AS (SELECT 1) TABLE c)")));
  EXPECT_EQ(texts("WITH /* */ CHECK(\xC3\xA9 = '\xC3\xA9')").second, "\xC3\xA9 = '\xC3\xA9'");
}

TEST(PolicyStatement, ClausesThatACommandCannotHaveAreRefused) {
  for (const char* command : {"SELECT", "DELETE"}) {
    const auto error =
        refused("CREATE POLICY p ON t FOR " + std::string(command) + " WITH CHECK (true)");
    EXPECT_EQ(error.message, "WITH CHECK cannot be applied to SELECT or DELETE");
    EXPECT_EQ(error.state, SqlState::kSyntaxError);
  }
  const auto error = refused("CREATE POLICY p ON t FOR INSERT USING (true) WITH CHECK (true)");
  EXPECT_EQ(error.message, "only WITH CHECK expression allowed for INSERT");
  EXPECT_EQ(error.state, SqlState::kSyntaxError);
}

TEST(PolicyStatement, AlterChangesOnlyWhatItNames) {
  auto alter = parsed<AlterPolicy>("ALTER POLICY p ON t TO authenticated");
  EXPECT_EQ(alter.name, "p");
  EXPECT_EQ(alter.table, "t");
  EXPECT_EQ(alter.roles, only(Role::kAuthenticated));
  EXPECT_EQ(alter.using_text, std::nullopt);
  EXPECT_EQ(alter.check_text, std::nullopt);
  EXPECT_EQ(alter.new_name, std::nullopt);
  alter = parsed<AlterPolicy>("ALTER POLICY p ON public.t USING (false) WITH CHECK (a > 0)");
  EXPECT_EQ(alter.roles, std::nullopt);
  EXPECT_EQ(alter.using_text, "false");
  EXPECT_EQ(alter.check_text, "a > 0");
  alter = parsed<AlterPolicy>("ALTER POLICY IF EXISTS p ON t RENAME TO \"Q\"");
  EXPECT_TRUE(alter.if_exists);
  EXPECT_EQ(alter.new_name, "Q");
}

TEST(PolicyStatement, DropNamesItsTable) {
  auto drop = parsed<DropPolicy>("DROP POLICY IF EXISTS p ON public.t CASCADE");
  EXPECT_EQ(drop.name, "p");
  EXPECT_EQ(drop.table, "t");
  EXPECT_TRUE(drop.if_exists);
  drop = parsed<DropPolicy>("DROP POLICY \"a.b\" ON t");
  EXPECT_EQ(drop.name, "a.b");
  EXPECT_FALSE(drop.if_exists);
  EXPECT_EQ(refused("DROP POLICY p ON x.t").state, SqlState::kInvalidSchemaName);
  EXPECT_EQ(refused("DROP POLICY p ON a.public.t").state, SqlState::kFeatureNotSupported);
}

TEST(PolicyStatement, RowSecurityIsSwitchedAndForced) {
  auto alter = parsed<AlterRowSecurity>(
      "ALTER TABLE IF EXISTS ONLY public.t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY");
  EXPECT_EQ(alter.table, "t");
  EXPECT_TRUE(alter.if_exists);
  EXPECT_EQ(alter.enabled, true);
  EXPECT_EQ(alter.forced, true);
  alter = parsed<AlterRowSecurity>("ALTER TABLE t DISABLE ROW LEVEL SECURITY");
  EXPECT_EQ(alter.enabled, false);
  EXPECT_EQ(alter.forced, std::nullopt);
  EXPECT_EQ(parsed<AlterRowSecurity>("alter table t no force row level security").forced, false);
  EXPECT_EQ(refused("ALTER TABLE t DISABLE TRIGGER x").state, SqlState::kFeatureNotSupported);
  EXPECT_EQ(refused("ALTER TABLE t ENABLE ROW LEVEL SECURITY, ADD COLUMN x int").state,
            SqlState::kFeatureNotSupported);
}

TEST(PolicyStatement, GrantsArePerTableAndRole) {
  auto grants = parsed<AlterGrants>("GRANT select, DELETE, select ON TABLE t, public.u TO anon");
  EXPECT_TRUE(grants.grant);
  EXPECT_EQ(grants.tables, (std::vector<std::string>{"t", "u"}));
  EXPECT_EQ(grants.privileges, (std::vector{Command::kSelect, Command::kDelete}));
  EXPECT_EQ(grants.roles, only(Role::kAnon));
  const std::vector all{Command::kSelect, Command::kInsert, Command::kUpdate, Command::kDelete};
  grants = parsed<AlterGrants>(
      "REVOKE ALL PRIVILEGES ON ALL TABLES IN SCHEMA public FROM PUBLIC CASCADE");
  EXPECT_FALSE(grants.grant);
  EXPECT_TRUE(grants.tables.empty());
  EXPECT_EQ(grants.privileges, all);
  EXPECT_EQ(grants.roles, RoleSet::everyone());
  EXPECT_EQ(parsed<AlterGrants>("GRANT ALL ON t TO service_role").privileges, all);
  EXPECT_TRUE(parsed<AlterGrants>("GRANT USAGE ON SCHEMA public TO anon").privileges.empty());
}

TEST(PolicyStatement, WhatRoostDoesNotHaveIsRefusedByName) {
  struct Case {
    const char* sql;
    SqlState state;
    const char* part;
  };
  for (const auto& [sql, state, part] : {
           Case{"GRANT SELECT (a) ON t TO anon", SqlState::kFeatureNotSupported, "columns"},
           Case{"GRANT ALL (a) ON t TO anon", SqlState::kFeatureNotSupported, "columns"},
           Case{"GRANT TRUNCATE ON t TO anon", SqlState::kFeatureNotSupported, "truncate"},
           Case{"GRANT REFERENCES ON t TO anon", SqlState::kFeatureNotSupported, "references"},
           Case{"GRANT SELECT, TRIGGER ON t TO anon", SqlState::kFeatureNotSupported, "trigger"},
           Case{"GRANT fly ON t TO anon", SqlState::kSyntaxError, "\"fly\""},
           Case{"GRANT SELECT ON t TO bob", SqlState::kUndefinedObject, "role \"bob\""},
           Case{"GRANT SELECT ON t TO CURRENT_USER", SqlState::kFeatureNotSupported,
                "CURRENT_USER"},
           Case{"GRANT SELECT ON t TO anon WITH GRANT OPTION", SqlState::kFeatureNotSupported,
                "GRANT OPTION"},
           Case{"REVOKE GRANT OPTION FOR ALL ON t FROM anon", SqlState::kFeatureNotSupported,
                "GRANT OPTION"},
           Case{"GRANT ALL ON t TO anon GRANTED BY current_user", SqlState::kFeatureNotSupported,
                "GRANTED BY"},
           Case{"GRANT ALL ON ALL TABLES IN SCHEMA public, app TO anon",
                SqlState::kInvalidSchemaName, "\"app\""},
           Case{"GRANT USAGE ON SCHEMA app TO anon", SqlState::kInvalidSchemaName, "\"app\""},
           Case{"REVOKE USAGE ON SCHEMA public FROM anon", SqlState::kFeatureNotSupported,
                "REVOKE"},
           Case{"GRANT EXECUTE ON FUNCTION f(int) TO anon", SqlState::kFeatureNotSupported,
                "tables only"},
           Case{"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO anon",
                SqlState::kFeatureNotSupported, "tables only"},
           Case{"GRANT anon TO authenticated", SqlState::kFeatureNotSupported, "token"},
           Case{"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO anon",
                SqlState::kFeatureNotSupported, "DEFAULT PRIVILEGES"},
           Case{"CREATE POLICY p ON t TO SESSION_USER", SqlState::kFeatureNotSupported,
                "SESSION_USER"},
           Case{"CREATE POLICY p ON app.t", SqlState::kInvalidSchemaName, "\"app\""},
           Case{"ALTER POLICY p ON app.t TO bob", SqlState::kInvalidSchemaName, "\"app\""},
           Case{"ALTER POLICY p ON t TO bob", SqlState::kUndefinedObject, "\"bob\""},
           Case{"ALTER POLICY p ON app.t RENAME TO q", SqlState::kInvalidSchemaName, "\"app\""},
           Case{"ALTER TABLE a.public.t ENABLE ROW LEVEL SECURITY", SqlState::kFeatureNotSupported,
                "\"a.public.t\""},
           Case{"GRANT SELECT ON app.t TO anon", SqlState::kInvalidSchemaName, "\"app\""},
           Case{"CREATE POLICY p ON t FOR MERGE", SqlState::kSyntaxError, "\"MERGE\""},
           Case{"CREATE POLICY p ON t USING a = 1", SqlState::kSyntaxError, "\"a\""},
           Case{"DROP POLICY p", SqlState::kSyntaxError, "end of input"},
       }) {
    const SqlError error = refused(sql);
    EXPECT_EQ(database::code_of(error.state), database::code_of(state)) << sql;
    EXPECT_NE(error.message.find(part), std::string::npos) << sql << ": " << error.message;
  }
}

TEST(PolicyStatement, ErrorsSayWhere) {
  EXPECT_EQ(refused("GRANT SELECT ON t TO anon, bob").position, 28U);
  EXPECT_EQ(refused("CREATE POLICY \"\xC3\xA9\" ON app.t").position, 22U);
  EXPECT_EQ(refused("GRANT SELECT ON \"\xC3\xA9\" FOR anon").position, 21U);
}

TEST(PolicyStatement, OtherStatementsAreNotTakenForThese) {
  for (const char* sql :
       {"", "SELECT 1", "CREATE TABLE policy (x)", "CREATE", "ALTER", "DROP TABLE policy",
        "ALTER TABLE t ADD COLUMN enable", "ALTER TABLE t RENAME TO enable", "ALTER TABLE",
        "ALTER TABLE enable RENAME TO x", "ALTER TABLE t DROP COLUMN no", "ALTER TABLE IF EXISTS",
        "\"grant\"", "-- GRANT\nSELECT 1", "ALTER TABLE main.enable ADD force"}) {
    EXPECT_FALSE(begins_policy_statement(sql)) << sql;
  }
  EXPECT_TRUE(begins_policy_statement(" -- x\n/* y */ gRaNt whatever"));
  EXPECT_TRUE(begins_policy_statement("ALTER TABLE enable ENABLE ROW LEVEL SECURITY"));
  EXPECT_TRUE(begins_policy_statement("ALTER TABLE \"a b\".\"c\" no force"));
  EXPECT_FALSE(parse_policy_statement("SELECT 1"));
  EXPECT_FALSE(parse_policy_statement("DROP TABLE t"));
  EXPECT_FALSE(parse_policy_statement("ALTER TABLE t RENAME TO u"));
  EXPECT_FALSE(parse_policy_statement("DROP POLICY p ON t; DROP POLICY q ON t"));
}

TEST(PolicyStatement, EndsAtItsSemicolon) {
  const auto first = [](std::string_view sql) { return sql.substr(0, end_of_statement(sql)); };
  EXPECT_EQ(first("GRANT a; GRANT b"), "GRANT a;");
  EXPECT_EQ(first("CREATE POLICY p ON t USING (a = ';' OR \";\" = $$;$$) -- ;\n /* ; */; x"),
            "CREATE POLICY p ON t USING (a = ';' OR \";\" = $$;$$) -- ;\n /* ; */;");
  EXPECT_EQ(first("GRANT a -- ;"), "GRANT a -- ;");
  EXPECT_EQ(first(""), "");
}

}  // namespace
