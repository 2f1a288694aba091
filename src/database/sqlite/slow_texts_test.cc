#include "database/sqlite/slow_texts.h"

#include <gtest/gtest.h>

namespace database::sqlite {
namespace {

const std::vector<Statement> kScan{{"SELECT count(*) FROM notes", {}}};
const std::vector<Statement> kBatch{{"SELECT 1", {}}, kScan.front()};

// How often it has to be fast elsewhere before it may come back.
int runs_elsewhere(SlowTexts& slow, const std::vector<Statement>& statements) {
  int runs = 0;
  for (; slow.contains_any(statements); ++runs) slow.note(statements, true);
  return runs;
}

TEST(SlowTexts, OnceStoppedItComesBackWhenItWasFastElsewhere) {
  SlowTexts slow;
  EXPECT_FALSE(slow.contains_any(kScan));
  slow.add(kScan);
  EXPECT_TRUE(slow.contains_any(kScan));
  EXPECT_TRUE(slow.contains_any(kBatch));
  EXPECT_FALSE(slow.contains_any({kBatch.front()}));
  EXPECT_EQ(runs_elsewhere(slow, kScan), 1);
}

TEST(SlowTexts, EachFurtherTimeItStaysAwayTwiceAsLong) {
  SlowTexts slow;
  for (const int runs : {1, 2, 4, 8}) {
    slow.add(kScan);
    EXPECT_EQ(runs_elsewhere(slow, kScan), runs);
  }
}

TEST(SlowTexts, ASlowRunElsewhereBeginsTheCountAnew) {
  SlowTexts slow;
  slow.add(kScan);
  slow.add(kScan);
  slow.note(kScan, true);
  slow.note(kScan, false);
  EXPECT_EQ(runs_elsewhere(slow, kScan), 2);
}

}  // namespace
}  // namespace database::sqlite
