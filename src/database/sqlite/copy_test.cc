#include "database/copy.h"

#include <atomic>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "database/connection.h"
#include "database/test_folder.h"

namespace database {
namespace {

std::int64_t number(Connection& connection, std::string_view sql) {
  const auto rows = connection.query(sql);
  EXPECT_TRUE(rows) << rows.error().message;
  return rows && !rows->empty() ? std::get<std::int64_t>(rows->front().front()) : -1;
}

TEST(Copy, HasWhatWasCommittedAndNothingHalf) {
  const TestFolder folder;
  const auto source = *open_sqlite(folder / "a.db", SystemAccess());
  ASSERT_TRUE(source->run_script("CREATE TABLE t (x); INSERT INTO t VALUES (1)"));
  ASSERT_TRUE(source->run_script("BEGIN; INSERT INTO t VALUES (2)"));
  const auto copied = copy_sqlite(folder / "a.db", folder / "b.db", SystemAccess());
  ASSERT_TRUE(copied) << copied.error().message;
  ASSERT_TRUE(source->run_script("COMMIT"));
  const auto target = *open_sqlite(folder / "b.db", SystemAccess());
  EXPECT_EQ(number(*target, "SELECT count(*) FROM t"), 1);
}

TEST(Copy, RowsKeepTheirRowids) {
  const TestFolder folder;
  const auto source = *open_sqlite(folder / "a.db", SystemAccess());
  ASSERT_TRUE(source->run_script(
      "CREATE TABLE t (x); INSERT INTO t VALUES ('a'), ('b'); DELETE FROM t WHERE x = 'a'"));
  ASSERT_TRUE(copy_sqlite(folder / "a.db", folder / "b.db", SystemAccess()));
  const auto target = *open_sqlite(folder / "b.db", SystemAccess());
  EXPECT_EQ(number(*target, "SELECT rowid FROM t"), 2);
}

// Two rows at a time: an odd number would be a half transaction.
TEST(Copy, IsOneMomentWhileOthersWrite) {
  const TestFolder folder;
  const auto source = *open_sqlite(folder / "a.db", SystemAccess());
  ASSERT_TRUE(source->run_script("PRAGMA synchronous = OFF; CREATE TABLE t (x, y)"));
  std::atomic<bool> over = false;
  std::atomic<std::int64_t> committed = 0;
  std::thread writer([&] {
    while (!over) {
      EXPECT_TRUE(source->run_script(
          "BEGIN; INSERT INTO t VALUES (1, zeroblob(2000)); INSERT INTO t VALUES (2, ''); COMMIT"));
      committed += 2;
    }
  });
  for (int i = 0; i < 10; ++i) {
    const auto copy = folder / ("copy" + std::to_string(i));
    const std::int64_t before = committed;
    EXPECT_TRUE(copy_sqlite(folder / "a.db", copy, SystemAccess()));
    const auto target = *open_sqlite(copy, SystemAccess());
    const std::int64_t rows = number(*target, "SELECT count(*) FROM t");
    EXPECT_EQ(rows % 2, 0);
    EXPECT_GE(rows, before);
  }
  over = true;
  writer.join();
}

TEST(Copy, FailuresNameTheFile) {
  const TestFolder folder;
  const auto missing = copy_sqlite(folder / "none.db", folder / "b.db", SystemAccess());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, base::Code::kNotFound);
  EXPECT_NE(missing.error().message.find("none.db"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder / "b.db"));

  std::ofstream(folder / "garbage.db") << std::string(8192, 'x');
  const auto garbage = copy_sqlite(folder / "garbage.db", folder / "c.db", SystemAccess());
  ASSERT_FALSE(garbage);
  EXPECT_EQ(garbage.error().code, base::Code::kStorage);
  EXPECT_NE(garbage.error().message.find("garbage.db"), std::string::npos)
      << garbage.error().message;
}

}  // namespace
}  // namespace database
