#include "invoke/admission.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "reactor/reactor.h"

namespace invoke {
namespace {

using namespace std::chrono_literals;
using Entered = base::Result<Admission::Permit>;

class AdmissionTest : public ::testing::Test {
 protected:
  AdmissionTest() { reactor_.start(); }
  ~AdmissionTest() override { reactor_.stop(); }

  std::future<Entered> enter(Admission& admission, unsigned loop = 0) {
    auto promise = std::make_shared<std::promise<Entered>>();
    auto future = promise->get_future();
    reactor::Loop& on = reactor_.loop(loop);
    on.spawn([](Admission& door, reactor::Loop& l,
                std::shared_ptr<std::promise<Entered>> out) -> reactor::Task<void> {
      out->set_value(co_await door.enter(l));
    }(admission, on, promise));
    return future;
  }
  static Entered wait(std::future<Entered> future) {
    if (future.wait_for(10s) != std::future_status::ready) std::abort();
    return future.get();
  }
  static void until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::yield();
    }
  }

  telemetry::Metrics metrics_;
  reactor::Reactor reactor_{2, 1};
};

TEST_F(AdmissionTest, LetsInUpToItsLimitAndQueuesTheRest) {
  Admission admission({.max_running = 2, .max_waiting = 2, .max_wait = 10s}, metrics_);
  std::optional<Entered> first(wait(enter(admission)));
  Entered second = wait(enter(admission));
  ASSERT_TRUE(*first && second);
  auto third = enter(admission, 1);
  until([&] { return admission.waiting() == 1; });
  EXPECT_EQ(admission.running(), 2U);
  first.reset();
  ASSERT_TRUE(wait(std::move(third)));
  until([&] { return admission.running() == 1; });
  EXPECT_EQ(admission.waiting(), 0U);
}

TEST_F(AdmissionTest, FirstComeFirstServed) {
  Admission admission({.max_running = 1, .max_waiting = 10, .max_wait = 10s}, metrics_);
  std::optional<Entered> running(wait(enter(admission)));
  std::vector<std::future<Entered>> waiting;
  for (unsigned i = 0; i < 4; ++i) {
    waiting.push_back(enter(admission, i % 2));
    until([&] { return admission.waiting() == i + 1; });
  }
  for (auto& next : waiting) {
    running.reset();
    running.emplace(wait(std::move(next)));
    ASSERT_TRUE(*running);
    EXPECT_EQ(admission.running(), 1U);
  }
}

TEST_F(AdmissionTest, FullQueueAndLongWaitAreRefused) {
  Admission admission({.max_running = 1, .max_waiting = 1, .max_wait = 50ms}, metrics_);
  const Entered running = wait(enter(admission));
  auto waiting = enter(admission);
  until([&] { return admission.waiting() == 1; });
  const Entered refused = wait(enter(admission));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::kConcurrencyLimit);
  const Entered late = wait(std::move(waiting));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, base::Code::kConcurrencyLimit);
  EXPECT_EQ(admission.waiting(), 0U);
  EXPECT_EQ(admission.running(), 1U);
  EXPECT_NE(metrics_.expose().find("admission_rejected_total 2"), std::string::npos);
}

TEST_F(AdmissionTest, DrainRefusesWhoComesLater) {
  Admission admission({.max_running = 1, .max_waiting = 1, .max_wait = 10s}, metrics_);
  std::optional<Entered> running(wait(enter(admission)));
  auto waiting = enter(admission);
  until([&] { return admission.waiting() == 1; });
  admission.drain();
  const Entered refused = wait(enter(admission));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::kDraining);
  running.reset();
  EXPECT_TRUE(wait(std::move(waiting))) << "who waited before is still served";
}

// Many calls of two loops through a narrow door: none is lost and the limit is never passed.
TEST_F(AdmissionTest, NothingIsLostUnderContention) {
  Admission admission({.max_running = 3, .max_waiting = 10'000, .max_wait = 10s}, metrics_);
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  std::atomic<int> done = 0;
  constexpr int kCalls = 2000;
  for (int i = 0; i < kCalls; ++i) {
    reactor::Loop& on = reactor_.loop(static_cast<std::size_t>(i % 2));
    on.spawn([](Admission& door, reactor::Loop& l, std::atomic<int>& in, std::atomic<int>& peak,
                std::atomic<int>& ended) -> reactor::Task<void> {
      {
        const Entered permit = co_await door.enter(l);
        if (permit) {
          const int now = ++in;
          if (now > peak) peak = now;
          co_await l.slices().turn();
          --in;
        }
      }
      ++ended;
    }(admission, on, inside, most, done));
  }
  until([&] { return done == kCalls; });
  EXPECT_LE(most, 3);
  EXPECT_EQ(admission.running(), 0U);
}

}  // namespace
}  // namespace invoke
