#include "database/sqlite/thread_work.h"

#include <chrono>
#include <thread>

#include <gtest/gtest.h>
#include <time.h>

namespace database::sqlite {
namespace {

using namespace std::chrono_literals;

TEST(ThreadWork, WaitingIsNoWork) {
  const ThreadWork work;
  std::this_thread::sleep_for(20ms);
  EXPECT_TRUE(work.is_less_than(10ms));
}

// Also between two ticks of the kernel, which are up to 10 ms.
TEST(ThreadWork, ComputingForAMomentIs) {
  for (int i = 0; i < 100; ++i) {
    const ThreadWork work;
    const auto cpu = [] {
      timespec now{};
      ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
      return 1s * now.tv_sec + 1ns * now.tv_nsec;
    };
    const auto end = cpu() + 1500us;
    while (cpu() < end) {
    }
    ASSERT_FALSE(work.is_less_than(1ms));
  }
}

}  // namespace
}  // namespace database::sqlite
