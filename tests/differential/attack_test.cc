// Statements that try to get at other people's rows, through the whole of the guest's path.
// Whatever each of them answers, to whom ever: no row, value or message may hold what the caller
// may not read, and no row may change that it may not change.
#include <array>
#include <iostream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "database/sqlite/administration.h"
#include "database/sqlite/guest_pair.h"
#include "database/test_folder.h"
#include "differential/hostile_world.h"

namespace differential {
namespace {

using database::GuestAccess;
using database::Statement;
using database::sqlite::GuestPair;

// {t}: each table.
constexpr std::string_view kOnEachTable[] = {
    "SELECT * FROM {t}",
    "SELECT * FROM public.{t}",
    "SELECT * FROM main.{t}",
    "SELECT * FROM {t} WHERE owner <> auth.uid()",
    "SELECT * FROM {t} WHERE true OR owner = auth.uid()",
    "SELECT t.* FROM {t} AS t, {t} AS u",
    "SELECT * FROM {t} ORDER BY canary LIMIT 100",
    "SELECT max(canary), min(canary), string_agg(canary, ',') FROM {t}",
    "SELECT (SELECT canary FROM {t} WHERE owner <> auth.uid() LIMIT 1)",
    "SELECT canary::int FROM {t}",
    "SELECT 1 / (secret - secret) FROM {t}",
    "SELECT id FROM {t} WHERE canary::int > 0",
    "WITH x AS (SELECT * FROM {t}) SELECT * FROM x",
    "WITH {t} AS (SELECT * FROM {t}) SELECT * FROM {t}",
    "WITH {t} AS (SELECT * FROM public.{t}) SELECT * FROM {t}",
    "WITH RECURSIVE r AS (SELECT id, canary FROM {t} UNION SELECT id + 1, canary FROM r WHERE id < "
    "9) SELECT * FROM r",
    "SELECT canary FROM owned UNION SELECT canary FROM {t}",
    "SELECT o.canary, t.canary FROM open o FULL JOIN {t} t ON t.id = o.id",
    "SELECT lag(canary) OVER (ORDER BY id), lead(canary) OVER (ORDER BY id DESC) FROM {t}",
    "SELECT id FROM {t} GROUP BY id, canary HAVING canary > ''",
    "UPDATE {t} SET owner = auth.uid() RETURNING *",
    "UPDATE {t} SET owner = auth.uid()",
    "UPDATE {t} SET team = 1 WHERE owner <> auth.uid() RETURNING canary",
    "UPDATE {t} SET canary = canary || '!' RETURNING canary, secret",
    "UPDATE {t} SET canary = (SELECT max(canary) FROM {t}) RETURNING canary",
    "UPDATE {t} SET team = team + 1 FROM open RETURNING {t}.canary",
    "UPDATE {t} AS a SET team = 2 FROM {t} AS b WHERE a.id = b.id AND b.owner <> auth.uid()",
    "UPDATE {t} SET secret = 1 / (secret - secret)",
    "UPDATE {t} SET id = id + 1000",
    "DELETE FROM {t} RETURNING *",
    "DELETE FROM {t}",
    "DELETE FROM {t} WHERE owner <> auth.uid() RETURNING canary",
    "DELETE FROM {t} WHERE 1 / (secret - secret) = 1",
    "INSERT INTO {t} (id, owner, team) VALUES (2, auth.uid(), 2) ON CONFLICT (id) DO UPDATE SET "
    "owner = auth.uid() RETURNING *",
    "INSERT INTO {t} (id, owner, team) VALUES (5, auth.uid(), 2) ON CONFLICT (id) DO UPDATE SET "
    "canary = {t}.canary RETURNING canary",
    "INSERT INTO {t} (id, owner, team) VALUES (8, auth.uid(), 2) ON CONFLICT (id) DO UPDATE SET "
    "canary = {t}.canary::int::text",
    "INSERT INTO {t} (id, owner, team) VALUES (5, auth.uid(), 2) ON CONFLICT (id) DO NOTHING "
    "RETURNING *",
    "INSERT INTO {t} (id, owner, team) VALUES (5, auth.uid(), 2) ON CONFLICT DO NOTHING RETURNING "
    "*",
    "INSERT INTO {t} (id, owner, team) VALUES (105, 'bbbbbbbb-0000-4000-8000-000000000002', 3) "
    "RETURNING *",
    "INSERT INTO {t} (id, owner, team, canary) SELECT id + 500, auth.uid(), team, canary FROM {t} "
    "RETURNING *",
    "INSERT INTO open (canary) SELECT canary FROM {t}",
    "INSERT INTO owned (owner, canary) SELECT auth.uid(), canary FROM {t} RETURNING canary",
};

constexpr std::string_view kOnce[] = {
    // The names below.
    R"(SELECT * FROM "__u_owned")",
    R"(SELECT * FROM "__d_vault")",
    R"(SELECT * FROM "__r_owned")",
    R"(SELECT * FROM "__o_owned", "__x_owned")",
    R"(UPDATE "__u_owned" SET canary = 'x')",
    R"(WITH "__r_owned" AS (SELECT * FROM owned) UPDATE owned SET team = 1 RETURNING *)",
    R"(WITH "__u_owned" AS (SELECT * FROM open) UPDATE owned SET team = 1 RETURNING *)",
    R"(WITH "__d_dropbox" AS (SELECT 1 AS rowid) DELETE FROM dropbox RETURNING *)",
    R"(WITH "__o_owned" AS (SELECT * FROM open) INSERT INTO owned (id, owner) VALUES (1, auth.uid()) ON CONFLICT (id) DO UPDATE SET team = 9 RETURNING *)",
    "SELECT * FROM sqlite_master",
    "SELECT sql FROM sqlite_schema",
    "SELECT * FROM pragma_table_list",
    "SELECT * FROM pragma_database_list()",
    "SELECT * FROM dbstat",
    "SELECT * FROM sqlite_dbpage",
    "SELECT * FROM _roost_policy",
    "SELECT * FROM _roost_grant",
    "SELECT * FROM _roost_migration",
    "SELECT * FROM pg_catalog.pg_class",
    "SELECT * FROM pg_policies",
    "SELECT * FROM pg_stats",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM json_each('[1]')",
    "SELECT * FROM temp.owned",
    "SELECT * FROM auth.users",
    // The place of a row.
    "SELECT rowid, * FROM owned",
    "SELECT _rowid_ FROM dropbox",
    "SELECT oid FROM shared",
    "SELECT ctid, xmin, tableoid FROM owned",
    "UPDATE dropbox SET canary = rowid",
    "UPDATE dropbox SET secret = rowid RETURNING secret",
    "UPDATE dropbox SET secret = id RETURNING secret",
    "DELETE FROM dropbox WHERE rowid > 0 RETURNING rowid",
    "UPDATE dropbox SET team = 7 RETURNING 1",
    "UPDATE dropbox SET team = 7 WHERE canary > 'canary5'",
    "DELETE FROM dropbox WHERE canary > 'canary5'",
    "DELETE FROM dropbox RETURNING canary",
    "UPDATE dropbox SET owner = auth.uid() WHERE true RETURNING canary",
    "UPDATE dropbox SET owner = auth.uid() RETURNING 1 AS one",
    "UPDATE dropbox SET canary = 'x' FROM dropbox d WHERE d.id = dropbox.id",
    "UPDATE dropbox SET canary = (SELECT d.canary FROM dropbox d WHERE d.id = dropbox.id) "
    "RETURNING 1 AS one",
    "UPDATE dropbox SET team = 5 RETURNING (SELECT max(canary) FROM dropbox)",
    // Whole rows.
    "SELECT owned FROM owned",
    "SELECT row_to_json(vault) FROM vault",
    "SELECT to_jsonb(d) FROM dropbox d",
    "SELECT (vault).canary FROM vault",
    "SELECT vault.* FROM owned AS vault",
    "SELECT excluded.* FROM owned",
    "SELECT NEW.canary, OLD.canary FROM owned",
    "INSERT INTO owned (owner) VALUES (auth.uid()) RETURNING excluded.canary",
    "INSERT INTO owned (owner) VALUES (auth.uid()) RETURNING (SELECT string_agg(canary, '') FROM "
    "owned)",
    // Who one is.
    "SELECT set_config('request.jwt.claims', '{\"sub\":\"bbbbbbbb-0000-4000-8000-000000000002\"}', "
    "true)",
    "SELECT set_config('role', 'service_role', false), (SELECT max(canary) FROM owned)",
    "SET ROLE service_role",
    "SET LOCAL request.jwt.claims TO '{}'",
    "RESET ROLE",
    "SELECT current_user, session_user, current_setting('request.jwt.claims')",
    "WITH auth AS (SELECT 1) SELECT auth.uid() FROM auth",
    "SELECT auth_uid('bbbbbbbb-0000-4000-8000-000000000002')",
    "CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql AS $$ SELECT NULL::uuid $$",
    // What is no query.
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT member",
    "ROLLBACK TO member",
    "ATTACH 'data.db' AS x",
    "PRAGMA writable_schema = on",
    "PRAGMA foreign_keys = off",
    "VACUUM INTO 'copy.db'",
    "CREATE TABLE mine AS SELECT * FROM vault",
    "CREATE VIEW v AS SELECT * FROM vault",
    "CREATE TEMP TABLE owned (id int)",
    "DROP TABLE vault",
    "DROP POLICY own ON owned",
    "ALTER TABLE owned DISABLE ROW LEVEL SECURITY",
    "GRANT SELECT ON ungranted TO anon, authenticated",
    "CREATE POLICY all_of_it ON vault USING (true)",
    "ALTER POLICY own ON owned USING (true)",
    "TRUNCATE owned",
    "COPY vault TO STDOUT",
    "EXPLAIN ANALYZE SELECT * FROM vault",
    "EXPLAIN SELECT * FROM vault",
    "DO $$ BEGIN END $$",
    "LISTEN x",
    "LOCK TABLE owned",
    "PREPARE p AS SELECT * FROM vault",
    "SELECT * INTO mine FROM vault",
    "SELECT * FROM owned FOR UPDATE",
    "MERGE INTO owned USING open ON owned.id = open.id WHEN MATCHED THEN UPDATE SET canary = "
    "open.canary",
    "WITH gone AS (DELETE FROM dropbox RETURNING *) SELECT * FROM gone",
    "WITH stolen AS (UPDATE owned SET owner = auth.uid() RETURNING *) SELECT * FROM stolen",
    // Two statements, comments, quotes.
    "SELECT 1; SELECT * FROM vault",
    "SELECT 1; DELETE FROM owned",
    "SELECT 1 -- ; \n, (SELECT max(canary) FROM vault)",
    "SELECT /* /* */ 1 */ * FROM vault",
    R"(SELECT * FROM "owned"" UNION SELECT * FROM vault --")",
    R"(SELECT 1 AS "x"" FROM vault; --")",
    R"(SELECT * FROM owned AS "a"" , main.""vault" WHERE true)",
    R"(SELECT * FROM owned AS "[vault]", owned AS "`x`")",
    R"(SELECT E'\' UNION SELECT canary FROM vault --')",
    "SELECT $q$' UNION SELECT canary FROM vault --$q$",
    R"(SELECT U&'\0027 UNION SELECT canary FROM vault --')",
    R"(SELECT U&"\0063anary" FROM vault)",
    R"(SELECT * FROM U&"\0076ault")",
    "SELECT '\\' || (SELECT max(canary) FROM vault) || '\\'",
    "SELECT 'a''; DROP TABLE owned; --'",
    R"(SELECT * FROM "Odd ""Name" WHERE canary = '"' OR '"' = '"')",
    R"(SELECT * FROM "odd ""name")",
    R"(UPDATE "Odd ""Name" SET owner = upper(owner) RETURNING *)",
    R"(UPDATE "Odd ""Name" SET owner = upper(auth.uid()::text) WHERE id = 4 RETURNING *)",
    R"(INSERT INTO "Odd ""Name" (id, owner) VALUES (200, upper(auth.uid()::text)) RETURNING *)",
    // Functions.
    "SELECT load_extension('x')",
    "SELECT readfile('data.db'), writefile('x', 'y')",
    "SELECT roost_armed(0, 1), roost_check(), roost_bind(0, 1)",
    "SELECT pg_default()",
    "INSERT INTO owned (owner, canary) VALUES (pg_default(), 'x')",
    "SELECT pg_read_file('/etc/passwd'), lo_import('/etc/passwd'), pg_sleep(1)",
    "SELECT query_to_xml('SELECT * FROM vault', true, true, '')",
    "SELECT dblink('dbname=postgres', 'SELECT 1')",
    "SELECT pg_advisory_lock(1)",
    "SELECT fts3_tokenizer('simple')",
    "SELECT sqlite_compileoption_get(1), sqlite_source_id(), changes(), last_insert_rowid(), "
    "total_changes()",
    "SELECT has_table_privilege('vault', 'select')",
    "SELECT 'vault'::regclass, 1::regclass",
    "SELECT pg_relation_size('vault')",
    "SELECT count(*) FROM generate_series(1, 1000000000)",
    "SELECT randomblob(1000000000)",
    "SELECT repeat('x', 1000000000)",
    "SELECT printf('%.*c', 100000000, 'x')",
    // Membership, and what depends on it.
    "SELECT canary FROM shared WHERE team = 3",
    "UPDATE memberships SET team = 3 RETURNING *",
    "INSERT INTO memberships (team, owner) VALUES (3, auth.uid()) RETURNING (SELECT "
    "string_agg(canary, '') FROM shared)",
    "WITH memberships AS (SELECT 3 AS team, auth.uid() AS owner) SELECT * FROM shared",
    "WITH memberships AS (SELECT 3 AS team, auth.uid() AS owner) UPDATE shared SET team = 3 "
    "RETURNING *",
    "UPDATE shared SET team = 3 RETURNING canary",
    "INSERT INTO shared (owner, team) VALUES (auth.uid(), 3) RETURNING *",
    "INSERT INTO shared (owner, team) VALUES (auth.uid(), 4) RETURNING (SELECT max(canary) FROM "
    "shared)",
    "SELECT * FROM shared s WHERE EXISTS (SELECT 1 FROM shared m WHERE m.team = s.team AND m.owner "
    "<> auth.uid())",
    // Keys.
    "INSERT INTO owned (secret, owner) SELECT secret, auth.uid() FROM open ON CONFLICT (secret) DO "
    "NOTHING RETURNING *",
    "INSERT INTO owned (owner, secret) VALUES (auth.uid(), 5), (auth.uid(), 5) ON CONFLICT "
    "(secret) DO UPDATE SET canary = owned.canary RETURNING *",
    R"(INSERT INTO "Odd ""Name" (canary, owner) VALUES ('canary', auth.uid()) ON CONFLICT (canary) DO UPDATE SET id = 4 RETURNING *)",
    "INSERT INTO keyed (id, owner) VALUES (4, 'bbbbbbbb-0000-4000-8000-000000000002') ON CONFLICT "
    "(owner, id) DO UPDATE SET owner = auth.uid() RETURNING *",
    "UPDATE keyed SET owner = 'bbbbbbbb-0000-4000-8000-000000000002' RETURNING *",
    "UPDATE keyed SET id = 5, owner = 'bbbbbbbb-0000-4000-8000-000000000002'",
    "SELECT * FROM keyed WHERE (owner, id) IN (('bbbbbbbb-0000-4000-8000-000000000002', 4), "
    "('cccccccc-0000-4000-8000-000000000003', 7))",
    "SELECT * FROM keyed WHERE owner IN (SELECT owner FROM open)",
    "SELECT * FROM owned WHERE id IN (1, 2, 3, 4, 5, 6, 7, 8, 9)",
    "SELECT * FROM owned WHERE id BETWEEN 1 AND 9 OR owner IS NOT NULL",
    "SELECT * FROM owned WHERE secret > 0 ORDER BY secret DESC LIMIT 1",
    "SELECT k.canary FROM open o JOIN keyed k ON k.owner = o.owner AND k.id = o.id",
};

Deed deed_of(std::string_view sql) {
  if (sql.find("INSERT INTO") != std::string_view::npos) return Deed::kInsert;
  if (sql.find("UPDATE ") != std::string_view::npos) return Deed::kUpdate;
  return sql.find("DELETE ") != std::string_view::npos ? Deed::kDelete : Deed::kSelect;
}

std::vector<std::string> attacks() {
  std::vector<std::string> all(std::begin(kOnce), std::end(kOnce));
  for (const std::string& table : HostileWorld::tables()) {
    for (std::string sql :
         std::vector<std::string>(std::begin(kOnEachTable), std::end(kOnEachTable))) {
      const std::string name = database::sqlite::quote_name(table);
      for (std::size_t at = 0; (at = sql.find("{t}", at)) != std::string::npos; at += name.size()) {
        sql.replace(at, 3, name);
      }
      all.push_back(std::move(sql));
    }
  }
  return all;
}

struct Tally {
  std::size_t answered = 0;
  std::size_t refused = 0;
};

void attack(GuestPair& pair, const HostileWorld& world, const Caller& caller,
            const std::string& sql, Tally& tally) {
  SCOPED_TRACE(fmt::format("{}: {}", caller.name, sql));
  pair.begin_time();
  ASSERT_TRUE(pair.keeper().begin());
  const database::Bounds bounds{.deadline = base::Deadline::after(std::chrono::seconds(2))};
  const auto rows = pair.run(GuestAccess(caller.principal), Statement{sql, {}}, bounds);
  const std::string shown = rows ? rows->json : database::to_json(rows.error());
  ++(rows ? tally.answered : tally.refused);
  if (const auto leak = world.leak(caller, shown)) ADD_FAILURE() << *leak;
  for (const HostileRow& row : world.rows()) {
    if (world.may(caller, Deed::kSelect, row)) continue;
    EXPECT_EQ(shown.find(row.secret), std::string::npos) << row.table << " " << row.id;
  }
  ASSERT_TRUE(pair.keeper().in_transaction());
  // What a statement did before it failed is taken back by whoever runs it.
  if (rows) {
    const auto misdeed =
        world.misdeed(caller, deed_of(sql), false, HostileWorld::read(pair.keeper().connection()));
    EXPECT_FALSE(misdeed) << *misdeed;
  }
  pair.keeper().rollback();
}

TEST(Attack, NothingOfOthersIsShownOrChanged) {
  const database::TestFolder folder;
  const auto world = HostileWorld::make(folder / "data.db");
  ASSERT_NE(world, nullptr);
  auto pair = GuestPair::open(folder / "data.db", database::sqlite::Mode::kWrite);
  ASSERT_TRUE(pair) << pair.error().message;
  const auto list = attacks();
  static_assert(std::size(kOnce) >= 100);
  Tally tally;
  for (const std::string& sql : list) {
    for (const Caller& caller : callers()) {
      if (caller.principal.role == auth::Role::kServiceRole) continue;
      attack(**pair, *world, caller, sql, tally);
    }
  }
  std::cout << list.size() << " statements, " << tally.answered << " answered, " << tally.refused
            << " refused\n";
  EXPECT_GT(tally.answered, list.size());
  EXPECT_EQ(HostileWorld::read((*pair)->keeper().connection()), world->rows());
}

// The oracle and the suite would see a leak if there were one.
TEST(Attack, AHoleIsSeen) {
  const database::TestFolder folder;
  const auto world = HostileWorld::make(folder / "data.db");
  ASSERT_NE(world, nullptr);
  auto administration = database::sqlite::Administration::open(folder / "data.db");
  ASSERT_TRUE(administration);
  ASSERT_TRUE((*administration)->run("CREATE POLICY hole ON vault USING (secret > 0)", {}));
  auto pair = GuestPair::open(folder / "data.db", database::sqlite::Mode::kWrite);
  ASSERT_TRUE(pair);
  const Caller& alice = callers()[1];
  ASSERT_TRUE((*pair)->keeper().begin());
  const auto rows =
      (*pair)->run(GuestAccess(alice.principal), Statement{"SELECT canary FROM vault", {}}, {});
  ASSERT_TRUE(rows);
  EXPECT_TRUE(world->leak(alice, rows->json));
  ASSERT_TRUE((*pair)->run(GuestAccess(alice.principal), Statement{"DELETE FROM vault", {}}, {}));
  EXPECT_TRUE(world->misdeed(alice, Deed::kDelete, false,
                             HostileWorld::read((*pair)->keeper().connection())));
  (*pair)->keeper().rollback();
}

}  // namespace
}  // namespace differential
