// roost db against a server that is made up.
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "cli/test_commands.h"

namespace cli {
namespace {

namespace json = boost::json;

const std::string kSql = "POST /admin/v1/sql";
const std::string kMigrations = "POST /admin/v1/migrations";
const std::string kPolicies = "GET /admin/v1/policies";
constexpr std::string_view kNothing = R"({"results":[{"rows":[],"count":0}]})";
constexpr std::string_view kTodos = R"json({"tables":[
  {"table":"todos","row_security":true,"forced":false,
   "grants":{"select":["authenticated"],"insert":["authenticated"],"update":[],"delete":[]},
   "policies":[{"name":"own","command":"ALL","permissive":true,"roles":["authenticated"],
                "using":"owner = auth.uid()","check":null}]},
  {"table":"notes","row_security":false,"forced":false,
   "grants":{"select":["public"],"insert":[],"update":[],"delete":[]},"policies":[]}]})json";

class DbCommands : public TestCommands {
 protected:
  json::value sent() { return json::parse(server_.asked().back().body); }
};

TEST_F(DbCommands, SqlPrintsTables) {
  server_.answer(kSql, 200,
                 R"({"results":[{"rows":[{"id":1,"title":"Milk\u001b[2J"},)"
                 R"({"id":20,"title":null}],"count":2},)"
                 R"({"rows":[],"count":1},{"rows":[],"count":3},{"rows":[],"count":0},)"
                 R"({"rows":[{"":1.5,"flag":true,"doc":{"a":[1]}}],"count":1}]})");
  ASSERT_EQ(run({"db", "sql", "select 1"}), ExitCode::kOk) << err_;
  EXPECT_EQ(out_,
            "id  title\n"
            "--  -----\n"
            "1   Milk\\x1b[2J\n"
            "20  NULL\n"
            "(2 rows)\n"
            "\nok, 1 row changed\n"
            "\nok, 3 rows changed\n"
            "\nok, no rows\n"
            "\n     flag  doc\n"
            "-    ----  ---\n"
            "1.5  true  {\"a\":[1]}\n"
            "(1 row)\n");
  EXPECT_EQ(sent(), json::parse(R"({"sql":"select 1"})")) << "as the administrator";
}

TEST_F(DbCommands, SqlJsonIsAsItCame) {
  const std::string answer = R"({"results":[{"rows":[{"x":1.50}],"count":1}]})";
  server_.answer(kSql, 200, answer);
  EXPECT_EQ(run({"db", "sql", "select 1", "--json"}), ExitCode::kOk);
  EXPECT_EQ(out_, answer + "\n");
}

TEST_F(DbCommands, SqlRunsAsACaller) {
  server_.answer(kSql, 200, kNothing);
  ASSERT_EQ(run({"db", "sql", "select $1", "--as-user", "u-1", "--claims", R"({"team":7})", "-p",
                 "7", "-p", "-1.5", "-p", "seven", "-p", "\"7\"", "-p", "null", "-p", "[1]"}),
            ExitCode::kOk)
      << err_;
  EXPECT_EQ(sent(), json::parse(R"({
    "sql": "select $1", "params": [7, -1.5, "seven", "7", null, [1]],
    "as": {"role": "authenticated", "user_id": "u-1", "claims": {"team": 7}}})"));
  ASSERT_EQ(run({"db", "sql", "select 1", "--as-role", "anon"}), ExitCode::kOk) << err_;
  EXPECT_EQ(sent(), json::parse(R"({"sql":"select 1","params":[],"as":{"role":"anon"}})"));
  ASSERT_EQ(run({"db", "sql", "select 1", "--as-role", "service_role", "--as-user", "u"}),
            ExitCode::kOk);
  EXPECT_EQ(sent().at("as"), json::parse(R"({"role":"service_role","user_id":"u"})"));
}

TEST_F(DbCommands, SqlComesFromAFile) {
  server_.answer(kSql, 200, kNothing);
  EXPECT_EQ(run({"db", "sql", "-f", write("a.sql", "select 'ä';\n")}), ExitCode::kOk) << err_;
  EXPECT_EQ(sent().at("sql"), "select 'ä';\n");
}

// What would run as the administrator in place of a caller is never sent.
TEST_F(DbCommands, SqlRefusesWhatItCannotMean) {
  expect_exit(ExitCode::kUsage, {"db", "sql"}, "write the SQL, or name its file with -f");
  expect_exit(ExitCode::kUsage, {"db", "sql", "select 1", "-f", "x"}, "excludes");
  expect_exit(ExitCode::kUsage, {"db", "sql", "-f", "/nowhere.sql"}, "cannot read /nowhere.sql");
  expect_exit(ExitCode::kUsage, {"db", "sql", "-f", write("bad.sql", "\xff")}, "no UTF-8");
  expect_exit(ExitCode::kUsage, {"db", "sql", "select $1", "-p", "1"}, "go with --as-user");
  expect_exit(ExitCode::kUsage, {"db", "sql", "select 1", "--claims", "{}"}, "go with --as-user");
  expect_exit(ExitCode::kUsage, {"db", "sql", "select 1", "--as-role", "root"}, "root");
  for (const char* const claims : {"[]", "{", "1"}) {
    expect_exit(ExitCode::kUsage, {"db", "sql", "x", "--as-role", "anon", "--claims", claims},
                "--claims: write a JSON object");
  }
  expect_exit(ExitCode::kUsage, {"db"}, "subcommand is required");
  expect_exit(ExitCode::kUsage, {"db", "sqk"}, "subcommand is required");
  EXPECT_TRUE(server_.lines().empty());
}

TEST_F(DbCommands, SqlErrorsShowThePlace) {
  server_.answer(kSql, 400,
                 R"({"error":"Invalid argument","message":"column \"titel\" does not exist",)"
                 R"("code":"INVALID_ARGUMENT","sqlstate":"42703","class":"undefined_column",)"
                 R"("position":16})");
  EXPECT_EQ(run({"db", "sql", "select 'ä',\n    titel from todos"}), ExitCode::kFailed);
  EXPECT_EQ(err_,
            "roost: column \"titel\" does not exist [42703 undefined_column]\n"
            "LINE 2:     titel from todos\n"
            "           ^\n");
  server_.answer(kSql, 500,
                 R"({"message":"its disk is gone","code":"DATABASE_UNAVAILABLE",)"
                 R"("sqlstate":"08006","class":"connection_failure"})");
  run({"db", "sql", "select 1"});
  EXPECT_EQ(run({"db", "sql", "select 1"}), ExitCode::kFailed);
  EXPECT_EQ(err_, "roost: its disk is gone [08006 connection_failure]\n");
  server_.answer(kSql, 403, R"({"message":"no","code":"FORBIDDEN"})");
  run({"db", "sql", "select 1"});
  expect_exit(ExitCode::kFailed, {"db", "sql", "select 1"}, "no [FORBIDDEN]; ROOST_KEY must be");
}

