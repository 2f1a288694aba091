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
using Entered = Admission::Entered;

Admission::Caller caller(int function = 1, std::optional<std::uint32_t> limit = {}) {
  static const std::vector<std::string> kNames{"zero", "busy", "quiet", "third"};
  return {.function = catalog::FunctionId(function),
          .name = kNames.at(static_cast<std::size_t>(function)),
          .limit = limit};
}

class AdmissionTest : public ::testing::Test {
 protected:
  AdmissionTest() { reactor_.start(); }
  ~AdmissionTest() override { reactor_.stop(); }

  std::future<Entered> enter(Admission& admission, unsigned loop = 0,
                             Admission::Caller who = caller()) {
    auto promise = std::make_shared<std::promise<Entered>>();
    auto future = promise->get_future();
    reactor::Loop& on = reactor_.loop(loop);
    on.spawn([](Admission& door, reactor::Loop& l, Admission::Caller from,
                std::shared_ptr<std::promise<Entered>> out) -> reactor::Task<void> {
      out->set_value(co_await door.enter(l, from));
    }(admission, on, who, promise));
    return future;
  }
  // In the queue when it returns.
  std::future<Entered> enqueue(Admission& admission, Admission::Caller who = caller(),
                               unsigned loop = 0) {
    const std::uint32_t before = admission.waiting();
    auto entered = enter(admission, loop, who);
    until([&] { return admission.waiting() == before + 1; });
    return entered;
  }
  static bool ready(const std::future<Entered>& entered) {
    return entered.wait_for(0s) == std::future_status::ready;
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
  EXPECT_EQ(refused.error().error.code, base::Code::kConcurrencyLimit);
  const Entered late = wait(std::move(waiting));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().error.code, base::Code::kConcurrencyLimit);
  EXPECT_EQ(admission.waiting(), 0U);
  EXPECT_EQ(admission.running(), 1U);
  const std::string metrics = metrics_.expose();
  EXPECT_NE(metrics.find(R"(admission_rejected_total{reason="queue_full"} 1)"), std::string::npos);
  EXPECT_NE(metrics.find(R"(admission_rejected_total{reason="waited"} 1)"), std::string::npos);
  EXPECT_NE(metrics.find("admission_wait_seconds_count 1"), std::string::npos);
  EXPECT_NE(metrics.find("admission_running 1"), std::string::npos);
}

TEST_F(AdmissionTest, DrainRefusesWhoWaitsAndWhoComesLater) {
  Admission admission({.max_running = 1, .max_waiting = 1, .max_wait = 600s}, metrics_);
  std::optional<Entered> running(wait(enter(admission)));
  auto waiting = enqueue(admission);
  admission.drain();
  const Entered ended = wait(std::move(waiting));
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().error.code, base::Code::kDraining);
  EXPECT_EQ(admission.waiting(), 0U);
  running.reset();
  const Entered refused = wait(enter(admission));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.code, base::Code::kDraining);
  EXPECT_EQ(admission.running(), 0U);
}

// One busy function has filled the queue before a quiet one comes.
TEST_F(AdmissionTest, LinesOfFunctionsAreServedInTurn) {
  Admission admission({.max_running = 1, .max_waiting = 100, .max_wait = 600s}, metrics_);
  std::optional<Entered> running(wait(enter(admission)));
  std::vector<std::future<Entered>> busy;
  std::vector<std::future<Entered>> quiet;
  for (int i = 0; i < 20; ++i) busy.push_back(enqueue(admission, caller(1)));
  for (int i = 0; i < 3; ++i) quiet.push_back(enqueue(admission, caller(2)));
  std::string order;
  for (std::size_t b = 0, q = 0; q < quiet.size();) {
    running.reset();
    until([&] { return ready(busy[b]) || ready(quiet[q]); });
    const bool of_busy = ready(busy[b]);
    order += of_busy ? 'b' : 'q';
    running.emplace(wait(std::move(of_busy ? busy[b++] : quiet[q++])));
    ASSERT_TRUE(*running);
  }
  EXPECT_EQ(order, "bqbqbq");
  admission.drain();
}

TEST_F(AdmissionTest, TheLongestLinePaysWhenTheQueueIsFull) {
  Admission admission({.max_running = 1, .max_waiting = 4, .max_wait = 600s}, metrics_);
  const Entered running = wait(enter(admission));
  std::vector<std::future<Entered>> busy;
  for (int i = 0; i < 4; ++i) busy.push_back(enqueue(admission, caller(1)));
  EXPECT_FALSE(wait(enter(admission, 0, caller(1)))) << "its own line is the longest";
  auto quiet = enter(admission, 1, caller(2));
  const Entered evicted = wait(std::move(busy.back()));
  ASSERT_FALSE(evicted) << "the last of the longest line";
  EXPECT_EQ(evicted.error().error.code, base::Code::kConcurrencyLimit);
  EXPECT_EQ(admission.waiting(), 4U);
  EXPECT_FALSE(ready(quiet));
  EXPECT_FALSE(ready(busy.front()));
  admission.drain();
  EXPECT_EQ(wait(std::move(quiet)).error().error.code, base::Code::kDraining);
}

