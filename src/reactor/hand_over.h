// A Task that is awaited on one loop and runs on another.
//
// Who awaits belongs to `home` and waits for a timer of its own there; what runs belongs to
// `there`. Neither holds the other, so that the loops may be destroyed in any order.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

#include "reactor/loop.h"

namespace reactor {

// Touched on the home loop only. The timer is in the frame of who awaits, not here: the other loop
// may hold this when home's timers are gone.
template <class T>
struct HandedOver {
  using Clock = std::chrono::steady_clock;
  using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;

  Timer* timer = nullptr;
  std::optional<T> value;
};

// Suspends until `task` has ended on `there`. What it refers to must live until then; when the
// loops are destroyed first, it is destroyed unfinished, perhaps after who awaits it.
template <class T>
Task<T> hand_over(Loop& home, Loop& there, Task<T> task) {
  using Handed = HandedOver<T>;
  typename Handed::Timer timer(home.executor(), Handed::Clock::time_point::max());
  const auto shared = std::make_shared<Handed>(Handed{.timer = &timer, .value = {}});
  there.post([&home, &there, shared, task = std::move(task)]() mutable {
    there.spawn([](Loop& back, std::shared_ptr<Handed> out, Task<T> inner) -> Task<void> {
      T value = co_await std::move(inner);
      back.post([out = std::move(out), value = std::move(value)]() mutable {
        out->value.emplace(std::move(value));
        out->timer->cancel();
      });
    }(home, std::move(shared), std::move(task)));
  });
  while (!shared->value) {
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(kAwait, ignored));
  }
  co_return std::move(*shared->value);
}

}  // namespace reactor
