// What holds below the translator, whatever it wrote: the guest's connection asked directly, and
// the keeper with keys and without triggers as no statement would have it.
#include "database/sqlite/guest_pair.h"

#include <gtest/gtest.h>

#include "database/sqlite/administration.h"
#include "database/test_folder.h"

namespace database::sqlite {
namespace {

constexpr std::string_view kSchema = R"(
CREATE TABLE notes (id INTEGER PRIMARY KEY, owner TEXT DEFAULT (auth_uid()), body TEXT UNIQUE) STRICT;
CREATE TABLE branches (id INTEGER PRIMARY KEY, stem INTEGER REFERENCES branches (id) ON DELETE CASCADE,
  owner TEXT) STRICT;
CREATE TABLE numbered (id INTEGER PRIMARY KEY, n INTEGER) STRICT;
GRANT SELECT, INSERT, UPDATE, DELETE ON notes, branches, numbered TO authenticated;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON notes USING (owner = auth.uid());
ALTER TABLE branches ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON branches FOR SELECT USING (true);
CREATE POLICY cut ON branches FOR DELETE USING (owner = auth.uid());
ALTER TABLE numbered ENABLE ROW LEVEL SECURITY;
CREATE POLICY low ON numbered FOR INSERT WITH CHECK (id < 3);
CREATE POLICY seen ON numbered FOR SELECT USING (id <> 2);
INSERT INTO notes VALUES (1, 'alice', 'milk'), (2, 'bob', 'rent');
INSERT INTO branches VALUES (1, NULL, 'alice'), (2, 1, 'alice'), (3, 1, 'bob'), (4, 2, 'alice');
)";

GuestAccess user(const std::string& id) {
  return GuestAccess({auth::Role::kAuthenticated, id, "{}"});
}

class GuestPairTest : public testing::Test {
 protected:
  void SetUp() override {
    auto administration = Administration::open(folder_ / "data.db");
    ASSERT_TRUE(administration) << administration.error().message;
    const auto made = (*administration)->run(std::string(kSchema), {});
    ASSERT_TRUE(made) << to_json(made.error());
    auto pair = GuestPair::open(folder_ / "data.db", Mode::kWrite);
    ASSERT_TRUE(pair) << pair.error().message;
    pair_ = std::move(*pair);
    ASSERT_TRUE(pair_->keeper().begin());
  }

  // The rows that the guest's connection shows, in SQLite's own dialect.
  int rows_of(const std::string& sql) {
    auto statement = prepare(pair_->guest(), sql);
    EXPECT_TRUE(statement) << sql << ": " << statement.error().message;
    int rows = 0;
    while (statement && sqlite3_step(statement->get()) == SQLITE_ROW) ++rows;
    return rows;
  }
  bool is_refused(const std::string& sql) { return !prepare(pair_->guest(), sql).has_value(); }

  SqlResult<Rows> run(const std::string& as, const std::string& sql) {
    return pair_->run(user(as), {sql, {}}, {});
  }

  // Prepared statements that the keeper's connection holds.
  int held() {
    int statements = 0;
    sqlite3* const keeper = pair_->keeper().connection();
    for (auto* at = sqlite3_next_stmt(keeper, nullptr); at != nullptr;
         at = sqlite3_next_stmt(keeper, at)) {
      ++statements;
    }
    return statements;
  }

  std::vector<RowKey> keys(const char* sql) {
    std::vector<RowKey> keys;
    auto statement = prepare(pair_->keeper().connection(), sql);
    EXPECT_TRUE(statement) << statement.error().message;
    while (sqlite3_step(statement->get()) == SQLITE_ROW) {
      keys.push_back(encode_key(statement->get(), 1));
    }
    return keys;
  }

