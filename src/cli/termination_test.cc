#include "cli/termination.h"

#include <csignal>

#include <gtest/gtest.h>

namespace cli {
namespace {

using namespace std::chrono_literals;

TEST(Termination, SignalsWaitUntilTheyAreAskedFor) {
  const Termination termination;
  EXPECT_EQ(termination.wait_for(1ms), std::nullopt);
  ASSERT_EQ(std::raise(SIGTERM), 0);
  EXPECT_EQ(termination.wait_for(10s), SIGTERM);
  ASSERT_EQ(std::raise(SIGINT), 0);
  EXPECT_EQ(termination.wait_for(10s), SIGINT);
  EXPECT_EQ(termination.wait_for(0ms), std::nullopt);
}

}  // namespace
}  // namespace cli
