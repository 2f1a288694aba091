#include "invoke/pace.h"

#include <gtest/gtest.h>

namespace invoke {
namespace {

using namespace std::chrono_literals;
const Pace::Clock::time_point kStart{1h};

TEST(Pace, SaysTheUnknownUntilSomethingIsMeasured) {
  Pace pace;
  pace.start(kStart);
  EXPECT_EQ(pace.retry_after(100, kStart, 5000ms), 5s);
  EXPECT_EQ(pace.retry_after(100, kStart, 0ms), 1s) << "one second at least";
  EXPECT_EQ(pace.retry_after(100, kStart, 300s), Pace::kLongest);
}

TEST(Pace, IsTheQueueDividedByTheRate) {
  Pace pace;
  pace.start(kStart);
  for (int i = 0; i < 50; ++i) pace.freed(kStart + i * 20ms);  // 50 a second
  const auto now = kStart + 1s;
  EXPECT_EQ(pace.retry_after(500, now, 5000ms), 10s);
  EXPECT_EQ(pace.retry_after(501, now, 5000ms), 11s) << "rounded up";
  EXPECT_EQ(pace.retry_after(10, now, 5000ms), 1s);
  EXPECT_EQ(pace.retry_after(1'000'000, now, 5000ms), Pace::kLongest);
}

TEST(Pace, FollowsAChangeAndForgetsAtANewStart) {
  Pace pace;
  pace.start(kStart);
  for (int i = 0; i < 100; ++i) pace.freed(kStart);
  EXPECT_EQ(pace.retry_after(100, kStart + 1s, 5000ms), 1s);
  EXPECT_EQ(pace.retry_after(100, kStart + 2s, 5000ms), 2s) << "nothing more came free";
  EXPECT_EQ(pace.retry_after(100, kStart + 3s, 5000ms), 4s);
  pace.start(kStart + 4s);
  EXPECT_EQ(pace.retry_after(100, kStart + 4s, 5000ms), 5s);
}

TEST(Pace, TheFirstPlacesOfAWindowDoNotPromiseTooMuch) {
  Pace pace;
  pace.start(kStart);
  pace.freed(kStart + 1us);
  EXPECT_EQ(pace.retry_after(100, kStart + 2us, 5000ms), 10s) << "one in 100 ms, not in 2 us";
}

}  // namespace
}  // namespace invoke
