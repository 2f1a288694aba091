// Whether the calls of a program hold up the thread they run on, as seen from its calls before.
//
// The first slice of a call is timed by the wall clock, because the thread's own costs a system
// call, and a slow machine makes any program look slow. So what overran by the wall clock is under
// suspicion, which has its next calls timed by the CPU; what overran by that, or by so much that
// there is no doubt, is known to, for a while. Safe on any thread.
#pragma once

#include <atomic>
#include <chrono>

#include "base/deadline.h"

namespace sandbox {

class Overrun {
 public:
  using Clock = base::Deadline::Clock;
  static constexpr std::chrono::milliseconds kMuch{20};
  static constexpr std::chrono::milliseconds kBeyondDoubt{250};
  static constexpr std::chrono::seconds kRemembered{60};

  void suspect() { suspected_.store(true, std::memory_order_relaxed); }
  void confirm(Clock::time_point now) {
    until_.store((now + kRemembered).time_since_epoch().count(), std::memory_order_relaxed);
  }
  [[nodiscard]] bool suspected() const { return suspected_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool expected(Clock::time_point now) const {
    return suspected() && now.time_since_epoch().count() < until_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<bool> suspected_{false};
  std::atomic<Clock::rep> until_{Clock::time_point::min().time_since_epoch().count()};
};

}  // namespace sandbox
