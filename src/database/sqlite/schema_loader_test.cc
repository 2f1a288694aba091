#include "database/sqlite/schema_loader.h"

#include <gtest/gtest.h>

#include "database/sqlite/administration.h"
#include "database/sqlite/functions.h"
#include "database/sqlite/prepared.h"
#include "database/test_folder.h"

namespace database::sqlite {
namespace {

// A file with Roost's tables, and a plain connection to it.
struct File {
  File() {
    auto opened = Administration::open(folder / "data.db");
    EXPECT_TRUE(opened) << opened.error().message;
    if (opened) admin = std::move(*opened);
    sqlite3* raw = nullptr;
    EXPECT_EQ(sqlite3_open((folder / "data.db").c_str(), &raw), SQLITE_OK);
    connection.reset(raw);
    EXPECT_EQ(register_functions(raw, caller), SQLITE_OK);
  }
  void run(const char* sql) const {
    const auto done = execute(connection.get(), sql);
    ASSERT_TRUE(done) << sql << ": " << done.error().message;
  }
  void administer(const char* sql) const {
    const auto done = admin->run(sql, {});
    ASSERT_TRUE(done) << sql << ": " << done.error().message;
  }
  [[nodiscard]] Schema load() const {
    auto schema = load_schema(connection.get());
    EXPECT_TRUE(schema) << schema.error().message;
    return schema ? **schema : Schema();
  }
  [[nodiscard]] Table table(std::string_view name) const {
    const Schema schema = load();
    const auto index = schema.table(name);
    EXPECT_TRUE(index) << name;
    return index ? schema.tables[*index] : Table();
  }

