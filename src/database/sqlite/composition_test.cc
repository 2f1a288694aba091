#include "database/sqlite/composition.h"

#include <gtest/gtest.h>

namespace database::sqlite {
namespace {

using auth::Role;

constexpr std::size_t kNotes = 0;
constexpr std::size_t kMembers = 1;

RoleSet set_of(Role role) {
  RoleSet roles;
  roles.add(role);
  return roles;
}

Column column(std::string name, std::string type) {
  Column made;
  made.name = std::move(name);
  made.type = std::move(type);
  made.collation = "BINARY";
  return made;
}

Table table(std::string name, std::vector<Column> columns) {
  Table made;
  made.name = std::move(name);
  made.columns = std::move(columns);
  made.strict = true;
  made.row_security = true;
  for (const Command command :
       {Command::kSelect, Command::kInsert, Command::kUpdate, Command::kDelete}) {
    made.grants.of(command) = RoleSet::everyone();
  }
  return made;
}

void add_policy(Table& to, Command command, std::string use, std::vector<std::size_t> tables = {},
                bool permissive = true) {
  TablePolicy policy;
  policy.policy.command = command;
  policy.policy.permissive = permissive;
  policy.use = {std::move(use), std::move(tables)};
  to.policies.push_back(std::move(policy));
}

Schema two_tables() {
  Schema schema;
  schema.tables.push_back(
      table("notes", {column("id", "INTEGER"), column("owner", "TEXT"), column("body", "TEXT")}));
  schema.tables[kNotes].integer_key = 0;
  schema.tables.push_back(table("members", {column("org", "TEXT"), column("uid", "TEXT")}));
  schema.tables[kMembers].key = {0, 1};
  return schema;
}

ScanRequest all_of(const Schema& schema, std::size_t which) {
  ScanRequest request;
  request.columns.assign(schema.tables[which].columns.size(), true);
  return request;
}

std::string scan_of(const Schema& schema, Role role, std::size_t which, Command command,
                    bool need) {
  auto text = Composition(schema, role).scan(which, command, need, all_of(schema, which));
  return text ? *text : text.error().message;
}

TEST(Composition, DeniesWithoutAPermissivePolicy) {
  Schema schema = two_tables();
  add_policy(schema.tables[kNotes], Command::kAll, "1", {}, false);
  EXPECT_NE(scan_of(schema, Role::kAnon, kNotes, Command::kSelect, false).find("WHERE (0)"),
            std::string::npos);
}

TEST(Composition, PermissiveAreAlternativesRestrictiveAreConditions) {
  Schema schema = two_tables();
  add_policy(schema.tables[kNotes], Command::kSelect, "A");
  add_policy(schema.tables[kNotes], Command::kAll, "B");
  add_policy(schema.tables[kNotes], Command::kSelect, "C", {}, false);
  add_policy(schema.tables[kNotes], Command::kUpdate, "D");
  EXPECT_EQ(scan_of(schema, Role::kAnon, kNotes, Command::kSelect, false),
            R"(SELECT "notes".rowid, "notes"."id", "notes"."owner", "notes"."body" )"
            R"(FROM main."notes" AS "notes" WHERE (((A) OR (B)) AND (C)))");
  EXPECT_NE(scan_of(schema, Role::kAnon, kNotes, Command::kUpdate, true)
                .find("WHERE ((((B) OR (D))) AND (((A) OR (B)) AND (C)))"),
            std::string::npos)
      << scan_of(schema, Role::kAnon, kNotes, Command::kUpdate, true);
}

TEST(Composition, PoliciesAreForTheirRoles) {
  Schema schema = two_tables();
  add_policy(schema.tables[kNotes], Command::kSelect, "A");
  schema.tables[kNotes].policies[0].policy.roles = set_of(Role::kAuthenticated);
  EXPECT_NE(scan_of(schema, Role::kAuthenticated, kNotes, Command::kSelect, false).find("(A)"),
            std::string::npos);
  EXPECT_NE(scan_of(schema, Role::kAnon, kNotes, Command::kSelect, false).find("WHERE (0)"),
            std::string::npos);
  EXPECT_NE(scan_of(schema, Role::kServiceRole, kNotes, Command::kSelect, false).find("WHERE (1)"),
            std::string::npos)
      << "service_role passes every policy";
}

TEST(Composition, WithCheckFallsBackToUsing) {
  Schema schema = two_tables();
  add_policy(schema.tables[kNotes], Command::kUpdate, "A");
  add_policy(schema.tables[kNotes], Command::kUpdate, "B");
  schema.tables[kNotes].policies[1].check = {"C", {}};
  const auto text = Composition(schema, Role::kAnon).check(kNotes, Command::kUpdate, false);
  ASSERT_TRUE(text);
  EXPECT_EQ(
      *text,
      R"(SELECT "notes".*, (((A) OR (C))) IS TRUE FROM (SELECT CAST(? AS "INTEGER") AS "id", )"
      R"(CAST(? AS "TEXT") AS "owner", CAST(? AS "TEXT") AS "body") AS "notes")");
}

TEST(Composition, TablesOfAPolicyAreSeenAsTheCallerSeesThem) {
  Schema schema = two_tables();
  add_policy(schema.tables[kNotes], Command::kSelect, "EXISTS (SELECT 1 FROM \"members\")",
             {kMembers});
  add_policy(schema.tables[kMembers], Command::kSelect, "M");
  EXPECT_EQ(scan_of(schema, Role::kAnon, kNotes, Command::kSelect, false),
            R"(WITH "members" AS NOT MATERIALIZED (SELECT "members"."org", "members"."uid" )"
            R"(FROM main."members" AS "members" WHERE ((M))) )"
            R"(SELECT "notes".rowid, "notes"."id", "notes"."owner", "notes"."body" FROM )"
            R"(main."notes" AS "notes" WHERE (((EXISTS (SELECT 1 FROM "members")))))");
  EXPECT_EQ(scan_of(schema, Role::kServiceRole, kNotes, Command::kSelect, false).find("WITH"),
            std::string::npos);
}

TEST(Composition, PolicyRecursionIsAnError) {
  Schema schema = two_tables();
  add_policy(schema.tables[kNotes], Command::kSelect, "A", {kMembers});
  add_policy(schema.tables[kMembers], Command::kSelect, "B", {kMembers});
  auto text =
      Composition(schema, Role::kAnon).scan(kNotes, Command::kSelect, false, all_of(schema, 0));
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().state, SqlState::kInfinitePolicyRecursion);
  EXPECT_EQ(text.error().message, "infinite recursion detected in policy for relation \"members\"");
}

TEST(Composition, ATableOfAPolicyNeedsItsGrant) {
  Schema schema = two_tables();
  add_policy(schema.tables[kNotes], Command::kSelect, "A", {kMembers});
  schema.tables[kMembers].grants.select = set_of(Role::kAuthenticated);
  EXPECT_EQ(scan_of(schema, Role::kAnon, kNotes, Command::kSelect, false),
            "permission denied for table members: anon has no SELECT on it; "
            "GRANT SELECT ON members TO anon");
}

TEST(Composition, ScansTakeIndicesNotText) {
  Schema schema = two_tables();
  add_policy(schema.tables[kNotes], Command::kSelect, "A");
  ScanRequest request;
  request.columns = {false, true, false};
  request.constraints = {{1, Comparison::kEqual}, {2, Comparison::kIsNull}};
  request.order = {{0, true}};
  const auto text = Composition(schema, Role::kAnon).scan(kNotes, Command::kSelect, false, request);
  ASSERT_TRUE(text);
  EXPECT_EQ(*text,
            R"(SELECT "notes".rowid, NULL, "notes"."owner", NULL FROM main."notes" AS "notes" )"
            R"(WHERE (((A))) AND "notes"."owner" = ? AND "notes"."body" IS NULL )"
            R"(ORDER BY "notes"."id" DESC)");
}

TEST(Composition, ChangesAreByKeyAndUnderUsing) {
  Schema schema = two_tables();
  add_policy(schema.tables[kMembers], Command::kAll, "A");
  const Composition composition(schema, Role::kAnon);
  EXPECT_EQ(*composition.update(kMembers, {1}, {}, false, false),
            R"(UPDATE main."members" AS "members" SET "uid" = ? WHERE "members"."org" IS ? AND )"
            R"("members"."uid" IS ? AND (((A))))");
  EXPECT_EQ(
      *composition.remove(kMembers, true, true),
      R"(DELETE FROM main."members" AS "members" WHERE "members"."org" IS ? AND )"
      R"("members"."uid" IS ? AND ((((A))) AND (((A)))) RETURNING "org", "uid", "org", "uid")");
}

TEST(Composition, QuotesNames) {
  Schema schema;
  schema.tables.push_back(table(R"(we"ird)", {column(R"(a"b)", "TEXT")}));
  schema.tables[0].row_security = false;
  EXPECT_EQ(insert_text(schema.tables[0], {0}, nullptr, false),
            R"(INSERT INTO main."we""ird" ("a""b") VALUES (?))");
  const std::vector<std::size_t> target{0};
  EXPECT_EQ(insert_text(schema.tables[0], {0}, &target, false),
            R"(INSERT INTO main."we""ird" ("a""b") VALUES (?) ON CONFLICT ("a""b") DO NOTHING)");
  EXPECT_EQ(conflicting_row_text(schema.tables[0], target),
            R"(SELECT rowid FROM main."we""ird" WHERE "a""b" = ?)");
}