TEST_F(AdmissionTest, AFunctionHasALimitOfItsOwn) {
  Admission admission({.max_running = 10, .max_waiting = 10, .max_wait = 600s}, metrics_);
  std::optional<Entered> first(wait(enter(admission, 0, caller(1, 1))));
  auto second = enqueue(admission, caller(1, 1), 1);
  const Entered other = wait(enter(admission, 0, caller(2)));
  EXPECT_TRUE(other) << "a function that waits for its own place holds up nobody";
  EXPECT_FALSE(ready(second));
  first.reset();
  const Entered entered = wait(std::move(second));
  EXPECT_TRUE(entered);
  EXPECT_EQ(admission.running(), 2U);
}

TEST_F(AdmissionTest, TheServerLimitsEachFunctionThatSaysNothing) {
  Admission admission({.max_running = 3, .max_per_function = 1, .max_waiting = 0, .max_wait = 600s},
                      metrics_);
  const Entered one = wait(enter(admission));
  const Entered refused = wait(enter(admission));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().error.message.find("the function `busy` runs 1 calls"),
            std::string::npos)
      << refused.error().error.message;
  const Entered higher = wait(enter(admission, 0, caller(2, 2)));
  const Entered again = wait(enter(admission, 0, caller(2, 2)));
  EXPECT_TRUE(higher && again) << "its own limit wins";
}

// Of the version that runs, which says nothing, and of its canary.
TEST_F(AdmissionTest, ACanarysLimitIsNoneOfTheVersionThatRuns) {
  Admission admission({.max_running = 10, .max_waiting = 0, .max_wait = 600s}, metrics_);
  const auto version = [](int number, std::optional<std::uint32_t> limit) {
    Admission::Caller from = caller(1, limit);
    from.version = number;
    return from;
  };
  const auto runs = [&] { return enter(admission, 0, version(1, 2)); };
  const auto canary = [&](std::uint32_t limit) { return enter(admission, 0, version(2, limit)); };
  const Entered first = wait(canary(1));
  ASSERT_TRUE(first);
  const Entered second = wait(runs());
  EXPECT_TRUE(second) << "held to the canary's limit by the canary's call";
  const Entered third = wait(runs());
  EXPECT_TRUE(third);
  EXPECT_FALSE(wait(runs()));
  EXPECT_FALSE(wait(canary(1))) << "let in by the other's higher limit";
  EXPECT_FALSE(wait(runs())) << "let in by the other's last call";
}

TEST_F(AdmissionTest, ACanaryWaitsInALineOfItsOwn) {
  Admission admission({.max_running = 2, .max_waiting = 10, .max_wait = 600s}, metrics_);
  std::optional<Entered> one(wait(enter(admission, 0, caller(2))));
  std::optional<Entered> other(wait(enter(admission, 0, caller(2))));
  Admission::Caller runs = caller(1);
  runs.version = 1;
  Admission::Caller canary = caller(1, 1);
  canary.version = 2;
  auto first = enqueue(admission, runs);
  auto second = enqueue(admission, canary);
  one.reset();
  const Entered entered = wait(std::move(first));
  ASSERT_TRUE(entered);
  other.reset();
  EXPECT_TRUE(wait(std::move(second))) << "the place of its own was not taken";
}

TEST_F(AdmissionTest, WhoIsGivenUpLeavesTheQueue) {
  Admission admission({.max_running = 1, .max_waiting = 10, .max_wait = 600s}, metrics_);
  const Entered running = wait(enter(admission));
  std::atomic<bool> gone = false;
  Admission::Caller who = caller();
  who.gone = &gone;
  auto waiting = enqueue(admission, who);
  EXPECT_FALSE(ready(waiting));
  gone = true;
  admission.dismiss_gone();
  const Entered left = wait(std::move(waiting));
  ASSERT_FALSE(left);
  EXPECT_EQ(left.error().error.code, base::Code::kCanceled);
  EXPECT_EQ(admission.waiting(), 0U);
}

