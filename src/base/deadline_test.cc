#include "base/deadline.h"

#include <gtest/gtest.h>

namespace base {
namespace {

using std::chrono::seconds;
using Clock = Deadline::Clock;

TEST(Deadline, ExpiresAtItsPoint) {
  const Clock::time_point now{seconds(100)};
  const Deadline deadline = Deadline::after(seconds(2), now);
  EXPECT_EQ(deadline.left(now), seconds(2));
  EXPECT_FALSE(deadline.expired(now + seconds(2) - Clock::duration(1)));
  EXPECT_TRUE(deadline.expired(now + seconds(2)));
  EXPECT_EQ(deadline.left(now + seconds(3)), Clock::duration::zero());
}

TEST(Deadline, TooLongIsNever) {
  const Clock::time_point now{seconds(100)};
  EXPECT_EQ(Deadline::after(Clock::duration::max(), now).when(), Deadline::never().when());
  EXPECT_FALSE(Deadline::never().expired(Clock::time_point::max() - Clock::duration(1)));
}

TEST(Deadline, EarlierOfTwo) {
  const Deadline soon = Deadline::at(Clock::time_point(seconds(1)));
  EXPECT_EQ(soon.earlier(Deadline::never()).when(), soon.when());
  EXPECT_EQ(Deadline::never().earlier(soon).when(), soon.when());
}

}  // namespace
}  // namespace base
