#include "database/migrations.h"

#include <array>
#include <thread>

#include <gtest/gtest.h>

#include "database/test_folder.h"

namespace {

using base::Code;
using database::migrate;
using database::Row;

constexpr std::array<std::string_view, 3> kScripts{
    "CREATE TABLE first (a INTEGER); INSERT INTO first VALUES (1)",
    "CREATE TABLE second (a INTEGER)",
    "INSERT INTO first VALUES (3)",
};

std::unique_ptr<database::Connection> open(const std::filesystem::path& file) {
  auto connection = database::open_sqlite(file, database::SystemAccess());
  EXPECT_TRUE(connection) << connection.error().message;
  return std::move(*connection);
}

std::vector<Row> integers(std::initializer_list<std::int64_t> values) {
  std::vector<Row> rows;
  for (const auto value : values) rows.push_back(Row{value});
  return rows;
}

TEST(Migrations, EachScriptRunsOnce) {
  const database::TestFolder folder;
  ASSERT_TRUE(migrate(*open(folder / "a.db"), "x", std::span(kScripts).first(1)));
  const auto connection = open(folder / "a.db");
  ASSERT_TRUE(migrate(*connection, "x", kScripts));
  ASSERT_TRUE(migrate(*connection, "x", kScripts));
  EXPECT_EQ(connection->query("SELECT a FROM first ORDER BY a"), integers({1, 3}));
  EXPECT_EQ(connection->query("SELECT version FROM _roost_schema_version"), integers({3}));
}

TEST(Migrations, SchemasOfOneFileAreApart) {
  const database::TestFolder folder;
  const auto connection = open(folder / "a.db");
  constexpr std::array<std::string_view, 1> kOther{"CREATE TABLE other (a INTEGER)"};
  ASSERT_TRUE(migrate(*connection, "x", kScripts));
  ASSERT_TRUE(migrate(*connection, "y", kOther));
  EXPECT_EQ(connection->query("SELECT version FROM _roost_schema_version ORDER BY name"),
            integers({3, 1}));
}

TEST(Migrations, ANewerSchemaIsRefusedUntouched) {
  const database::TestFolder folder;
  const auto connection = open(folder / "a.db");
  ASSERT_TRUE(migrate(*connection, "x", kScripts));
  const auto refused = migrate(*connection, "x", std::span(kScripts).first(2));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kStorage);
  EXPECT_EQ(refused.error().message,
            "the schema x is at version 3, this program knows 2: run a newer roost");
  EXPECT_EQ(connection->query("SELECT version FROM _roost_schema_version"), integers({3}));
}

TEST(Migrations, AFailingScriptLeavesTheVersionBeforeIt) {
  const database::TestFolder folder;
  const auto connection = open(folder / "a.db");
  constexpr std::array<std::string_view, 2> kBroken{
      kScripts[0], "INSERT INTO first VALUES (2); INSERT INTO nowhere VALUES (1)"};
  const auto failed = migrate(*connection, "x", kBroken);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::kInternal);
  EXPECT_EQ(connection->query("SELECT version FROM _roost_schema_version"), integers({1}));
  EXPECT_EQ(connection->query("SELECT a FROM first"), integers({1}));
  EXPECT_TRUE(migrate(*connection, "x", kScripts)) << "and can go on from there";
}

TEST(Migrations, ADamagedVersionIsRefused) {
  const database::TestFolder folder;
  const auto connection = open(folder / "a.db");
  ASSERT_TRUE(migrate(*connection, "x", kScripts));
  ASSERT_TRUE(connection->query("UPDATE _roost_schema_version SET version = -1"));
  EXPECT_EQ(migrate(*connection, "x", kScripts).error().code, Code::kStorage);
}

TEST(Migrations, TwoProgramsThatStartAtOnceRunEachScriptOnce) {
  const database::TestFolder folder;
  const auto start = [&] {
    const auto connection = open(folder / "a.db");
    const auto done = migrate(*connection, "x", kScripts);
    EXPECT_TRUE(done) << done.error().message;
  };
  std::thread one(start);
  std::thread two(start);
  one.join();
  two.join();
  EXPECT_EQ(open(folder / "a.db")->query("SELECT a FROM first ORDER BY a"), integers({1, 3}));
}

}  // namespace
