#include "cli/migration_folder.h"

#include <fstream>

#include <gtest/gtest.h>

#include "database/test_folder.h"

namespace cli {
namespace {

class MigrationFiles : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& text = "") {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  [[nodiscard]] std::filesystem::path path() const { return folder_ / ""; }
  void expect_refused(std::string_view message) {
    const auto read = read_migration_folder(path());
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().exit, ExitCode::kUsage);
    EXPECT_NE(read.error().message.find(message), std::string::npos) << read.error().message;
  }

  database::TestFolder folder_;
};

TEST_F(MigrationFiles, AreOrderedByNumberAndNotByName) {
  write("10_ten.sql", "ten");
  write("9_nine.sql", "nine");
  write("0001_create_todos.sql", "one");
  write("20260102030405_late.sql", "late");
  const auto read = read_migration_folder(path());
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->migrations.size(), 4U);
  EXPECT_EQ(read->migrations[0].version, 1U);
  EXPECT_EQ(read->migrations[0].name, "create_todos");
  EXPECT_EQ(read->migrations[0].sql, "one");
  EXPECT_EQ(read->migrations[1].version, 9U);
  EXPECT_EQ(read->migrations[2].sql, "ten");
  EXPECT_EQ(read->migrations[3].version, 20260102030405U);
  EXPECT_TRUE(read->ignored.empty());
}

TEST_F(MigrationFiles, OthersAreNamed) {
  write("1_a.sql");
  for (const char* const name :
       {"README.md", "2.sql", "3_.sql", "a_b.sql", "4-x.sql", "5_x.SQL", "0_zero.sql", "-6_x.sql",
        "99999999999999999999_x.sql", ".hidden", "1_a.sql~"}) {
    write(name);
  }
  std::filesystem::create_directory(folder_ / "old");
  const auto read = read_migration_folder(path());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->migrations.size(), 1U);
  EXPECT_EQ(read->ignored,
            (std::vector<std::string>{"-6_x.sql", "0_zero.sql", "1_a.sql~", "2.sql", "3_.sql",
                                      "4-x.sql", "5_x.SQL", "99999999999999999999_x.sql",
                                      "README.md", "a_b.sql", "old"}));
}

TEST_F(MigrationFiles, TwoOfOneNumberAreRefused) {
  write("1_a.sql");
  write("02_b.sql");
  write("2_c.sql");
  expect_refused("two migrations have the number 2: \"b\" and \"c\"");
}

TEST_F(MigrationFiles, AFolderWithoutAnyIsRefused) {
  expect_refused("there is no migration in ");
  write("notes.txt");
  expect_refused("name files as in 0001_create_todos.sql");
}

TEST_F(MigrationFiles, WhatCannotBeReadIsSaid) {
  std::filesystem::create_directory(folder_ / "1_folder.sql");
  expect_refused("it is a folder");
  const auto nowhere = read_migration_folder("/nowhere/at/all");
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().message,
            "cannot read the folder /nowhere/at/all: No such file or directory");
}

}  // namespace
}  // namespace cli
