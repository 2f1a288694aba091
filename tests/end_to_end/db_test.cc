// `roost db` as administrators use it, with the real program.
#include <filesystem>
#include <fstream>
#include <string>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "database/test_folder.h"
#include "end_to_end/server_process.h"

namespace end_to_end {
namespace {

namespace json = boost::json;

const std::string kAda = "0b0e9dd0-35c9-4d55-9d61-4d0b5f6bd1aa";
const std::string kBob = "5b7a1f6e-5a52-4d5c-8a86-0d5f3f0e8ebb";

class AdministeredDatabase : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) const {
    const auto path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path.string();
  }
  [[nodiscard]] Finished migrate() const {
    return server_.roost({"db", "migrate", (folder_ / "m").string()});
  }
  // The names of the user's tables.
  [[nodiscard]] std::string tables() const {
    const Finished done =
        server_.roost({"db", "sql", "--json",
                       "SELECT name FROM sqlite_schema WHERE type = 'table' AND "
                       "name NOT GLOB '_roost_*' AND name NOT GLOB 'sqlite_*' ORDER BY name"});
    EXPECT_EQ(done.exit, 0) << done.err;
    std::string names;
    const json::value answer = json::parse(done.out);
    for (const json::value& row : answer.at("results").at(0).at("rows").as_array()) {
      names += (names.empty() ? "" : " ") + std::string(row.at("name").as_string());
    }
    return names;
  }
  // The rows' JSON that a caller sees, or the error.
  [[nodiscard]] std::string seen(std::vector<std::string> caller, const std::string& sql) const {
    caller.insert(caller.begin(), {"db", "sql", sql, "--json"});
    const Finished done = server_.roost(caller);
    if (done.exit != 0) return done.err;
    return json::serialize(json::parse(done.out).at("results").at(0).at("rows"));
  }

  database::TestFolder folder_;
  ServerProcess server_{folder_ / "data"};
};

void expect_words(const std::string& text, const std::string& words) {
  EXPECT_NE(text.find(words), std::string::npos) << text;
}

TEST_F(AdministeredDatabase, MigrationsRunOnce) {
  write("m/0001_notes.sql", "CREATE TABLE notes (id INTEGER PRIMARY KEY) STRICT;");
  write("m/0002_tags.sql", "CREATE TABLE tags (id INTEGER PRIMARY KEY) STRICT;");
  const Finished first = migrate();
  EXPECT_EQ(first.exit, 0) << first.err;
  EXPECT_EQ(first.out, "applied 1 notes\napplied 2 tags\n");
  EXPECT_EQ(tables(), "notes tags");
  EXPECT_EQ(migrate().out, "nothing to do: all 2 migrations had run before\n");
  write("m/0010_more.sql", "INSERT INTO notes VALUES (1)");
  EXPECT_EQ(migrate().out, "applied 10 more\n");
  EXPECT_EQ(migrate().out, "nothing to do: all 3 migrations had run before\n");
  EXPECT_EQ(seen({}, "SELECT count(*) AS n FROM notes"), R"([{"n":1}])");
}

TEST_F(AdministeredDatabase, AnEditedMigrationIsRefused) {
  write("m/0001_notes.sql", "CREATE TABLE notes (id INTEGER PRIMARY KEY) STRICT");
  ASSERT_EQ(migrate().exit, 0);
  write("m/0001_notes.sql", "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT) STRICT");
  write("m/0002_tags.sql", "CREATE TABLE tags (id INTEGER PRIMARY KEY) STRICT");
  const Finished refused = migrate();
  EXPECT_EQ(refused.exit, 1);
  EXPECT_EQ(refused.out, "");
  expect_words(refused.err, R"(migration 1 "notes" has changed since it ran: put its text back)");
  EXPECT_EQ(tables(), "notes") << "nothing runs beside one that has changed";
  write("m/0001_notes.sql", "CREATE TABLE notes (id INTEGER PRIMARY KEY) STRICT");
  EXPECT_EQ(migrate().out, "applied 2 tags\n");
}