  TestFolder folder;
  Caller caller;
  std::unique_ptr<Administration> admin;
  ConnectionHandle connection;
};

using Columns = std::vector<std::size_t>;

TEST(SchemaLoader, OnlyPlainTablesOfTheUserAreInIt) {
  const File file;
  file.run(
      "CREATE TABLE b (x); CREATE TABLE a (x); CREATE VIEW v AS SELECT 1;"
      "CREATE VIEW broken AS SELECT nope FROM nope; CREATE TEMP TABLE t (x);"
      "CREATE TABLE _roost_x (x); CREATE VIRTUAL TABLE f USING fts5(x);"
      "CREATE TABLE k (id INTEGER PRIMARY KEY AUTOINCREMENT); CREATE TABLE __u_a (x)");
  std::vector<std::string> names;
  for (const Table& table : file.load().tables) names.push_back(table.name);
  EXPECT_EQ(names, (std::vector<std::string>{"a", "b", "k"}));
  EXPECT_EQ(file.load().version, *schema_version(file.connection.get()));
}

TEST(SchemaLoader, ColumnsAreDescribed) {
  const File file;
  file.run(
      "CREATE TABLE t (id integer PRIMARY KEY, \"na\"\"me\" text NOT NULL COLLATE nocase DEFAULT"
      " 'a', n INT DEFAULT (1 + 2), g INT AS (n + 1), s INT AS (n) STORED, x ANY) STRICT;"
      "CREATE TABLE loose (a, b VARCHAR(10))");
  const Table t = file.table("T");
  EXPECT_TRUE(t.strict);
  ASSERT_EQ(t.columns.size(), 6U);
  EXPECT_EQ(t.columns[0].type, "INTEGER");
  EXPECT_TRUE(t.columns[0].not_null);
  EXPECT_EQ(t.columns[1].name, "na\"me");
  EXPECT_EQ(t.columns[1].type, "TEXT");
  EXPECT_TRUE(t.columns[1].not_null);
  EXPECT_TRUE(same_name(t.columns[1].collation, "NOCASE"));
  EXPECT_EQ(t.columns[1].default_text, "'a'");
  EXPECT_EQ(t.columns[2].default_text, "1 + 2");
  EXPECT_FALSE(t.columns[2].generated);
  EXPECT_TRUE(t.columns[3].generated);
  EXPECT_TRUE(t.columns[4].generated);
  EXPECT_EQ(t.columns[5].type, "ANY");
  EXPECT_EQ(t.columns[5].collation, "BINARY");
  const Table loose = file.table("loose");
  EXPECT_FALSE(loose.strict);
  EXPECT_EQ(loose.columns[0].type, "");
  EXPECT_EQ(loose.columns[1].type, "VARCHAR(10)");
}

TEST(SchemaLoader, TellsWhatARowsKeyIs) {
  const File file;
  file.run(
      "CREATE TABLE a (x TEXT, id INTEGER, PRIMARY KEY (id)) STRICT;"
      "CREATE TABLE b (id INTEGER PRIMARY KEY DESC);"
      "CREATE TABLE c (id INT PRIMARY KEY) STRICT;"
      "CREATE TABLE d (x TEXT, y TEXT, z TEXT, PRIMARY KEY (z, x)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE e (x TEXT)");
  EXPECT_EQ(file.table("a").integer_key, 1U);
  EXPECT_EQ(file.table("b").integer_key, std::nullopt);
  EXPECT_EQ(file.table("c").integer_key, std::nullopt);
  EXPECT_EQ(file.table("d").integer_key, std::nullopt);
  EXPECT_EQ(file.table("e").integer_key, std::nullopt);
  EXPECT_EQ(file.table("d").key, (Columns{2, 0}));
  EXPECT_TRUE(file.table("d").columns[2].not_null);
  EXPECT_TRUE(file.table("c").columns[0].not_null);
  for (const char* rowid_table : {"a", "b", "c", "e"}) {
    EXPECT_TRUE(file.table(rowid_table).key.empty()) << rowid_table;
  }
}

TEST(SchemaLoader, IndexesThatFindRowsByTheirColumns) {
  const File file;
  file.run(
      "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b TEXT COLLATE NOCASE, c TEXT) "
      "STRICT;"
      "CREATE INDEX t1 ON t (c, a); CREATE UNIQUE INDEX t2 ON t (b, c);"
      "CREATE UNIQUE INDEX t3 ON t (a, lower(c)); CREATE UNIQUE INDEX t4 ON t (c) WHERE a > 'x';"
      "CREATE UNIQUE INDEX t5 ON t (b COLLATE BINARY); CREATE INDEX t6 ON t (lower(a));"
      "CREATE UNIQUE INDEX t7 ON t (c COLLATE NOCASE)");
  std::vector<std::pair<Columns, bool>> found;
  for (const Index& index : file.table("t").indexes)
    found.emplace_back(index.columns, index.unique);
  EXPECT_EQ(found, (std::vector<std::pair<Columns, bool>>{
                       {{1}, true}, {{3, 1}, false}, {{2, 3}, true}, {{1}, false}}));
}

TEST(SchemaLoader, RowsAreEstimated) {
  const File file;
  file.run(
      "CREATE TABLE few (x); CREATE TABLE many (x); CREATE TABLE keyed (x TEXT PRIMARY KEY)"
      " WITHOUT ROWID; CREATE TABLE empty (x); CREATE TABLE analyzed (x PRIMARY KEY);"
      "INSERT INTO few VALUES (1), (2);"
      "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r LIMIT 3000)"
      " INSERT INTO many SELECT x FROM r; INSERT INTO keyed SELECT x FROM many;"
      "INSERT INTO analyzed SELECT x FROM many");
  EXPECT_EQ(file.table("few").row_estimate, 2U);
  EXPECT_EQ(file.table("many").row_estimate, 3000U);
  EXPECT_EQ(file.table("keyed").row_estimate, 1000U) << "not counted further";
  EXPECT_EQ(file.table("empty").row_estimate, 0U);
  file.run("INSERT INTO few (rowid, x) VALUES (9223372036854775807, 3)");
  EXPECT_EQ(file.table("few").row_estimate, 3U);
  file.run(
      "INSERT INTO many (rowid, x) VALUES (9223372036854775807, 3); ANALYZE analyzed;"
      "DELETE FROM analyzed WHERE x > 10");
  EXPECT_EQ(file.table("many").row_estimate, 1'000'000'000U);
  EXPECT_EQ(file.table("analyzed").row_estimate, 3000U);
}

TEST(SchemaLoader, OnlyTheUsersTriggersCount) {
  const File file;
  file.run(
      "CREATE TABLE a (x); CREATE TABLE b (x);"
      "CREATE TRIGGER _roost_capture AFTER INSERT ON a BEGIN SELECT 1; END;"
      "CREATE TRIGGER own AFTER INSERT ON b BEGIN SELECT 1; END");
  EXPECT_FALSE(file.table("a").has_triggers);
  EXPECT_TRUE(file.table("b").has_triggers);
}

TEST(SchemaLoader, TellsWhereADeletionComesBack) {
  const File file;
  file.run(
      "CREATE TABLE own (id INTEGER PRIMARY KEY, up REFERENCES Own ON DELETE CASCADE);"
      "CREATE TABLE kept (id INTEGER PRIMARY KEY, up REFERENCES kept ON DELETE SET NULL);"
      "CREATE TABLE a (id INTEGER PRIMARY KEY, b REFERENCES b ON DELETE CASCADE);"
      "CREATE TABLE b (id INTEGER PRIMARY KEY, c REFERENCES c ON DELETE CASCADE);"
      "CREATE TABLE c (id INTEGER PRIMARY KEY, a REFERENCES a ON DELETE CASCADE);"
      "CREATE TABLE leaf (a REFERENCES a ON DELETE CASCADE, x REFERENCES nowhere)");
  std::vector<std::string> names;
  for (const Table& table : file.load().tables) {
    if (table.cascades_to_itself) names.push_back(table.name);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"a", "b", "c", "own"}));
}

TEST(SchemaLoader, PoliciesComeTranslated) {
  const File file;
  file.administer(
      "CREATE TABLE t (owner TEXT) STRICT; ALTER TABLE t ENABLE ROW LEVEL SECURITY;"
      "CREATE POLICY p ON t TO anon USING (owner = auth.uid()); GRANT UPDATE, DELETE ON t TO anon");
  const Table t = file.table("t");
  EXPECT_TRUE(t.row_security);
  EXPECT_EQ(t.grants.update.text(), "anon");
  EXPECT_EQ(t.grants.remove.text(), "anon");
  EXPECT_TRUE(t.grants.select.empty());
  ASSERT_EQ(t.policies.size(), 1U);
  EXPECT_NE(t.policies[0].use.text.find("auth_uid()"), std::string::npos) << t.policies[0].use.text;
  EXPECT_EQ(t.policies[0].check.text, "");
}

TEST(SchemaLoader, AConnectionSeesAnothersChanges) {
  const File file;
  file.administer("CREATE TABLE t (a TEXT) STRICT");
  EXPECT_EQ(file.table("t").columns.size(), 1U);
  file.administer("ALTER TABLE t ADD COLUMN b TEXT; CREATE TABLE u (x)");
  EXPECT_EQ(file.table("t").columns.size(), 2U);
  EXPECT_EQ(file.load().tables.size(), 2U);
  // In a transaction the state is the transaction's.
  file.run("BEGIN; SELECT * FROM t");
  file.administer("DROP TABLE u");
  EXPECT_EQ(file.load().tables.size(), 2U);
  file.run("COMMIT");
  EXPECT_EQ(file.load().tables.size(), 1U);
}

TEST(SchemaLoader, WhatDoesNotReadLetsNobodyIn) {
  const File file;
  file.administer(
      "CREATE TABLE t (owner TEXT) STRICT; GRANT SELECT ON t TO anon;"
      "CREATE POLICY p ON t USING (true)");
  file.run("UPDATE _roost_grant SET roles = 'anon,root'");
  EXPECT_TRUE(file.table("t").grants.select.empty());
  file.run("UPDATE _roost_policy SET command = 'LOOK'");
  EXPECT_FALSE(load_schema(file.connection.get()));
}

TEST(SchemaLoader, APolicyThatNoLongerFitsFailsWhatItGuards) {
  const File file;
  file.administer("CREATE TABLE t (owner TEXT) STRICT; CREATE POLICY \"it's\" ON t USING (true)");
  file.run("UPDATE _roost_policy SET using_text = '$1 ='");
  const Table t = file.table("t");
  ASSERT_EQ(t.policies.size(), 1U);
  const auto& [text, tables] = t.policies[0].use;
  const auto evaluated = execute(file.connection.get(), ("SELECT " + text).c_str());
  ASSERT_FALSE(evaluated);
  EXPECT_NE(evaluated.error().message.find("policy \"it's\" on \"t\": "), std::string::npos)
      << evaluated.error().message;
  EXPECT_EQ(t.policies[0].check.text, text);
}

TEST(SchemaLoader, AFileWithoutRoostsTablesHasNoGrants) {
  const TestFolder folder;
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open((folder / "plain.db").c_str(), &raw), SQLITE_OK);
  const ConnectionHandle connection(raw);
  ASSERT_TRUE(execute(raw, "CREATE TABLE t (x)"));
  const auto schema = load_schema(raw);
  ASSERT_TRUE(schema);
  EXPECT_EQ((*schema)->tables.front().grants, Grants());
}

TEST(SchemaLoader, ReservedNamesAreThoseOfOthers) {
  for (const char* name :
       {"_roost_x", "_ROOST_x", "sqlite_stat1", "pragma_x", "__u_t", "json_each", "JSON_TREE"}) {
    EXPECT_TRUE(is_reserved(name)) << name;
  }
  for (const char* name : {"", "_", "_roost", "roost_x", "u__t", "json_each2", "_x"}) {
    EXPECT_FALSE(is_reserved(name)) << name;
  }
}

}  // namespace
}  // namespace database::sqlite
