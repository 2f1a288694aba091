#include "database/sqlite/thread_work.h"

#include <chrono>
#include <thread>

#include <gtest/gtest.h>

namespace database::sqlite {
namespace {

using namespace std::chrono_literals;

TEST(ThreadWork, WaitingIsNoWork) {
  const ThreadWork work;
  std::this_thread::sleep_for(20ms);
  EXPECT_TRUE(work.is_less_than(10ms));
}

TEST(ThreadWork, ComputingIs) {
  const ThreadWork work;
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (work.is_less_than(5ms) && std::chrono::steady_clock::now() < end) {
  }
  EXPECT_FALSE(work.is_less_than(5ms));
}

}  // namespace
}  // namespace database::sqlite