// A statement that fails while it runs has no place in the text: its number is said.
TEST_F(DbCommands, ErrorsWithoutAPlaceNameTheirStatement) {
  server_.answer(kSql, 400,
                 R"({"message":"taken","code":"INVALID_ARGUMENT","sqlstate":"23505",)"
                 R"("class":"unique_violation","statement":2})");
  expect_exit(ExitCode::kFailed, {"db", "sql", "select 1; insert …; insert …"},
              "roost: taken [23505 unique_violation] in statement 3\n");
}

TEST_F(DbCommands, AnswersOfSomebodyElseAreNotTaken) {
  server_.answer(kSql, 200, "hello");
  expect_exit(ExitCode::kFailed, {"db", "sql", "select 1"}, "is it the admin address of a roost?");
  server_.answer(kSql, 200, R"({"results":[{"rows":[1,2],"count":2}]})");
  run({"db", "sql", "select 1"});
  EXPECT_EQ(run({"db", "sql", "select 1"}), ExitCode::kOk);
  server_.answer(kPolicies, 200, R"({"tables":[{"table":"t","grants":{"select":["root"]}}]})");
  expect_exit(ExitCode::kFailed, {"db", "check"}, "roles that this program does not know (root)");
  server_.answer(kPolicies, 200,
                 R"({"tables":[{"table":"t","policies":[{"name":"p","command":"MERGE"}]}]})");
  run({"db", "check"});
  expect_exit(ExitCode::kFailed, {"db", "policies"}, "does not know (MERGE)");
}

TEST_F(DbCommands, DeepRowsArePrinted) {
  const std::string deep = std::string(200, '[') + std::string(200, ']');
  server_.answer(kSql, 200, R"({"results":[{"rows":[{"x":)" + deep + R"(}],"count":1}]})");
  expect_exit(ExitCode::kOk, {"db", "sql", "select 1"}, deep);
}

TEST_F(DbCommands, MigrateSendsTheFolderAndSaysWhatRan) {
  const std::string folder =
      std::filesystem::path(write("m/0002_b.sql", "two")).parent_path().string();
  write("m/0001_a.sql", "one");
  write("m/notes.txt", "");
  server_.answer(kMigrations, 200, R"({"applied":[2]})");
  ASSERT_EQ(run({"db", "migrate", folder}), ExitCode::kOk) << err_;
  EXPECT_EQ(out_, "applied 2 b\n");
  EXPECT_EQ(err_, "ignored notes.txt: it is not named as in 0001_create_todos.sql\n");
  EXPECT_EQ(sent(), json::parse(R"({"migrations":[{"version":1,"name":"a","sql":"one"},
                                                  {"version":2,"name":"b","sql":"two"}]})"));
  EXPECT_EQ(run({"db", "migrate", folder, "--json"}), ExitCode::kOk);
  EXPECT_EQ(out_, "{\"applied\":[2]}\n");
  server_.answer(kMigrations, 200, R"({"applied":[]})");
  run({"db", "migrate", folder});
  EXPECT_EQ(run({"db", "migrate", folder}), ExitCode::kOk);
  EXPECT_EQ(out_, "nothing to do: all 2 migrations had run before\n");
}

