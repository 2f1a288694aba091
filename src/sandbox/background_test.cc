#include "sandbox/background.h"

#include <chrono>

#include <gtest/gtest.h>

#include "sandbox/sandbox_test.h"

namespace sandbox {
namespace {

using namespace std::chrono_literals;

class BackgroundTest : public SandboxTest {};

// A fill is one instruction, and takes long. On the loop, others would be answered once between
// two.
TEST_F(BackgroundTest, AFunctionThatCannotBeInterruptedDoesNotHoldUpTheOthers) {
  limits_.memory_bytes = 256ULL << 20U;
  limits_.timeout = 1s;
  const auto hello = know(kHello);
  const auto fill = know(guest(R"((drop (memory.grow (i32.const 3199)))
      (loop $again
        (memory.fill (i32.const 0) (i32.const 1) (i32.const 209715200))
        (br $again)))"));
  ASSERT_TRUE(call(hello).response);
  EXPECT_EQ(code_of(call(fill)), base::Code::kTimeout) << "now it is known for it";
  auto filling = begin(fill);
  int calls = 0;
  while (filling.wait_for(0s) != std::future_status::ready) {
    ASSERT_TRUE(call(hello).response);
    ++calls;
  }
  EXPECT_GT(calls, 100);
  EXPECT_EQ(code_of(finish(std::move(filling))), base::Code::kTimeout);
}

// Two of one loop take turns in the background, and both end.
TEST_F(BackgroundTest, SeveralTakeTurns) {
  limits_.timeout = 1s;
  const auto fill = know(guest(R"((drop (memory.grow (i32.const 1599)))
      (loop $again
        (memory.fill (i32.const 0) (i32.const 1) (i32.const 104857600))
        (memory.fill (i32.const 0) (i32.const 2) (i32.const 104857600))
        (br $again)))"));
  auto first = begin(fill);
  auto second = begin(fill);
  EXPECT_EQ(code_of(finish(std::move(first))), base::Code::kTimeout);
  EXPECT_EQ(code_of(finish(std::move(second))), base::Code::kTimeout);
  EXPECT_EQ(sandbox_->live().instances, 0U);
}

}  // namespace
}  // namespace sandbox
