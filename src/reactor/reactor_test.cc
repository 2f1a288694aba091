#include "reactor/reactor.h"

#include <chrono>
#include <future>
#include <string>
#include <vector>

#include <gtest/gtest.h>

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
