#include "database/sqlite/administration.h"

#include <thread>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "database/sqlite/functions.h"
#include "database/sqlite/prepared.h"
#include "database/test_folder.h"

namespace {

using auth::Role;
using database::Bounds;
using database::Command;
using database::Migration;
using database::Rows;
using database::SqlError;
using database::SqlResult;
using database::SqlState;
using database::TableSecurity;
using database::sqlite::Administration;

constexpr const char* kNotes =
    "CREATE TABLE notes (id INTEGER PRIMARY KEY, owner TEXT NOT NULL, body TEXT) STRICT;";

struct Database {
  Database() {
    auto opened = Administration::open(folder / "data.db");
    EXPECT_TRUE(opened) << opened.error().message;
    if (opened) admin = std::move(*opened);
  }

  std::vector<Rows> run(std::string_view script) const {
    auto rows = admin->run(script, {});
    EXPECT_TRUE(rows) << script << "\n" << rows.error().message;
    return rows ? *rows : std::vector<Rows>();
  }
  std::string json(std::string_view script) const {
    const auto rows = run(script);
    return rows.empty() ? "" : rows.back().json;
  }
  SqlError error(std::string_view script, const Bounds& bounds = {}) const {
    auto rows = admin->run(script, bounds);
    EXPECT_FALSE(rows) << script;
    return rows ? SqlError() : rows.error();
  }
  std::string refusal(std::string_view script) const {
    const SqlError refused = error(script);
    return std::string(database::code_of(refused.state)) + ": " + refused.message;
  }
  TableSecurity security(std::string_view table) const {
    auto all = admin->security();
    EXPECT_TRUE(all) << all.error().message;
    for (TableSecurity& one : *all) {
      if (one.table == table) return one;
    }
    ADD_FAILURE() << "no table " << table;
    return {};
  }
  // As another program that knows nothing of Roost.
  void outside(const char* sql) const {
    sqlite3* raw = nullptr;
    ASSERT_EQ(sqlite3_open((folder / "data.db").c_str(), &raw), SQLITE_OK);
    const database::sqlite::ConnectionHandle connection(raw);
    ASSERT_EQ(sqlite3_exec(raw, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(raw);
  }
  std::int64_t version() const {
    sqlite3* raw = nullptr;
    EXPECT_EQ(sqlite3_open((folder / "data.db").c_str(), &raw), SQLITE_OK);
    const database::sqlite::ConnectionHandle connection(raw);
    const auto version = database::sqlite::schema_version(raw);
    EXPECT_TRUE(version);
    return *version;
  }

  database::TestFolder folder;
  std::unique_ptr<Administration> admin;
};

// ---- Scripts -----------------------------------------------------------------------------------

TEST(Administration, MakesAPrivateFileWithAWriteAheadLog) {
  const Database db;
  struct stat status{};
  ASSERT_EQ(::stat((db.folder / "data.db").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(db.json("PRAGMA journal_mode"), R"([{"journal_mode":"wal"}])");
  EXPECT_EQ(db.json("PRAGMA foreign_keys"), R"([{"foreign_keys":1}])");
  EXPECT_TRUE(Administration::open(db.folder / "data.db")) << "a second one";
}

TEST(Administration, EachStatementHasItsRows) {
  const Database db;
  const auto rows = db.run(
      "-- a comment\n;CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT) STRICT;"
      "INSERT INTO t (x) VALUES ('a;'), ('b'); SELECT * FROM t ORDER BY id;"
      "UPDATE t SET x = 'c' WHERE id = 1 RETURNING x; GRANT SELECT ON t TO anon;"
      "DELETE FROM t; /* the end */");
  ASSERT_EQ(rows.size(), 6U);
  EXPECT_EQ(rows[0].count, 0U);
  EXPECT_EQ(rows[1].count, 2U);
  EXPECT_EQ(rows[1].json, "[]");
  EXPECT_EQ(rows[2].json, R"([{"id":1,"x":"a;"},{"id":2,"x":"b"}])");
  EXPECT_EQ(rows[2].count, 2U);
  EXPECT_EQ(rows[3].json, R"([{"x":"c"}])");
  EXPECT_EQ(rows[4].count, 0U);
  EXPECT_EQ(rows[5].count, 2U);
  EXPECT_TRUE(db.run("").empty());
  EXPECT_TRUE(db.run(" ; -- nothing").empty());
}

TEST(Administration, AnErrorUndoesTheWholeScriptAndSaysWhere) {
  const Database db;
  db.run(kNotes);
  const SqlError error =
      db.error("INSERT INTO notes (owner) VALUES ('\xC3\xA9');\nSELECT nope FROM notes; SELECT 1");
  EXPECT_EQ(error.state, SqlState::kUndefinedColumn);
  EXPECT_EQ(error.message, "column \"nope\" does not exist");
  EXPECT_EQ(error.statement, 1U);
  EXPECT_EQ(error.position, 48U);
  EXPECT_EQ(db.json("SELECT count(*) AS n FROM notes"), R"([{"n":0}])");
  const SqlError policy = db.error("SELECT 1;\nGRANT SELECT ON notes TO bob");
  EXPECT_EQ(policy.statement, 1U);
  EXPECT_EQ(policy.position, 36U);
  EXPECT_EQ(db.refusal("SELECT ?1"), "42P02: there is no parameter ?1");
  EXPECT_EQ(db.refusal("SELECT $1"), "42P02: there is no parameter $1");
  EXPECT_EQ(db.error(std::string_view("SELECT 1;\0", 10)).position, 10U);
  EXPECT_EQ(db.refusal("INSERT INTO notes (owner) VALUES (NULL)"),
            "23502: null value in column \"owner\" of relation \"notes\" violates not-null "
            "constraint");
}

// The expression is read apart from its statement; an ALTER's other one is not in the script.
TEST(Administration, AnErrorInAPolicyIsWhereItStandsInTheScript) {
  const Database db;
  db.run(std::string(kNotes) + "CREATE POLICY kept ON notes USING (owner = 'a')");
  const auto marked = [&](const std::string& script) {
    const SqlError error = db.error(script);
    EXPECT_TRUE(error.position) << error.message;
    // From the position on, by characters: the scripts have one of two bytes before it.
    const std::size_t at = error.position.value_or(1) - 1 + (script.find("\xC3") < script.size());
    return script.substr(std::min(at, script.size()), 5);
  };
  for (const std::string before : {"", "SELECT 1;\n", "SELECT '\xC3\xA9';\n\n -- next\n"}) {
    EXPECT_EQ(marked(before + "CREATE POLICY p ON notes USING (owner = 'x' AND titel = 'x')"),
              "titel");
    EXPECT_EQ(marked(before + "CREATE POLICY p ON notes USING (owner = 'x')\nWITH CHECK ( titel)"),
              "titel");
    EXPECT_EQ(marked(before + "ALTER POLICY kept ON notes WITH CHECK (owner = titel)"), "titel");
    EXPECT_EQ(marked(before + "CREATE POLICY p ON notes USING (owner ~ 'x')").substr(0, 1), "~");
  }
}

TEST(Administration, BoundsHoldOverTheWholeScript) {
  const Database db;
  Bounds bounds;
  bounds.max_bytes = 39;
  EXPECT_TRUE(db.admin->run("SELECT 'aaaaaaaaaa' AS x", bounds));
  EXPECT_EQ(db.error("SELECT 'aaaaaaaaaa' AS x; SELECT 'aaaaaaaaaa' AS x", bounds).state,
            SqlState::kProgramLimitExceeded);
  bounds.deadline = base::Deadline::at(base::Deadline::Clock::now());
  EXPECT_EQ(db.error("SELECT 1", bounds).state, SqlState::kQueryCanceled);
  bounds.deadline = base::Deadline::after(std::chrono::milliseconds(20));
  EXPECT_EQ(db.error("CREATE TABLE t (x); WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 "
                     "FROM r) SELECT count(*) FROM r",
                     bounds)
                .state,
            SqlState::kQueryCanceled);
  EXPECT_TRUE(db.admin->run("CREATE TABLE t (x)", {})) << "the canceled script left something";
}

TEST(Administration, AScriptHasALargestSize) {
  const Database db;
  const SqlError error = db.error(std::string((64U << 20U) + 1, ' '));
  EXPECT_EQ(error.state, SqlState::kProgramLimitExceeded);
  EXPECT_EQ(error.message, "the script is larger than 67108864 bytes: run it in pieces");
}

TEST(Administration, ForeignKeysHoldAtTheEndToo) {
  const Database db;
  EXPECT_EQ(db.refusal("CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (a REFERENCES a "
                       "DEFERRABLE INITIALLY DEFERRED); INSERT INTO b VALUES (1)"),
            "23503: the change violates a foreign key constraint");
  db.run("CREATE TABLE a (x)");
}

TEST(Administration, WhatWouldLeaveTheTransactionOrTheFileIsRefused) {
  const Database db;
  db.run(kNotes);
  for (const char* sql : {"BEGIN",
                          "COMMIT",
                          "END",
                          "ROLLBACK",
                          "SAVEPOINT a",
                          "RELEASE a",
                          "ATTACH ':memory:' AS x",
                          "DETACH main",
                          "PRAGMA writable_schema = ON",
                          "PRAGMA journal_mode = DELETE",
                          "PRAGMA journal_mode = ''",
                          "PRAGMA synchronous = OFF",
                          "PRAGMA foreign_keys = OFF",
                          "PRAGMA schema_version = 7",
                          "PRAGMA database_list",
                          "PRAGMA query_only = ON",
                          "PRAGMA case_sensitive_like = OFF",
                          "PRAGMA wal_checkpoint(TRUNCATE)",
                          "SELECT * FROM pragma_database_list",
                          "PRAGMA temp_store_directory = '/'",
                          "CREATE TEMP TABLE x (a)",
                          "CREATE TEMP VIEW x AS SELECT 1",
                          "CREATE TEMP TRIGGER x AFTER INSERT ON notes BEGIN SELECT 1; END"}) {
    EXPECT_EQ(db.error(sql).state, SqlState::kFeatureNotSupported) << sql;
  }
  EXPECT_FALSE(db.admin->run("VACUUM", {}));
  EXPECT_FALSE(db.admin->run("VACUUM INTO 'x.db'", {}));
  EXPECT_FALSE(db.admin->run("SELECT load_extension('x')", {}));
  EXPECT_EQ(db.json("PRAGMA user_version = 3; PRAGMA user_version"), R"([{"user_version":3}])");
  EXPECT_EQ(db.run("PRAGMA table_info(notes)").front().count, 3U);
  EXPECT_EQ(db.error("BEGIN").message,
            "a script is one transaction: leave BEGIN, COMMIT, ROLLBACK and SAVEPOINT out");
}

TEST(Administration, RoostsOwnTablesAreReadOnly) {
  const Database db;
  db.run(std::string(kNotes) + "GRANT SELECT ON notes TO anon");
  for (const char* sql :
       {"DELETE FROM _roost_grant", "UPDATE _ROOST_grant SET roles = 'public'",
        "INSERT INTO _roost_grant VALUES ('notes', 'INSERT', 'anon')", "DROP TABLE _roost_policy",
        "DROP VIEW _roost_policy_version", "ALTER TABLE _roost_grant ADD COLUMN x",
        "CREATE TABLE _roost_x (a)", "CREATE VIEW _roost_x AS SELECT 1",
        "CREATE INDEX _roost_x ON notes (id)", "CREATE INDEX x ON _roost_grant (tbl)",
        "CREATE TRIGGER x AFTER INSERT ON _roost_grant BEGIN SELECT 1; END",
        "CREATE TRIGGER _roost_x AFTER INSERT ON notes BEGIN SELECT 1; END",
        "ALTER TABLE notes RENAME TO _Roost_x", "ALTER TABLE notes RENAME TO __u_notes",
        "CREATE TABLE __d_t (a)", "CREATE TABLE json_EACH (a)", "CREATE TABLE pragma_x (a)",
        "CREATE VIRTUAL TABLE json_tree USING fts5(x)",
        "CREATE TRIGGER x AFTER INSERT ON notes BEGIN DELETE FROM _roost_grant; END;"
        "INSERT INTO notes (owner) VALUES ('a')"}) {
    EXPECT_EQ(db.error(sql).state, SqlState::kInsufficientPrivilege) << sql;
  }
  EXPECT_EQ(db.json("SELECT * FROM _roost_grant"),
            R"([{"tbl":"notes","privilege":"SELECT","roles":"anon"}])");
  EXPECT_EQ(db.refusal("DELETE FROM _roost_grant"),
            "42501: table \"_roost_grant\" is Roost's own: it may be read, not written");
}

TEST(Administration, RoostsOwnTriggersMayWriteItsTables) {
  const Database db;
  db.run(kNotes);
  db.outside(
      "CREATE TABLE _roost_event (id INTEGER); CREATE TRIGGER _roost_capture AFTER INSERT ON notes"
      " BEGIN INSERT INTO _roost_event VALUES (NEW.id); END");
  db.run("INSERT INTO notes (owner) VALUES ('a')");
  EXPECT_EQ(db.json("SELECT * FROM _roost_event"), R"([{"id":1}])");
}

TEST(Administration, FunctionsAreThere) {
  const Database db;
  EXPECT_EQ(db.json("SELECT auth_role() AS r, auth_uid() AS u, 'a' LIKE 'A' AS l"),
            R"([{"r":"service_role","u":null,"l":0}])");
  EXPECT_EQ(db.refusal("SELECT pg_div(1, 0)"), "22012: division by zero");
  const auto now = db.run("SELECT pg_now() AS now; SELECT pg_now() AS now");
  EXPECT_EQ(now[0].json, now[1].json) << "one transaction has one time";
  EXPECT_NE(now[0].json, db.json("SELECT pg_now() AS now"));
}

// ---- Policies and grants -----------------------------------------------------------------------

TEST(Administration, PoliciesAreStoredAsWritten) {
  const Database db;
  db.run(std::string(kNotes) +
         "ALTER TABLE NOTES ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
         "CREATE POLICY \"Own\" ON Notes AS RESTRICTIVE FOR UPDATE TO anon, authenticated"
         " USING (owner = auth.uid()) WITH CHECK (body <> ';');");
  TableSecurity security = db.security("notes");
  EXPECT_TRUE(security.enabled);
  EXPECT_TRUE(security.forced);
  ASSERT_EQ(security.policies.size(), 1U);
  const auto& policy = security.policies.front();
  EXPECT_EQ(policy.name, "Own");
  EXPECT_EQ(policy.table, "notes");
  EXPECT_EQ(policy.command, Command::kUpdate);
  EXPECT_FALSE(policy.permissive);
  EXPECT_EQ(policy.roles.text(), "anon, authenticated");
  EXPECT_EQ(policy.using_text, "owner = auth.uid()");
  EXPECT_EQ(policy.check_text, "body <> ';'");

  db.run(
      "ALTER POLICY \"Own\" ON notes TO service_role WITH CHECK (true);"
      "ALTER POLICY \"Own\" ON notes RENAME TO own;"
      "ALTER TABLE notes NO FORCE ROW LEVEL SECURITY");
  security = db.security("notes");
  EXPECT_FALSE(security.forced);
  ASSERT_EQ(security.policies.size(), 1U);
  EXPECT_EQ(security.policies.front().name, "own");
  EXPECT_EQ(security.policies.front().roles.text(), "service_role");
  EXPECT_EQ(security.policies.front().using_text, "owner = auth.uid()");
  EXPECT_EQ(security.policies.front().check_text, "true");
  EXPECT_EQ(security.policies.front().command, Command::kUpdate);
  db.run("DROP POLICY own ON notes; ALTER TABLE notes DISABLE ROW LEVEL SECURITY");
  security = db.security("notes");
  EXPECT_TRUE(security.policies.empty());
  EXPECT_FALSE(security.enabled);
}

TEST(Administration, WhatIsNotThereIsAnErrorAsInPostgresql) {
  const Database db;
  db.run(std::string(kNotes) +
         "CREATE POLICY p ON notes FOR SELECT USING (true); CREATE POLICY q ON notes;"
         "CREATE POLICY r ON notes FOR INSERT WITH CHECK (true)");
  struct Case {
    const char* sql;
    const char* answer;
  };
  for (const auto& [sql, answer] : {
           Case{"CREATE POLICY p ON notes",
                "42710: policy \"p\" for table \"notes\" already exists"},
           Case{"CREATE POLICY p ON nope", "42P01: relation \"nope\" does not exist"},
           Case{"CREATE POLICY p ON _roost_grant",
                "42P01: relation \"_roost_grant\" does not exist"},
           Case{"ALTER POLICY x ON notes USING (true)",
                "42704: policy \"x\" for table \"notes\" does not exist"},
           Case{"ALTER POLICY p ON nope USING (true)", "42P01: relation \"nope\" does not exist"},
           Case{"ALTER POLICY p ON notes RENAME TO q",
                "42710: policy \"q\" for table \"notes\" already exists"},
           Case{"ALTER POLICY P2 ON notes RENAME TO q",
                "42704: policy \"p2\" for table \"notes\" does not exist"},
           Case{"ALTER POLICY p ON notes WITH CHECK (true)",
                "42601: only USING expression allowed for SELECT, DELETE"},
           Case{"ALTER POLICY r ON notes USING (true)",
                "42601: only WITH CHECK expression allowed for INSERT"},
           Case{"DROP POLICY x ON notes", "42704: policy \"x\" for table \"notes\" does not exist"},
           Case{"DROP POLICY p ON nope", "42P01: relation \"nope\" does not exist"},
           Case{"ALTER TABLE nope ENABLE ROW LEVEL SECURITY",
                "42P01: relation \"nope\" does not exist"},
           Case{"GRANT SELECT ON notes, nope TO anon", "42P01: relation \"nope\" does not exist"},
           Case{"CREATE POLICY x ON notes USING (nope = 1)",
                "42703: column \"nope\" does not exist"},
           Case{"ALTER POLICY q ON notes USING (nope = 1)",
                "42703: column \"nope\" does not exist"},
       }) {
    EXPECT_EQ(db.refusal(sql), answer) << sql;
  }
  db.run(
      "DROP POLICY IF EXISTS x ON notes; DROP POLICY IF EXISTS x ON nope;"
      "ALTER POLICY IF EXISTS x ON notes RENAME TO y;"
      "ALTER POLICY IF EXISTS x ON nope RENAME TO y;"
      "ALTER TABLE IF EXISTS nope ENABLE ROW LEVEL SECURITY");
  EXPECT_EQ(db.security("notes").policies.size(), 3U);
}

TEST(Administration, GrantsAddUpAndAreTakenAway) {
  const Database db;
  db.run(std::string(kNotes) +
         "CREATE TABLE other (x TEXT) STRICT;"
         "GRANT SELECT, INSERT ON notes TO anon; GRANT ALL ON notes TO "
         "service_role; REVOKE INSERT ON notes FROM anon, authenticated;"
         "GRANT USAGE ON SCHEMA public TO anon");
  auto grants = db.security("notes").grants;
  EXPECT_EQ(grants.select.text(), "anon, service_role");
  EXPECT_EQ(grants.insert.text(), "service_role");
  EXPECT_EQ(grants.remove.text(), "service_role");
  EXPECT_EQ(db.security("other").grants, database::Grants());
  db.run(
      "GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC;"
      "REVOKE ALL ON notes FROM service_role");
  grants = db.security("notes").grants;
  EXPECT_EQ(grants.select.text(), "anon, authenticated");
  EXPECT_TRUE(grants.insert.empty());
  EXPECT_EQ(db.security("other").grants.select, database::RoleSet::everyone());
}

TEST(Administration, OnlyPlainTablesAreGranted) {
  const Database db;
  db.run(std::string(kNotes) +
         "CREATE VIEW v AS SELECT 1 AS x; CREATE VIRTUAL TABLE f USING fts5(x)");
  EXPECT_EQ(db.refusal("GRANT SELECT ON v TO anon"),
            "0A000: \"v\" is a view: only plain tables have policies and grants");
  EXPECT_EQ(db.refusal("GRANT SELECT ON f TO anon"),
            "0A000: \"f\" is a virtual table: only plain tables have policies and grants");
  EXPECT_EQ(db.refusal("GRANT SELECT ON f_data TO anon"),
            "0A000: \"f_data\" is a shadow table: only plain tables have policies and grants");
  EXPECT_EQ(db.error("CREATE POLICY p ON v").state, SqlState::kFeatureNotSupported);
  db.run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO anon");
  EXPECT_EQ(db.json("SELECT tbl FROM _roost_grant"), R"([{"tbl":"notes"}])");
  EXPECT_EQ(db.refusal("CREATE TABLE odd (rowid TEXT) STRICT; GRANT SELECT ON odd TO anon"),
            "0A000: table \"odd\" cannot be granted: its column \"rowid\" hides SQLite's own; "
            "rename it");
  EXPECT_FALSE(db.admin->run("ALTER TABLE notes ADD COLUMN rowid TEXT", {}));
  db.run("CREATE TABLE fine (rowid INTEGER PRIMARY KEY) STRICT; GRANT SELECT ON fine TO anon");
}

TEST(Administration, GrantsThatDoNotReadAreNotChanged) {
  const Database db;
  db.run(std::string(kNotes) + "GRANT SELECT ON notes TO anon");
  db.outside("UPDATE _roost_grant SET roles = 'anon,root'");
  EXPECT_EQ(db.refusal("GRANT SELECT ON notes TO authenticated"),
            "58030: the stored grants of \"notes\" cannot be read: restore the database from a "
            "backup");
}

TEST(Administration, RowSecurityNeedsAStrictTableWithoutConflictClauses) {
  const Database db;
  db.run(
      "CREATE TABLE loose (x TEXT); CREATE TABLE keeps (x TEXT UNIQUE ON CONFLICT REPLACE) "
      "STRICT; CREATE TABLE named (x TEXT DEFAULT 'ON CONFLICT', on_conflict INT) STRICT");
  const SqlError loose = db.error("ALTER TABLE loose ENABLE ROW LEVEL SECURITY");
  EXPECT_EQ(loose.state, SqlState::kFeatureNotSupported);
  EXPECT_EQ(loose.statement, 0U);
  EXPECT_NE(loose.message.find("STRICT"), std::string::npos) << loose.message;
  const SqlError keeps = db.error("ALTER TABLE keeps ENABLE ROW LEVEL SECURITY");
  EXPECT_EQ(keeps.state, SqlState::kFeatureNotSupported);
  EXPECT_NE(keeps.message.find("ON CONFLICT"), std::string::npos) << keeps.message;
  db.run(
      "ALTER TABLE named ENABLE ROW LEVEL SECURITY; ALTER TABLE loose DISABLE ROW LEVEL "
      "SECURITY");
  EXPECT_EQ(
      db.error("ALTER TABLE named ADD COLUMN z TEXT NOT NULL ON CONFLICT REPLACE DEFAULT ''").state,
      SqlState::kFeatureNotSupported);
}

// ---- What follows the schema -------------------------------------------------------------------

TEST(Administration, GrantsFollowARenamedTableAndGoWithADroppedOne) {
  const Database db;
  db.run(std::string(kNotes) +
         "GRANT SELECT ON notes TO anon; ALTER TABLE notes ENABLE ROW LEVEL SECURITY;"
         "CREATE POLICY p ON notes USING (owner = auth.uid())");
  db.run("ALTER TABLE notes RENAME TO papers; CREATE POLICY q ON papers FOR SELECT USING (true)");
  TableSecurity papers = db.security("papers");
  EXPECT_TRUE(papers.enabled);
  EXPECT_EQ(papers.grants.select.text(), "anon");
  EXPECT_EQ(papers.policies.size(), 2U);
  EXPECT_EQ(papers.policies.front().table, "papers");

  // A table of the same name, and maybe in the same place of the file, is another one.
  db.run(std::string("DROP TABLE papers; CREATE TABLE papers (x TEXT) STRICT;") + kNotes);
  for (const char* table : {"papers", "notes"}) {
    const TableSecurity made = db.security(table);
    EXPECT_FALSE(made.enabled) << table;
    EXPECT_EQ(made.grants, database::Grants()) << table;
    EXPECT_TRUE(made.policies.empty()) << table;
  }
}

TEST(Administration, ATableDroppedByAnotherProgramTakesItsGrants) {
  const Database db;
  db.run(std::string(kNotes) + "GRANT SELECT ON notes TO anon");
  db.outside("DROP TABLE notes");
  db.run(kNotes);
  EXPECT_EQ(db.security("notes").grants, database::Grants());
}

TEST(Administration, AChangeThatBreaksAPolicyIsRefusedByItsName) {
  const Database db;
  db.run(std::string(kNotes) +
         "CREATE TABLE members (uid TEXT) STRICT;"
         "CREATE POLICY own ON notes USING (owner = auth.uid());"
         "CREATE POLICY team ON notes FOR SELECT"
         " USING (EXISTS (SELECT 1 FROM members WHERE uid = owner))");
  EXPECT_EQ(db.refusal("ALTER TABLE notes RENAME COLUMN owner TO holder"),
            "42703: policy \"own\" on \"notes\": column \"owner\" does not exist; drop or alter it "
            "first");
  EXPECT_EQ(db.refusal("ALTER TABLE notes DROP COLUMN owner").substr(0, 31),
            "42703: policy \"own\" on \"notes\":");
  EXPECT_EQ(
      db.refusal("DROP TABLE members"),
      "42P01: policy \"team\" on \"notes\": relation \"members\" does not exist; drop or alter "
      "it first");
  db.run(
      "DROP POLICY team ON notes; DROP TABLE members; ALTER TABLE notes RENAME COLUMN owner TO "
      "holder; ALTER POLICY own ON notes USING (holder = auth.uid())");
  EXPECT_EQ(db.security("notes").policies.front().using_text, "holder = auth.uid()");
}

TEST(Administration, EveryChangeMovesTheSchemasVersion) {
  const Database db;
  db.run(kNotes);
  std::int64_t version = db.version();
  const auto moved = [&] {
    const std::int64_t before = std::exchange(version, db.version());
    return version != before;
  };
  for (const char* sql :
       {"GRANT SELECT ON notes TO anon", "REVOKE SELECT ON notes FROM anon",
        "CREATE POLICY p ON notes", "ALTER POLICY p ON notes TO anon", "DROP POLICY p ON notes",
        "ALTER TABLE notes ENABLE ROW LEVEL SECURITY", "ALTER TABLE notes ADD COLUMN x TEXT"}) {
    db.run(sql);
    EXPECT_TRUE(moved()) << sql;
  }
  db.run("INSERT INTO notes (owner) VALUES ('a'); SELECT * FROM notes");
  EXPECT_FALSE(moved());
  db.error("CREATE POLICY p ON notes; SELECT nope");
  EXPECT_FALSE(moved());
}

// ---- Migrations --------------------------------------------------------------------------------

TEST(Administration, MigrationsRunOnceAndInOrder) {
  const Database db;
  const std::vector<Migration> two{{2, "fill", "INSERT INTO t VALUES (1)"},
                                   {1, "make", "CREATE TABLE t (x)"}};
  EXPECT_EQ(db.admin->migrate(two, {}), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(db.admin->migrate(two, {}), std::vector<std::uint64_t>());
  std::vector<Migration> three = two;
  three.push_back({10, "more", "INSERT INTO t VALUES (2); GRANT SELECT ON t TO anon"});
  EXPECT_EQ(db.admin->migrate(three, {}), std::vector<std::uint64_t>{10});
  EXPECT_EQ(db.json("SELECT x FROM t"), R"([{"x":1},{"x":2}])");
  EXPECT_EQ(db.json("SELECT version, name, length(sha256) AS n FROM _roost_migration"),
            R"([{"version":1,"name":"make","n":64},{"version":2,"name":"fill","n":64},)"
            R"({"version":10,"name":"more","n":64}])");
}

TEST(Administration, AFailedMigrationIsNotRecorded) {
  const Database db;
  const auto failed = db.admin->migrate({{1, "make", "CREATE TABLE t (x)"},
                                         {2, "break", "INSERT INTO t VALUES (1); SELECT nope"},
                                         {3, "never", "CREATE TABLE u (x)"}},
                                        {});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "migration 2 \"break\": column \"nope\" does not exist");
  EXPECT_EQ(failed.error().statement, 1U);
  EXPECT_EQ(db.json("SELECT version, (SELECT count(*) FROM t) AS n FROM _roost_migration"),
            R"([{"version":1,"n":0}])");
  EXPECT_EQ(db.admin->migrate({{1, "make", "CREATE TABLE t (x)"}, {2, "break", "SELECT 1"}}, {}),
            std::vector<std::uint64_t>{2});
}

TEST(Administration, ChangedOrLateMigrationsAreRefusedBeforeAnythingRuns) {
  const Database db;
  ASSERT_TRUE(db.admin->migrate({{1, "a", "CREATE TABLE a (x)"}, {5, "b", "SELECT 1"}}, {}));
  const auto refusal = [&](const std::vector<Migration>& migrations) {
    const auto refused = db.admin->migrate(migrations, {});
    EXPECT_FALSE(refused);
    return refused ? "" : refused.error().message;
  };
  const Migration next{6, "next", "CREATE TABLE next (x)"};
  EXPECT_EQ(refusal({{1, "a", "CREATE TABLE a (y)"}, next}),
            "migration 1 \"a\" has changed since it ran: put its text back, and write what is new "
            "as a migration of its own");
  EXPECT_EQ(
      refusal({{1, "other", "CREATE TABLE other (y)"}, next}),
      "migration 1 \"other\" is another one than \"a\", which ran as 1: is this the folder of "
      "another database?");
  EXPECT_EQ(refusal({{3, "late", "SELECT 1"}, next}),
            "migration 3 \"late\" is new, but migration 5 has run already: give it a higher "
            "number");
  EXPECT_EQ(refusal({next, next}),
            "migration 6 \"next\": versions begin at 1 and each is used once");
  EXPECT_EQ(refusal({{0, "zero", "SELECT 1"}}),
            "migration 0 \"zero\": versions begin at 1 and each is used once");
  EXPECT_NE(refusal({{1ULL << 63U, "large", "SELECT 1"}}), "");
  EXPECT_EQ(db.json("SELECT count(*) AS n FROM pragma_table_list WHERE name = 'next'"),
            R"([{"n":0}])");
  EXPECT_EQ(db.admin->migrate({next}, {}), std::vector<std::uint64_t>{6}) << "old ones may be gone";
}

// ---- Opening -----------------------------------------------------------------------------------

TEST(Administration, AFileThatCannotBeOpenedIsSaidWithoutItsPath) {
  const database::TestFolder folder;
  const auto missing = Administration::open(folder / "none/data.db");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().state, SqlState::kConnectionFailure);
  EXPECT_EQ(missing.error().message.find('/'), std::string::npos) << missing.error().message;
}

TEST(Administration, ANewerFileIsRefused) {
  const Database db;
  db.outside("UPDATE _roost_schema_version SET version = 99 WHERE name = 'access'");
  const auto newer = Administration::open(db.folder / "data.db");
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().message,
            "the database cannot be opened: the schema access is at version 99, this program knows "
            "1: run a newer roost");
}

TEST(Administration, WaitsForALockUntilItsDeadline) {
  const Database db;
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open((db.folder / "data.db").c_str(), &raw), SQLITE_OK);
  const database::sqlite::ConnectionHandle other(raw);
  ASSERT_EQ(sqlite3_exec(raw, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  Bounds bounds;
  bounds.deadline = base::Deadline::after(std::chrono::milliseconds(20));
  EXPECT_EQ(db.error("SELECT 1", bounds).state, SqlState::kSerializationFailure);
  ASSERT_EQ(sqlite3_exec(raw, "COMMIT", nullptr, nullptr, nullptr), SQLITE_OK);
  db.run("SELECT 1");
}

}  // namespace