TEST_F(AdmissionTest, APlaceGoesToNobodyWhoHasGone) {
  Admission admission({.max_running = 1, .max_waiting = 10, .max_wait = 600s}, metrics_);
  std::optional<Entered> running(wait(enter(admission)));
  std::atomic<bool> gone = false;
  Admission::Caller who = caller();
  who.gone = &gone;
  auto left = enqueue(admission, who);
  auto stays = enqueue(admission, caller());
  gone = true;
  running.reset();
  EXPECT_TRUE(wait(std::move(stays)));
  EXPECT_EQ(wait(std::move(left)).error().error.code, base::Code::kCanceled);
}

// A loop that is busy runs no timer; the place must not go to a caller whose time was over.
TEST_F(AdmissionTest, APlaceGoesToNobodyWhoseTimeIsOver) {
  Admission admission({.max_running = 1, .max_waiting = 10, .max_wait = 50ms}, metrics_);
  std::optional<Entered> running(wait(enter(admission)));
  auto late = enqueue(admission, caller(), 1);
  std::promise<void> release;
  reactor_.loop(1).post([held = release.get_future()]() mutable { held.wait(); });
  const auto over = std::chrono::steady_clock::now() + 60ms;
  until([&] { return std::chrono::steady_clock::now() > over; });
  running.reset();
  EXPECT_EQ(admission.running(), 0U);
  release.set_value();
  EXPECT_FALSE(wait(std::move(late)));
}

TEST_F(AdmissionTest, RetryAfterSaysHowLongTheQueueTakes) {
  Admission admission({.max_running = 1, .max_waiting = 1, .max_wait = 7s}, metrics_);
  std::optional<Entered> running(wait(enter(admission)));
  auto waiting = enqueue(admission);
  EXPECT_EQ(wait(enter(admission)).error().retry_after, 7s) << "nothing has become free yet";
  running.reset();
  running.emplace(wait(std::move(waiting)));
  waiting = enqueue(admission);
  const auto measured = wait(enter(admission)).error().retry_after;
  EXPECT_GE(measured.value(), 1s);
  EXPECT_LE(measured.value(), Pace::kLongest);
  admission.drain();
}

// The second loop needs places that the first has taken into its credit.
TEST_F(AdmissionTest, CreditOfOneLoopIsNoneOfAnothersLoss) {
  Admission admission({.max_running = 100, .max_waiting = 0, .max_wait = 600s}, metrics_);
  std::vector<Entered> places;
  places.push_back(wait(enter(admission, 0)));
  const auto without_lock = admission.try_enter(reactor_.loop(0), caller());
  EXPECT_TRUE(without_lock) << "the first call brought credit for others";
  EXPECT_FALSE(admission.try_enter(reactor_.loop(1), caller()));
  for (int i = 0; i < 98; ++i) {
    places.push_back(wait(enter(admission, 1)));
    ASSERT_TRUE(places.back()) << i;
  }
  EXPECT_EQ(admission.running(), 100U);
  EXPECT_FALSE(wait(enter(admission, 0)));
  EXPECT_FALSE(wait(enter(admission, 1)));
  places.clear();
  EXPECT_EQ(admission.running(), 1U);
}

TEST_F(AdmissionTest, ALowLimitTakesNothingFromTheCredit) {
  Admission admission({.max_running = 100, .max_waiting = 0, .max_wait = 600s}, metrics_);
  const Entered first = wait(enter(admission));
  EXPECT_FALSE(admission.try_enter(reactor_.loop(0), caller(2, 99))) << "it is counted";
  EXPECT_TRUE(admission.try_enter(reactor_.loop(0), caller(2, 100)));
}

TEST_F(AdmissionTest, ACountedCallThatEndsTakesNobodysCredit) {
  Admission admission({.max_running = 100, .max_waiting = 0, .max_wait = 600s}, metrics_);
  const Entered brings_credit = wait(enter(admission));
  std::optional<Entered> counted(wait(enter(admission, 0, caller(2, 1))));
  ASSERT_TRUE(*counted);
  counted.reset();
  EXPECT_TRUE(admission.try_enter(reactor_.loop(0), caller()));
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
    // Functions in turn; the third has a limit of its own.
    const int function = i % 3 + 1;
    const Admission::Caller from =
        caller(function, function == 3 ? std::optional(1U) : std::nullopt);
    on.spawn([](Admission& door, reactor::Loop& l, Admission::Caller who, std::atomic<int>& in,
                std::atomic<int>& peak, std::atomic<int>& ended) -> reactor::Task<void> {
      {
        const Entered permit = co_await door.enter(l, who);
        if (permit) {
          const int now = ++in;
          if (now > peak) peak = now;
          co_await l.slices().turn();
          --in;
        }
      }
      ++ended;
    }(admission, on, from, inside, most, done));
  }
  until([&] { return done == kCalls; });
  EXPECT_LE(most, 3);
  EXPECT_EQ(admission.running(), 0U);
}

}  // namespace
}  // namespace invoke