TEST(Composition, ChecksNameTheirColumns) {
  Schema schema = two_tables();
  add_policy(schema.tables[kNotes], Command::kInsert, "");
  schema.tables[kNotes].policies[0].check = {R"("owner" = auth_uid())", {}};
  const Composition composition(schema, Role::kAnon);
  EXPECT_TRUE(composition.check_reads(kNotes, Command::kInsert, false, 1));
  EXPECT_FALSE(composition.check_reads(kNotes, Command::kInsert, false, 0));
  for (const char* other :
       {R"(EXISTS (SELECT 1 FROM "members" AS "m" WHERE "m"."id" = "notes"."owner"))",
        R"((SELECT count(*) FROM "members") > 0)",
        R"("notes"."owner" IN (SELECT "m"."id" AS "id" FROM "members" AS "m"))"}) {
    schema.tables[kNotes].policies[0].check = {other, {kMembers}};
    EXPECT_FALSE(composition.check_reads(kNotes, Command::kInsert, false, 0)) << other;
  }
  schema.tables[kNotes].policies[0].check = {R"(EXISTS (SELECT "Notes".*))", {}};
  EXPECT_TRUE(composition.check_reads(kNotes, Command::kInsert, false, 0));
  schema.tables[kNotes].policies[0].check = {R"("m"."x" = "notes"."id")", {}};
  EXPECT_TRUE(composition.check_reads(kNotes, Command::kInsert, false, 0));
  schema.tables[kNotes].policies[0].check = {R"("ID" > 0)", {}};
  EXPECT_TRUE(composition.check_reads(kNotes, Command::kInsert, false, 0)) << "of any case";
}

}  // namespace
}  // namespace database::sqlite