TEST_F(AdministeredDatabase, AFailingMigrationLeavesNothingAndSaysWhere) {
  write("m/0001_notes.sql", "CREATE TABLE notes (id INTEGER PRIMARY KEY) STRICT");
  write("m/0002_broken.sql",
        "CREATE TABLE tags (id INTEGER PRIMARY KEY) STRICT;\n"
        "INSERT INTO tags VALUES (1);\n"
        "GRANT SELECT ON tags TO anon;\n"
        "INSERT INTO tags SELECT nmae FROM notes;\n");
  write("m/0003_later.sql", "CREATE TABLE later (id INTEGER PRIMARY KEY) STRICT");
  const Finished broken = migrate();
  EXPECT_EQ(broken.exit, 1);
  expect_words(broken.err, R"(roost: migration 2 "broken": column "nmae" does not exist)");
  expect_words(broken.err,
               "[42703 undefined_column]\nLINE 4: INSERT INTO tags SELECT nmae FROM notes;\n");
  EXPECT_EQ(tables(), "notes") << "the one before it stays; of it and what follows nothing is left";
  EXPECT_EQ(server_.roost({"db", "policies", "tags"}).exit, 1);

  // Where SQLite knows no place: a statement that fails while it runs.
  write("m/0002_broken.sql",
        "CREATE TABLE tags (id INTEGER PRIMARY KEY) STRICT;\n"
        "INSERT INTO tags VALUES (1);\n"
        "INSERT INTO tags VALUES (1);\n");
  const Finished twice = migrate();
  EXPECT_EQ(twice.exit, 1);
  expect_words(twice.err, R"(migration 2 "broken": )");
  expect_words(twice.err, "[23505 unique_violation] in statement 3\n");
  EXPECT_EQ(tables(), "notes");

  write("m/0002_broken.sql", "CREATE TABLE tags (id INTEGER PRIMARY KEY) STRICT;");
  EXPECT_EQ(migrate().out, "applied 2 broken\napplied 3 later\n");
  EXPECT_EQ(tables(), "later notes tags");
}

TEST_F(AdministeredDatabase, SqlRunsAsTheCallerThatIsNamed) {
  ASSERT_EQ(server_.roost({"db", "migrate", ROOST_EXAMPLES "/todos/migrations"}).exit, 0);
  server_.sql(fmt::format(
      "INSERT INTO todos (user_id, title) VALUES ('{}', 'milk'), ('{}', 'rent')", kAda, kBob));
  const std::string titles = "SELECT title FROM todos ORDER BY id";
  EXPECT_EQ(seen({}, titles), R"([{"title":"milk"},{"title":"rent"}])");
  EXPECT_EQ(seen({"--as-user", kAda}, titles), R"([{"title":"milk"}])");
  EXPECT_EQ(seen({"--as-user", kBob}, titles), R"([{"title":"rent"}])");
  EXPECT_EQ(seen({"--as-role", "authenticated"}, titles), "[]") << "nobody's rows";
  EXPECT_EQ(seen({"--as-role", "service_role"}, titles), R"([{"title":"milk"},{"title":"rent"}])");
  expect_words(seen({"--as-role", "anon"}, titles), "[42501 insufficient_privilege]");
  EXPECT_EQ(seen({"--as-user", kAda}, "UPDATE todos SET done = 1 RETURNING title"),
            R"([{"title":"milk"}])");
  const std::string given = "INSERT INTO todos (user_id, title) VALUES ($1, 'x') RETURNING title";
  expect_words(seen({"--as-user", kAda, "-p", kBob}, given), "[42501 insufficient_privilege]");
  EXPECT_EQ(seen({"--as-user", kAda, "-p", kAda}, given), R"([{"title":"x"}])");
  EXPECT_EQ(seen({"--as-role", "anon", "--claims", R"({"team":7})"},
                 "SELECT auth.role() AS role, auth.jwt() ->> 'team' AS team"),
            R"([{"role":"anon","team":"7"}])");
  expect_words(seen({"--as-user", kAda}, "SELECT name FROM sqlite_schema"), "[42");
}

