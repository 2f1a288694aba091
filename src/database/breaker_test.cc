#include "database/breaker.h"

#include <gtest/gtest.h>

namespace database {
namespace {

using std::chrono::milliseconds;

const Breaker::Clock::time_point kStart{std::chrono::hours(1)};

void trip(Breaker& breaker, Breaker::Clock::time_point now) {
  for (int i = 0; i < Breaker::kTrips; ++i) breaker.failed(now);
}

TEST(Breaker, OpensAfterFailuresInARow) {
  Breaker breaker;
  for (int i = 1; i < Breaker::kTrips; ++i) breaker.failed(kStart);
  EXPECT_TRUE(breaker.allows(kStart));
  breaker.succeeded();
  for (int i = 1; i < Breaker::kTrips; ++i) breaker.failed(kStart);
  EXPECT_TRUE(breaker.allows(kStart)) << "a success in between starts the count again";
  breaker.failed(kStart);
  EXPECT_FALSE(breaker.allows(kStart));
  EXPECT_TRUE(breaker.open(kStart));
}

TEST(Breaker, LetsOneCallSee) {
  Breaker breaker;
  trip(breaker, kStart);
  const auto later = kStart + Breaker::kFirstPause;
  EXPECT_TRUE(breaker.allows(later));
  EXPECT_FALSE(breaker.allows(later)) << "the second waits for what the first finds";
  breaker.succeeded();
  EXPECT_TRUE(breaker.allows(later));
  EXPECT_FALSE(breaker.open(later));
}

TEST(Breaker, PausesLongerEachTimeUpToABound) {
  Breaker breaker;
  trip(breaker, kStart);
  auto now = kStart + Breaker::kFirstPause;
  ASSERT_TRUE(breaker.allows(now));
  breaker.failed(now);
  EXPECT_FALSE(breaker.allows(now + Breaker::kFirstPause));
  EXPECT_TRUE(breaker.allows(now + 2 * Breaker::kFirstPause));
  for (int i = 0; i < 20; ++i) {
    now += Breaker::kLongestPause;
    ASSERT_TRUE(breaker.allows(now));
    breaker.failed(now);
  }
  EXPECT_FALSE(breaker.allows(now + Breaker::kLongestPause - milliseconds(1)));
  EXPECT_TRUE(breaker.allows(now + Breaker::kLongestPause));
}

}  // namespace
}  // namespace database
