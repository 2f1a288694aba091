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

void be_slow(SlowTexts& slow) {
  slow.suspect(kScan);
  slow.note(kScan, false);
}

TEST(SlowTexts, OneRunElsewhereClearsWhatWasSuspected) {
  SlowTexts slow;
  EXPECT_FALSE(slow.contains_any(kScan));
  slow.suspect(kScan);
  EXPECT_TRUE(slow.contains_any(kScan));
  EXPECT_TRUE(slow.contains_any(kBatch));
  EXPECT_FALSE(slow.contains_any({kBatch.front()}));
  EXPECT_EQ(runs_elsewhere(slow, kScan), 1);
}

// It once went for good to the slower way after a few pauses of a busy machine.
TEST(SlowTexts, PausesOfTheMachineAddUpToNothing) {
  SlowTexts slow;
  for (int pauses = 0; pauses < 100; ++pauses) {
    slow.suspect(kScan);
    EXPECT_EQ(runs_elsewhere(slow, kScan), 1);
  }
}

TEST(SlowTexts, EachFurtherTimeItStaysAwayTwiceAsLong) {
  SlowTexts slow;
  for (const int runs : {1, 2, 4, 8}) {
    be_slow(slow);
    EXPECT_EQ(runs_elsewhere(slow, kScan), runs);
  }
  slow.suspect(kScan);
  EXPECT_EQ(runs_elsewhere(slow, kScan), 1) << "a pause of the machine is no such time";
}

TEST(SlowTexts, ASlowRunElsewhereBeginsTheCountAnew) {
  SlowTexts slow;
  be_slow(slow);
  EXPECT_EQ(runs_elsewhere(slow, kScan), 1);
  be_slow(slow);
  slow.note(kScan, true);
  slow.note(kScan, false);
  EXPECT_EQ(runs_elsewhere(slow, kScan), 2);
}

TEST(SlowTexts, WhatRanElsewhereUnsuspectedIsNotRemembered) {
  SlowTexts slow;
  slow.note(kScan, false);
  EXPECT_FALSE(slow.contains_any(kScan));
}

}  // namespace
}  // namespace database::sqlite