// What `roost db policies` prints is SQL that makes the same elsewhere.
TEST_F(AdministeredDatabase, PoliciesComeBackAsTheyWerePrinted) {
  const std::string tables =
      "CREATE TABLE notes (id INTEGER PRIMARY KEY, owner TEXT, body TEXT) STRICT;"
      "CREATE TABLE \"Odd \"\"Table\" (\"order\" INTEGER PRIMARY KEY, team INTEGER) STRICT;"
      "CREATE TABLE shared (id INTEGER PRIMARY KEY) STRICT;"
      "CREATE TABLE untouched (id INTEGER PRIMARY KEY) STRICT;";
  server_.sql(tables);
  server_.sql(R"(
    ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
    ALTER TABLE notes FORCE ROW LEVEL SECURITY;
    GRANT SELECT, INSERT, UPDATE ON notes TO authenticated;
    GRANT SELECT ON notes TO anon;
    CREATE POLICY own ON notes TO authenticated USING (owner = auth.uid());
    CREATE POLICY "short; ones" ON notes AS RESTRICTIVE FOR INSERT
      WITH CHECK (length(body) < 80 AND body <> 'it''s; -- not');
    CREATE POLICY seen ON notes FOR SELECT TO anon, authenticated USING (body LIKE 'public%');
    ALTER TABLE "Odd ""Table" ENABLE ROW LEVEL SECURITY;
    GRANT ALL ON "Odd ""Table" TO service_role;
    CREATE POLICY team ON "Odd ""Table" FOR UPDATE
      USING (team = (auth.jwt() ->> 'team')::integer) WITH CHECK (team IS NOT NULL);
    GRANT SELECT ON shared TO PUBLIC)");
  const Finished printed = server_.roost({"db", "policies"});
  ASSERT_EQ(printed.exit, 0) << printed.err;
  expect_words(printed.out, "CREATE POLICY \"short; ones\" ON notes AS RESTRICTIVE FOR INSERT\n");
  expect_words(printed.out, "GRANT SELECT ON shared TO public;\n");

  const ServerProcess fresh(folder_ / "fresh");
  fresh.sql(tables);
  ASSERT_NE(fresh.roost({"db", "policies"}).out, printed.out);
  const Finished applied = fresh.roost({"db", "sql", "-f", write("policies.sql", printed.out)});
  ASSERT_EQ(applied.exit, 0) << applied.err;
  EXPECT_EQ(fresh.roost({"db", "policies"}).out, printed.out);
  EXPECT_EQ(fresh.roost({"db", "policies", "--json"}).out,
            server_.roost({"db", "policies", "--json"}).out);
}

TEST_F(AdministeredDatabase, CheckWarnsUntilWhatItSaysIsDone) {
  server_.sql("CREATE TABLE notes (id INTEGER PRIMARY KEY, owner TEXT) STRICT");
  const auto check = [this] { return server_.roost({"db", "check"}); };
  EXPECT_EQ(check().exit, 0) << "nobody is granted anything";
  server_.sql("GRANT SELECT, INSERT ON notes TO authenticated");
  const Finished open = check();
  EXPECT_EQ(open.exit, 1);
  EXPECT_EQ(open.out,
            "notes: row level security is off: authenticated may SELECT, INSERT every row; once it "
            "is on, only those that a policy shows\n"
            "    ALTER TABLE notes ENABLE ROW LEVEL SECURITY;\n"
            "1 warning in 1 table\n");
  server_.sql("ALTER TABLE notes ENABLE ROW LEVEL SECURITY");
  const Finished closed = check();
  EXPECT_EQ(closed.exit, 1);
  expect_words(closed.out, "    CREATE POLICY NAME ON notes TO authenticated USING (CONDITION);\n");
  server_.sql("CREATE POLICY own ON notes TO authenticated USING (owner = auth.uid())");
  const Finished quiet = check();
  EXPECT_EQ(quiet.exit, 0);
  EXPECT_EQ(quiet.out, "0 warnings in 1 table\n");
  EXPECT_EQ(quiet.err, "");
}

}  // namespace
}  // namespace end_to_end
