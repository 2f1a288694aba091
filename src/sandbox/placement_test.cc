// Which loop a call runs on.
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "sandbox/sandbox_test.h"

namespace sandbox {
namespace {

using namespace std::chrono_literals;

class Placement : public SandboxTest {
 protected:
  Placement() { limits_.timeout = 300ms; }
};

// The connection's loop would have to run both, and the other none.
TEST_F(Placement, ACallThatKeepsALoopBusyRunsWhereFewestDo) {
  const auto spin = know(kLoop);
  EXPECT_FALSE(call(spin).usage.handed_over) << "nothing is known of it yet";
  auto first = begin(spin);
  auto second = begin(spin);
  auto third = begin(spin);
  const CallResult results[] = {finish(std::move(first)), finish(std::move(second)),
                                finish(std::move(third))};
  for (const CallResult& result : results) EXPECT_EQ(code_of(result), base::Code::kTimeout);
  EXPECT_FALSE(results[0].usage.handed_over);
  EXPECT_TRUE(results[1].usage.handed_over);
  EXPECT_FALSE(results[2].usage.handed_over) << "one on each: it stays at home";
}

TEST_F(Placement, AShortCallStaysBesideGuestsThatSpin) {
  const auto spin = know(kLoop);
  const auto hello = know(kHello);
  EXPECT_EQ(code_of(call(spin)), base::Code::kTimeout);
  ASSERT_TRUE(call(hello).response);
  auto spinning = begin(spin);
  const CallResult result = call(hello);
  EXPECT_TRUE(result.response);
  EXPECT_FALSE(result.usage.handed_over);
  EXPECT_EQ(code_of(finish(std::move(spinning))), base::Code::kTimeout);
}

// Those that wait for their turns would else starve behind ever new ones.
TEST_F(Placement, ACallThatIsExpectedToSpinBeginsInItsTurn) {
  const auto spins_with_body =
      know(guest("(if (call $body_size) (then (loop $again (br $again))))"));
  limits_.timeout = 1s;
  host::Event with_body;
  with_body.body = "x";
  std::vector<std::future<CallResult>> spinning;
  EXPECT_EQ(code_of(finish(begin(spins_with_body, with_body))), base::Code::kTimeout);
  for (int i = 0; i < 30; ++i) spinning.push_back(begin(spins_with_body, with_body));
  while (sandbox_->live().instances < 30) std::this_thread::yield();
  const auto begin_time = std::chrono::steady_clock::now();
  ASSERT_TRUE(call(spins_with_body).response);
  EXPECT_GT(std::chrono::steady_clock::now() - begin_time, 3ms) << "of some 15 slices before it";
  for (auto& each : spinning) EXPECT_EQ(code_of(finish(std::move(each))), base::Code::kTimeout);
}

// What sleeps keeps no loop busy, whatever it did before.
TEST_F(Placement, AGuestThatWaitsDoesNotCount) {
  const std::string spin = R"((local $left i64)
      (local.set $left (i64.const 50000000))
      (loop $again (br_if $again (i64.ne (local.tee $left (i64.sub (local.get $left) (i64.const 1)))
                                         (i64.const 0)))))";
  const auto only_spins = know(guest(spin));
  const auto then_sleeps = know(guest(spin + "(call $sleep (i64.const 10000000000))"));
  ASSERT_TRUE(call(only_spins).response);
  auto sleeping = begin(then_sleeps);
  while (reactor_.loop(0).least_busy().index() == 0) std::this_thread::yield();
  while (reactor_.loop(0).least_busy().index() != 0) std::this_thread::yield();
  const CallResult result = call(only_spins);
  EXPECT_TRUE(result.response);
  EXPECT_FALSE(result.usage.handed_over);
  EXPECT_EQ(code_of(finish(std::move(sleeping))), base::Code::kTimeout);
}

// Each wait is longer than its slice, which would be over when it is answered.
TEST_F(Placement, AGuestThatWaitsOftenIsNoneThatSpins) {
  const std::string wait = "(call $sleep (i64.const 5000000)) (call $brief)";
  const auto waits = know(guest(wait + wait + wait + wait, "(func $brief)"));
  const auto spin = know(kLoop);
  ASSERT_TRUE(call(waits).response);
  auto spinning = begin(spin);
  while (reactor_.loop(0).least_busy().index() == 0) std::this_thread::yield();
  const CallResult result = call(waits);
  EXPECT_TRUE(result.response);
  EXPECT_FALSE(result.usage.handed_over) << "it took turns";
  EXPECT_EQ(code_of(finish(std::move(spinning))), base::Code::kTimeout);
}

}  // namespace
}  // namespace sandbox
