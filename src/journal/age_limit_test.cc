#include "journal/age_limit.h"

#include <gtest/gtest.h>

namespace journal {
namespace {

using namespace std::chrono_literals;

const AgeLimit::Wall kNoon{std::chrono::sys_days(std::chrono::year(2026) / 11 / 30) + 12h};
const AgeLimit::Steady kBoot{1h};

class AgeLimitTest : public testing::Test {
 protected:
  // A look every second for so long, with the clock so far ahead.
  AgeLimit::Wall look(std::chrono::seconds span, std::chrono::hours ahead = 0h) {
    AgeLimit::Wall limit;
    for (const auto end = passed_ + span; passed_ < end; passed_ += 1s) {
      limit = limit_.at(kNoon + passed_ + ahead, kBoot + passed_);
      latest_ = std::max(latest_, limit);
    }
    return limit;
  }

  AgeLimit limit_{24h, 5min};
  std::chrono::seconds passed_ = 0s;
  AgeLimit::Wall latest_ = AgeLimit::Wall::min();
};

TEST_F(AgeLimitTest, FollowsAClockThatIsRight) {
  EXPECT_EQ(look(300s), AgeLimit::Wall::min()) << "nothing is too old before it is sure";
  EXPECT_GE(look(301s), kNoon - 24h);
  EXPECT_GE(look(24h), kNoon - 11min) << "minutes late";
}

TEST_F(AgeLimitTest, AShortJumpAheadTakesNothing) {
  look(1h);
  // Of every length, and so at every phase of its looks.
  for (std::chrono::seconds jump = 1s; jump < 5min; jump += 7s) {
    look(jump, 24h * 9);
    look(11min);
  }
  EXPECT_LE(latest_, kNoon + passed_ - 24h);
}

TEST_F(AgeLimitTest, AClockThatStaysAheadIsBelieved) {
  look(1h);
  EXPECT_GE(look(11min, 24h * 9), kNoon + 24h * 8);
}

TEST_F(AgeLimitTest, AClockThatIsSetBackTakesNothing) {
  look(1h);
  EXPECT_LE(look(1s, -48h), kNoon + passed_ - 72h);
}

}  // namespace
}  // namespace journal