  const TestFolder folder_;
  std::unique_ptr<GuestPair> pair_;
};

TEST_F(GuestPairTest, TheGuestsConnectionTakesQueriesOfItsTablesOnly) {
  EXPECT_FALSE(is_refused("SELECT * FROM notes"));
  for (const char* sql :
       {"CREATE TABLE mine (a)", "CREATE TEMP TABLE mine (a)", "CREATE VIEW v AS SELECT 1",
        "ATTACH ':memory:' AS other", "PRAGMA database_list", "SELECT * FROM sqlite_schema",
        "SELECT * FROM pragma_database_list", "SELECT rowid FROM notes", "SELECT randomblob(8)",
        "SELECT load_extension('x')", "SELECT sqlite_version()", "BEGIN", "SAVEPOINT s",
        "INSERT INTO notes VALUES (9, 'alice', 'x')", "DELETE FROM notes", "ANALYZE"}) {
    EXPECT_TRUE(is_refused(sql)) << sql;
  }
}

// SQLite's own table functions are the only tables there that hold no rows of the file's.
TEST_F(GuestPairTest, ListsAreReadWhereverTheyStand) {
  const auto asked = [this](const std::string& sql, const std::string& list) {
    const Value value = list == "null" ? Value(Null()) : Value(Json{list});
    const auto rows = pair_->run(user("alice"), {sql, {value}}, {});
    return rows ? rows->json : to_json(rows.error());
  };
  EXPECT_EQ(asked("SELECT id FROM notes WHERE id = ANY ($1)", "[1,2]"), R"([{"id":1}])");
  EXPECT_EQ(asked("SELECT id FROM notes WHERE id <> ALL ($1)", "[2,3]"), R"([{"id":1}])");
  EXPECT_EQ(asked("SELECT id FROM notes WHERE id = ANY ($1) OR id <> ALL ($1)", "null"), "[]")
      << "no list: neither true nor false, as in PostgreSQL";
  EXPECT_EQ(asked("SELECT id FROM notes WHERE NOT (id = ANY ($1))", "[]"), R"([{"id":1}])");
  EXPECT_EQ(asked("SELECT id FROM notes WHERE body = ANY ($1)", R"(["rent","milk"])"),
            R"([{"id":1}])");
  EXPECT_EQ(asked("SELECT value FROM json_each($1) WHERE key > 0", "[7,8,9]"),
            R"([{"value":8},{"value":9}])");
  EXPECT_EQ(asked("SELECT fullkey FROM json_tree($1) WHERE type = 'integer'", R"({"a":[7]})"),
            R"([{"fullkey":"$.a[0]"}])");
}

// What length() does not count could be longer than a CHECK allows. Parameters with it do not come
// as far as here (host/parameters.h); this is for whatever else may make one.
TEST_F(GuestPairTest, NoTextHoldsU0000) {
  const auto asked = [this](const std::string& sql, Value value) {
    const auto rows = pair_->run(user("alice"), {sql, {std::move(value)}}, {});
    return rows ? rows->json : std::string(code_of(rows.error().state));
  };
  EXPECT_EQ(asked("INSERT INTO notes VALUES (7, 'alice', $1 ->> 0)", Json{R"(["a\u0000b"])"}),
            "22P05");
  const std::string text("a\0b", 3);
  EXPECT_EQ(asked("INSERT INTO notes VALUES (7, 'alice', $1)", text), "22021");
  EXPECT_EQ(asked("UPDATE notes SET body = $1", text), "22021");
  EXPECT_EQ(asked("INSERT INTO notes VALUES (1, 'alice', 'x') ON CONFLICT (id)"
                  " DO UPDATE SET body = $1",
                  text),
            "22021");
  EXPECT_EQ(run("alice", "SELECT body FROM notes")->json, R"([{"body":"milk"}])");
}

TEST_F(GuestPairTest, NobodyIsTheCallerBetweenStatements) {
  ASSERT_EQ(run("alice", "SELECT body FROM notes")->json, R"([{"body":"milk"}])");
  EXPECT_EQ(rows_of("SELECT 1 WHERE auth_uid() IS NOT NULL OR auth_role() <> 'anon'"), 0);
  EXPECT_EQ(rows_of("SELECT 1 WHERE auth_role() = 'anon'"), 1);
}

// Texts that make and drop captures differ from one another: each is run once, and kept by nobody.
TEST_F(GuestPairTest, StatementsThatChangeTheSchemaAreNotKept) {
  Keeper& keeper = pair_->keeper();
  ASSERT_TRUE(keeper.run_system("SELECT count(*) FROM notes WHERE id = $1", std::vector<Value>{1}));
  const int before = held();
  for (int i = 0; i < 3; ++i) {
    const std::string name = "made_" + std::to_string(i);
    ASSERT_TRUE(keeper.run_system("CREATE TABLE " + name + " (a)", {}));
    ASSERT_TRUE(keeper.run_system("  drop TABLE " + name, {}));
    EXPECT_FALSE(keeper.run_system("CREATE TABLE notes (a)", {}));
  }
  EXPECT_EQ(held(), before);
  for (const char* sql : {"SELECT 1", "WITH one AS (SELECT 1) SELECT * FROM one",
                          "INSERT INTO numbered (n) VALUES ($1)", "UPDATE numbered SET n = $1",
                          "DELETE FROM numbered WHERE id = $1"}) {
    const std::vector<Value> parameters(std::string_view(sql).contains('$') ? 1 : 0, 1);
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(keeper.run_system(sql, parameters)) << sql;
  }
  EXPECT_EQ(held(), before + 5) << "those that come again and again are prepared once";
}

TEST_F(GuestPairTest, NothingInMemoryOutlivesItsStatement) {
  const auto changed = run("alice",
                           "INSERT INTO notes (id, body) VALUES (1, 'tea') ON CONFLICT (id) DO "
                           "UPDATE SET body = excluded.body RETURNING body");
  ASSERT_TRUE(changed) << to_json(changed.error());
  ASSERT_EQ(changed->json, R"([{"body":"tea"}])");
  for (const char* name : {"__o_notes", "__x_notes", "__r_notes"}) {
    EXPECT_EQ(rows_of(std::string("SELECT 1 FROM ") + name), 0) << name;
  }
}

TEST_F(GuestPairTest, ARowThatIsWrittenWithoutItsCheckIsAnError) {
  sqlite3* const keeper = pair_->keeper().connection();
  std::string drop;
  auto names = prepare(keeper, "SELECT name FROM sqlite_temp_schema WHERE type = 'trigger'");
  ASSERT_TRUE(names);
  while (sqlite3_step(names->get()) == SQLITE_ROW) {
    drop += "DROP TRIGGER temp." +
            quote_name(reinterpret_cast<const char*>(sqlite3_column_text(names->get(), 0))) + ";";
  }
  ASSERT_NE(drop, "");
  *names = {};
  ASSERT_TRUE(execute(keeper, drop.c_str()));
  for (const char* sql :
       {"INSERT INTO notes (body) VALUES ('x')",
        "INSERT INTO notes (body, owner) VALUES ('y', 'bob')", "UPDATE notes SET owner = 'bob'"}) {
    const auto changed = run("alice", sql);
    ASSERT_FALSE(changed) << sql;
    EXPECT_EQ(changed.error().state, SqlState::kInternalError) << sql;
  }
}

TEST_F(GuestPairTest, AnIdThatIsMadeIsCheckedWhenItIsKnown) {
  for (const std::string more : {"", " RETURNING n"}) {
    const auto first = run("alice", "INSERT INTO numbered (n) VALUES (10)" + more);
    ASSERT_TRUE(first) << to_json(first.error());
    EXPECT_EQ(first->count, 1U);
    const auto second = run("alice", "INSERT INTO numbered (n) VALUES (20)" + more);
    EXPECT_EQ(second.has_value(), more.empty()) << "of which the SELECT policy hides the row";
    ASSERT_TRUE(execute(pair_->keeper().connection(),
                        "INSERT INTO numbered VALUES (2, 20) ON CONFLICT DO NOTHING"));
    const auto third = run("alice", "INSERT INTO numbered (n) VALUES (30)" + more);
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().state, SqlState::kInsufficientPrivilege);
    ASSERT_TRUE(execute(pair_->keeper().connection(), "DELETE FROM numbered"));
  }
}

// Of the rows that go with the first, one is not the caller's to delete.
TEST_F(GuestPairTest, ACascadesRowsCountWhereTheyMayBeDeleted) {
  const GuestPair::AsCaller as(*pair_, user("alice"), base::Deadline::never());
  const std::size_t branches = *pair_->keeper().schema().table("branches");
  const auto removed =
      pair_->keeper().remove(branches, keys("SELECT id FROM branches ORDER BY id"), true, true);
  ASSERT_TRUE(removed) << to_json(removed.error());
  EXPECT_EQ(removed->count, 3U);
  EXPECT_EQ(removed->rows.size(), 3U);
  EXPECT_EQ(keys("SELECT id FROM branches").size(), 0U);
}

}  // namespace
}  // namespace database::sqlite