TEST_F(DbCommands, MigrateShowsWhichOneFailedAndWhere) {
  const std::string folder =
      std::filesystem::path(write("m/1_a.sql", "create table a (x)")).parent_path().string();
  write("m/12_b.sql", "select 1;\nselect y");
  server_.answer(kMigrations, 400,
                 R"({"message":"migration 12 \"b\": no such column: y","code":"INVALID_ARGUMENT",)"
                 R"("sqlstate":"42703","class":"undefined_column","position":18,"statement":1})");
  EXPECT_EQ(run({"db", "migrate", folder}), ExitCode::kFailed);
  EXPECT_EQ(err_,
            "roost: migration 12 \"b\": no such column: y [42703 undefined_column]\n"
            "LINE 2: select y\n"
            "               ^\n");
}

TEST_F(DbCommands, MigrateRefusesWhatItCannotRead) {
  expect_exit(ExitCode::kUsage, {"db", "migrate"}, "FOLDER is required");
  expect_exit(ExitCode::kUsage, {"db", "migrate", "/nowhere"}, "cannot read the folder /nowhere");
  const std::string bad =
      std::filesystem::path(write("bad/3_c.sql", "\xff")).parent_path().string();
  expect_exit(ExitCode::kUsage, {"db", "migrate", bad}, "migration 3 \"c\" is no UTF-8 text");
  EXPECT_TRUE(server_.lines().empty());
}

TEST_F(DbCommands, PoliciesAreSql) {
  server_.answer(kPolicies, 200, kTodos);
  ASSERT_EQ(run({"db", "policies"}), ExitCode::kOk) << err_;
  EXPECT_EQ(out_,
            "ALTER TABLE todos ENABLE ROW LEVEL SECURITY;\n"
            "GRANT SELECT, INSERT ON todos TO authenticated;\n"
            "CREATE POLICY own ON todos TO authenticated\n  USING (owner = auth.uid());\n"
            "\n"
            "ALTER TABLE notes DISABLE ROW LEVEL SECURITY;\n"
            "GRANT SELECT ON notes TO public;\n");
  ASSERT_EQ(run({"db", "policies", "notes"}), ExitCode::kOk);
  EXPECT_EQ(out_.find("todos"), std::string::npos);
  ASSERT_EQ(run({"db", "policies", "todos", "--json"}), ExitCode::kOk);
  EXPECT_EQ(json::parse(out_).at("tables").as_array().size(), 1U);
  EXPECT_EQ(json::parse(out_).at("tables").at(0), json::parse(kTodos).at("tables").at(0));
  expect_exit(ExitCode::kFailed, {"db", "policies", "other"}, "there is no table other");
}

TEST_F(DbCommands, NoTablesSaysWhatToDo) {
  server_.answer(kPolicies, 200, R"({"tables":[]})");
  EXPECT_EQ(run({"db", "policies"}), ExitCode::kOk);
  EXPECT_EQ(out_, "");
  EXPECT_NE(err_.find("roost db migrate"), std::string::npos);
  EXPECT_EQ(run({"db", "check"}), ExitCode::kOk);
  EXPECT_EQ(out_, "0 warnings in 0 tables\n");
}

TEST_F(DbCommands, CheckFailsWhereItWarns) {
  server_.answer(kPolicies, 200, kTodos);
  EXPECT_EQ(run({"db", "check"}), ExitCode::kFailed);
  EXPECT_EQ(out_,
            "notes: row level security is off: anon may SELECT; authenticated may SELECT every "
            "row; once it is on, only those that a policy shows\n"
            "    ALTER TABLE notes ENABLE ROW LEVEL SECURITY;\n"
            "1 warning in 2 tables\n");
  EXPECT_EQ(run({"db", "check", "--json"}), ExitCode::kFailed);
  const json::value warning = json::parse(out_).at("warnings").at(0);
  EXPECT_EQ(warning.at("kind"), "open_table");
  EXPECT_EQ(warning.at("table"), "notes");
  EXPECT_EQ(warning.at("remedy"), "ALTER TABLE notes ENABLE ROW LEVEL SECURITY;");
}

TEST_F(DbCommands, NobodyThereIsAnExitCodeOfItsOwn) {
  environment_["ROOST_ADMIN_URL"] = "http://127.0.0.1:1";
  const std::string folder =
      std::filesystem::path(write("m/1_a.sql", "one")).parent_path().string();
  for (const Words& words : {Words{"db", "sql", "select 1"}, Words{"db", "migrate", folder},
                             Words{"db", "policies"}, Words{"db", "check"}}) {
    expect_exit(ExitCode::kUnreachable, words, "cannot reach http://127.0.0.1:1");
  }
}

}  // namespace
}  // namespace cli
