#include "reactor/reactor.h"

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "reactor/hand_over.h"

namespace reactor {
namespace {

using namespace std::chrono_literals;

// Runs a task on a loop and waits for its value, at most 10 s.
template <class T>
T value_of(Loop& loop, Task<T> task) {
  std::promise<T> promise;
  auto future = promise.get_future();
  loop.spawn([](Task<T> inner, std::promise<T>& out) -> Task<void> {
    out.set_value(co_await std::move(inner));
  }(std::move(task), promise));
  if (future.wait_for(10s) != std::future_status::ready) {
    ADD_FAILURE() << "the task did not end";
    std::terminate();
  }
  return future.get();
}

TEST(Reactor, BlockingWorkComesBackToItsLoop) {
  Reactor reactor(2, 2);
  reactor.start();
  const auto ask = [](Reactor& r) -> Task<bool> {
    const auto loop_thread = std::this_thread::get_id();
    const auto pool_thread = co_await r.blocking().run([] { return std::this_thread::get_id(); });
    co_return pool_thread != loop_thread&& std::this_thread::get_id() == loop_thread;
  };
  EXPECT_TRUE(value_of(reactor.loop(0), ask(reactor)));
  EXPECT_TRUE(value_of(reactor.loop(1), ask(reactor)));
}

TEST(Reactor, SleepEndsAtItsDeadlineAndNotBefore) {
  Reactor reactor(1, 1);
  reactor.start();
  const auto begin = std::chrono::steady_clock::now();
  const auto sleep = [](Loop& loop) -> Task<bool> {
    const base::Deadline when = base::Deadline::after(20ms);
    co_await loop.sleep_until(when);
    co_return when.expired();
  };
  EXPECT_TRUE(value_of(reactor.loop(0), sleep(reactor.loop(0))));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 20ms);
}

TEST(Loop, KnowsWhereFewestGuestsKeepALoopBusy) {
  Reactor reactor(3, 1);
  Loop& home = reactor.loop(0);
  EXPECT_EQ(&home.least_busy(), &home);
  Loop::Busy first(home);
  EXPECT_NE(&home.least_busy(), &home);
  const Loop::Busy second(reactor.loop(1));
  EXPECT_EQ(&home.least_busy(), &reactor.loop(2));
  const Loop::Busy third(reactor.loop(2));
  EXPECT_EQ(&home.least_busy(), &home) << "nobody has fewer";
  Loop::Busy moved(std::move(first));
  EXPECT_EQ(&reactor.loop(1).least_busy(), &reactor.loop(1));
  moved = {};
  EXPECT_EQ(&reactor.loop(1).least_busy(), &home);
}

TEST(HandOver, RunsThereAndComesBack) {
  Reactor reactor(2, 1);
  reactor.start();
  const auto thread_id = []() -> Task<std::thread::id> { co_return std::this_thread::get_id(); };
  const auto ask = [&](Loop& home, Loop& there) -> Task<bool> {
    const auto here = std::this_thread::get_id();
    const std::thread::id other = co_await hand_over(home, there, thread_id());
    co_return other != here&& std::this_thread::get_id() == here;
  };
  EXPECT_TRUE(value_of(reactor.loop(0), ask(reactor.loop(0), reactor.loop(1))));
  EXPECT_TRUE(value_of(reactor.loop(1), ask(reactor.loop(1), reactor.loop(0))));
}

// Whoever waits and what runs are on loops that go one after the other, in either order.
TEST(HandOver, LoopsMayGoWhileItRuns) {
  const auto last = std::make_shared<int>(0);
  {
    Reactor reactor(2, 1);
    reactor.start();
    std::promise<void> begun[2];
    const auto sleep = [](Loop& loop, std::shared_ptr<int> held,
                          std::promise<void>& out) -> Task<int> {
      out.set_value();
      co_await loop.sleep_until(base::Deadline::after(1h));
      co_return *held;
    };
    const auto wait = [](Loop& home, Loop& there, Task<int> task,
                         std::shared_ptr<int> held) -> Task<void> {
      *held += co_await hand_over(home, there, std::move(task));
    };
    for (std::size_t i = 0; i < 2; ++i) {
      Loop& home = reactor.loop(i);
      Loop& there = reactor.loop(1 - i);
      home.post([&, i] { home.spawn(wait(home, there, sleep(there, last, begun[i]), last)); });
      begun[i].get_future().wait();
    }
    EXPECT_EQ(last.use_count(), 5);
  }
  EXPECT_EQ(last.use_count(), 1) << "nothing is left of either";
}

// Work that is ready runs between two slices, however many guests wait for theirs.
TEST(SliceQueue, OtherWorkRunsBetweenTwoSlices) {
  Loop loop(0);
  std::string order;
  const auto spin = [](Loop& l, std::string& out, char name) -> Task<void> {
    for (int slice = 0; slice < 3; ++slice) {
      co_await l.slices().turn();
      out += name;
      l.post([&out] { out += '.'; });
    }
  };
  loop.spawn(spin(loop, order, 'a'));
  loop.spawn(spin(loop, order, 'b'));
  loop.spawn([](Loop& l, std::string& out) -> Task<void> {
    while (out.size() < 12) co_await asio::post(l.executor(), kAwait);
    l.stop();
  }(loop, order));
  loop.run();
  EXPECT_EQ(order, "a.b.a.b.a.b.");
  EXPECT_EQ(loop.slices().waiting(), 0U);
}

}  // namespace
}  // namespace reactor
