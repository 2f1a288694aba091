// What a guest can do with db_query and db_batch, and what it cannot, on the real database:
// fixtures that send any SQL, called as several users.
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "invoke/invoker_test.h"

namespace invoke {
namespace {

namespace json = boost::json;

class HostDbQuery : public InvokerTest {
 protected:
  HostDbQuery() : query_(create("db_query")), batch_(create("db_batch")) {
    administer(R"(
      CREATE TABLE notes (id INTEGER PRIMARY KEY, owner TEXT NOT NULL, body TEXT NOT NULL UNIQUE) STRICT;
      INSERT INTO notes VALUES (1, 'ada', 'mine'), (2, 'bob', 'canary-2'), (3, 'bob', 'canary-3');
      CREATE TABLE vault (id INTEGER PRIMARY KEY, body TEXT) STRICT;
      INSERT INTO vault VALUES (1, 'canary-vault');
      CREATE VIEW all_notes AS SELECT * FROM notes;
      ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
      GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO anon, authenticated, service_role;
      CREATE POLICY own ON notes USING (owner = auth.uid()) WITH CHECK (owner = auth.uid()))");
  }

  static auth::Principal user(const std::string& name) {
    return {auth::Role::kAuthenticated, name,
            R"({"sub":")" + name + R"(","role":"authenticated"})"};
  }

  // The answer's body: rows or an error.
  std::string ask(const auth::Principal& caller, std::string_view sql, json::array params = {}) {
    const json::object body{{"sql", json::string_view(sql.data(), sql.size())},
                            {"params", std::move(params)}};
    return answer(invoke(query_, json::serialize(body), caller));
  }
  std::string ask_batch(const auth::Principal& caller, std::string text) {
    return answer(invoke(batch_, std::move(text), caller));
  }
  static std::string answer(const Outcome& outcome) {
    EXPECT_TRUE(outcome.response) << outcome.response.error().message;
    return outcome.response ? outcome.response->body : std::string();
  }
  static std::string code_of(const std::string& answer) {
    const json::value parsed = json::parse(answer);
    const json::value* const code = parsed.as_object().if_contains("code");
    return code == nullptr ? "" : std::string(code->as_string());
  }

  const auth::Principal ada_ = user("ada");
  const auth::Principal bob_ = user("bob");
  const auth::Principal service_ = auth::Principal::service();
  const catalog::FunctionPtr query_;
  const catalog::FunctionPtr batch_;
};

TEST_F(HostDbQuery, RespectsRls) {
  EXPECT_EQ(ask(ada_, "SELECT id FROM notes"), R"({"rows":[{"id":1}],"count":1})");
  EXPECT_EQ(ask(bob_, "SELECT id FROM notes ORDER BY id DESC LIMIT $1", {1}),
            R"({"rows":[{"id":3}],"count":1})");
  EXPECT_EQ(ask(auth::Principal::anonymous(), "SELECT id FROM notes"), R"({"rows":[],"count":0})");
  EXPECT_EQ(ask(ada_, "UPDATE notes SET body = body || '!'"), R"({"rows":[],"count":1})");
  EXPECT_EQ(ask(ada_, "DELETE FROM notes WHERE owner = 'bob'"), R"({"rows":[],"count":0})");
  EXPECT_EQ(code_of(ask(ada_, "INSERT INTO notes (owner, body) VALUES ('bob', 'x')")), "42501");
  EXPECT_EQ(code_of(ask(ada_, "UPDATE notes SET owner = 'bob'")), "42501");
  EXPECT_EQ(ask(ada_, "INSERT INTO notes (owner, body) VALUES ($1, $2) RETURNING owner, body",
                {"ada", "new"}),
            R"({"rows":[{"owner":"ada","body":"new"}],"count":1})");
  EXPECT_EQ(code_of(ask(ada_, "SELECT * FROM vault")), "42501") << "granted to nobody";
}

TEST_F(HostDbQuery, ServiceRoleBypass) {
  EXPECT_EQ(ask(service_, "SELECT id FROM notes ORDER BY id"),
            R"({"rows":[{"id":1},{"id":2},{"id":3}],"count":3})");
  EXPECT_EQ(ask(service_, "UPDATE notes SET owner = 'ada' WHERE id = 2"),
            R"({"rows":[],"count":1})");
  EXPECT_EQ(ask(ada_, "SELECT count(*) AS n FROM notes"), R"({"rows":[{"n":2}],"count":1})");
  EXPECT_EQ(ask(service_, "DELETE FROM notes"), R"({"rows":[],"count":3})");
}

// Each of these reads or writes more than its caller may, if anything does.
constexpr std::string_view kAttacks[] = {
    // To be somebody else.
    "SELECT set_config('request.jwt.claims', '{\"sub\":\"bob\"}', true)",
    "SELECT set_config('role', 'service_role', false), body FROM notes",
    "SET ROLE service_role",
    "SET LOCAL role = 'service_role'",
    "SET SESSION AUTHORIZATION service_role",
    "SET request.jwt.claims = '{\"sub\":\"bob\"}'",
    "RESET ROLE",
    "RESET ALL",
    "SELECT body FROM notes WHERE (SELECT auth_uid('bob')) IS NOT NULL",
    "SELECT rls_armed('notes', 1), rls_chk('notes', 1, 'bob', 'x')",
    // Around the guarded tables.
    "SELECT * FROM public.notes",
    "SELECT * FROM main.notes",
    "SELECT * FROM temp.notes",
    "SELECT * FROM nosuch.notes",
    "SELECT * FROM \"NOTES\"",
    "SELECT * FROM main.\"notes\" AS notes",
    "SELECT * FROM all_notes",
    "SELECT * FROM vault",
    "SELECT * FROM auth.users",
    "SELECT * FROM __u_notes",
    "SELECT * FROM \"__d_notes\"",
    "SELECT * FROM __r_notes",
    "SELECT * FROM __o_notes, __x_notes",
    "WITH notes AS (SELECT * FROM main.notes) SELECT * FROM notes",
    "WITH x AS (SELECT * FROM __u_notes) SELECT * FROM x",
    "SELECT id, owner, body FROM notes UNION ALL SELECT id, owner, body FROM __u_notes",
    "SELECT (SELECT body FROM __u_notes WHERE id = 2)",
    "SELECT * FROM notes WHERE id IN (SELECT id FROM __d_notes)",
    "SELECT rowid, * FROM notes",
    // Other schemas, catalogs, Roost's own tables.
    "SELECT * FROM sqlite_master",
    "SELECT * FROM sqlite_schema",
    "SELECT * FROM main.sqlite_master",
    "SELECT * FROM sqlite_temp_schema",
    "SELECT * FROM sqlite_sequence",
    "SELECT * FROM sqlite_dbpage",
    "SELECT * FROM dbstat",
    "SELECT * FROM pragma_table_info('notes')",
    "SELECT * FROM pragma_table_list",
    "SELECT * FROM pg_catalog.pg_class",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM _roost_policy",
    "SELECT * FROM _roost_policies",
    "SELECT * FROM _roost_writer",
    // Several statements, and what only looks like one.
    "SELECT 1; SELECT * FROM notes",
    "SELECT 1; SET ROLE service_role",
    "SELECT 1; DROP POLICY own ON notes",
    ";SELECT body FROM notes",
    "SELECT body FROM notes WHERE owner = 'bob' --' AND owner = auth.uid()",
    "SELECT/**/body/**/FROM/*;*/notes/*\n*/WHERE owner='bob'OR 1=1--",
    "SELECT body FROM notes WHERE owner = 'bob' OR true /* ",
    "/* SELECT */ UPDATE notes SET owner = 'ada' WHERE owner = 'bob' -- x",
    "SELECT $$; SELECT body FROM __u_notes; $$",
    "-- nothing",
    "",
    // SQLite's and PostgreSQL's own statements.
    "PRAGMA table_list",
    "PRAGMA writable_schema = 1",
    "PRAGMA case_sensitive_like = 0",
    "ATTACH DATABASE 'data.db' AS stolen",
    "ATTACH 'file:data.db' AS stolen",
    "DETACH DATABASE main",
    "VACUUM INTO '/tmp/stolen.db'",
    "EXPLAIN SELECT * FROM notes",
    "EXPLAIN QUERY PLAN SELECT * FROM notes",
    "REINDEX",
    "ANALYZE",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT a",
    "RELEASE a",
    "COPY notes TO STDOUT",
    "DO $$ BEGIN PERFORM 1; END $$",
    "CALL f()",
    "TRUNCATE notes",
    "LOCK TABLE notes",
    "LISTEN x",
    "PREPARE p AS SELECT * FROM notes",
    "DECLARE c CURSOR FOR SELECT * FROM notes",
    "REPLACE INTO notes VALUES (2, 'ada', 'mine now')",
    "SELECT * INTO stolen FROM notes",
    // The schema and its policies.
    "CREATE TABLE stolen AS SELECT * FROM notes",
    "CREATE TEMP VIEW v AS SELECT * FROM main.notes",
    "CREATE VIRTUAL TABLE v USING fts5(x)",
    "CREATE TRIGGER t AFTER INSERT ON notes BEGIN DELETE FROM notes; END",
    "CREATE POLICY mine ON notes USING (true)",
    "ALTER POLICY own ON notes USING (true)",
    "DROP POLICY own ON notes",
    "ALTER TABLE notes DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE notes RENAME TO gone",
    "GRANT SELECT ON vault TO authenticated",
    "REVOKE ALL ON notes FROM anon",
    "DROP TABLE notes",
    // Functions with reach.
    "SELECT load_extension('x')",
    "SELECT readfile('/etc/passwd')",
    "SELECT writefile('/tmp/x', 'y')",
    "SELECT edit('x')",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT query_to_xml('SELECT * FROM notes', true, true, '')",
    "SELECT dblink('', 'SELECT 1')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT pg_sleep(100)",
    "SELECT pg_default()",
    "SELECT sqlite_compileoption_get(1)",
    "SELECT fts3_tokenizer('x')",
    // Hidden rows by way of writes.
    "UPDATE notes SET owner = 'ada' WHERE owner = 'bob'",
    "UPDATE notes SET owner = 'ada' WHERE id = 2 RETURNING *",
    "UPDATE notes SET body = (SELECT max(body) FROM __u_notes) WHERE id = 1",
    "UPDATE notes SET body = n.body || '2' FROM notes AS n WHERE n.owner = 'bob'",
    "DELETE FROM notes WHERE id = 2 RETURNING body",
    "DELETE FROM notes WHERE body LIKE 'canary%' RETURNING *",
    "INSERT INTO notes (owner, body) SELECT 'ada', body || '3' FROM notes WHERE owner = 'bob'",
    "INSERT INTO notes (id, owner, body) VALUES (2, 'ada', 'x') ON CONFLICT (id) DO UPDATE SET "
    "owner = 'ada'",
    "INSERT INTO notes (id, owner, body) VALUES (2, 'ada', 'x') ON CONFLICT (id) DO UPDATE SET "
    "body = notes.body || '4' RETURNING body",
    "INSERT INTO notes (id, owner, body) VALUES (9, 'bob', 'x')",
    "INSERT INTO __u_notes (id, owner, body) VALUES (9, 'bob', 'x')",
    "UPDATE __u_notes SET owner = 'ada'",
    "UPDATE notes SET owner = 'bob'",
    "INSERT INTO vault (body) VALUES ('x')",
    "WITH gone AS (DELETE FROM notes RETURNING *) SELECT * FROM gone",
    // Hidden rows by way of errors and effects of evaluating them.
    "SELECT id FROM notes WHERE CASE WHEN owner = 'bob' THEN 1 / 0 ELSE 1 END = 1",
    "SELECT id FROM notes WHERE CAST(body AS integer) > 0",
    "SELECT count(*) FROM notes HAVING count(*) > 1",
    "SELECT * FROM json_each((SELECT body FROM __u_notes))",
};

TEST_F(HostDbQuery, CannotBypassRlsWithoutServiceRole) {
  const std::string everything = "SELECT * FROM notes ORDER BY id";
  const std::string others = "SELECT * FROM notes WHERE owner = 'bob' ORDER BY id";
  const std::string before = ask(service_, others);
  ASSERT_NE(before.find("canary"), std::string::npos);
  for (const std::string_view attack : kAttacks) {
    for (const auth::Principal& caller : {ada_, auth::Principal::anonymous()}) {
      const std::string got = ask(caller, attack);
      EXPECT_EQ(got.find("canary"), std::string::npos) << attack << "\n" << got;
      EXPECT_NE(code_of(got), "XX000") << attack << "\n" << got;
      EXPECT_NE(code_of(got), "22012") << "it saw a hidden row: " << attack;
    }
    // Nothing is left of it: not for Bob, not for the next caller on the same connections.
    ASSERT_EQ(ask(service_, others), before) << attack;
    ASSERT_EQ(ask(ada_, "SELECT auth.uid() AS u, auth.role() AS r"),
              R"({"rows":[{"u":"ada","r":"authenticated"}],"count":1})")
        << attack;
    ASSERT_EQ(ask(ada_, others), R"({"rows":[],"count":0})") << attack;
  }
  EXPECT_EQ(code_of(ask(ada_, "SELECT * FROM vault")), "42501");
  EXPECT_NE(ask(service_, everything).find(R"("owner":"ada")"), std::string::npos);
}

TEST_F(HostDbQuery, CannotBypassRlsInABatch) {
  const std::string before = ask(service_, "SELECT * FROM notes ORDER BY id");
  for (const std::string_view attack : kAttacks) {
    const json::array statements{
        json::object{{"sql", json::string_view(attack.data(), attack.size())}},
        json::object{{"sql", "SELECT * FROM notes"}},
        json::object{{"sql", "SELECT no_such_column FROM notes"}}};
    const std::string got = ask_batch(ada_, json::serialize(statements));
    EXPECT_EQ(got.find("canary"), std::string::npos) << attack << "\n" << got;
    EXPECT_NE(code_of(got), "") << "the last statement always fails";
    ASSERT_EQ(ask(service_, "SELECT * FROM notes ORDER BY id"), before) << attack;
  }
}

TEST_F(HostDbQuery, BatchErrorNamesItsStatement) {
  const std::string got = ask_batch(ada_, R"-([
      {"sql":"SELECT 1 AS n"}, {"sql":"INSERT INTO notes VALUES (1, 'ada', 'x')"}])-");
  const json::value error = json::parse(got);
  EXPECT_EQ(error.at("code"), "23505");
  EXPECT_EQ(error.at("class"), "unique_violation");
  EXPECT_EQ(error.at("statement"), 1);
}

TEST_F(HostDbQuery, ValuesOfEveryKindComeBack) {
  EXPECT_EQ(ask(ada_, "SELECT $1 AS a, $2 AS b, $3 AS c, $4 AS d, $5 AS e",
                {nullptr, -7, 1.5, "ä\"\n", json::object{{"$bytes", "aGk="}}}),
            R"({"rows":[{"a":null,"b":-7,"c":1.5,"d":"ä\"\n","e":"\\x6869"}],"count":1})");
  EXPECT_EQ(code_of(ask(ada_, "SELECT $2 AS a", {1})), "42P02");
}

TEST_F(HostDbQuery, ResultsAreBounded) {
  EXPECT_EQ(code_of(ask(ada_,
                        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c "
                        "LIMIT 100001) SELECT n FROM c")),
            "54000");
  EXPECT_EQ(code_of(ask(ada_,
                        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c "
                        "LIMIT 100) SELECT repeat('x', 100000) AS x FROM c")),
            "54000");
}

}  // namespace
}  // namespace invoke
