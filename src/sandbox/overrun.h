// Whether the calls of a program hold up the thread they run on, as seen from its calls before.
//
// The first slice of a call is timed by the wall clock, because the thread's own costs a system
// call, and a slow machine makes any program look slow. So what overran by the wall clock is under
// suspicion, which has its next calls timed by the CPU; what overran by that is known to, for a
// while. What overran by so much that it is hardly the machine's doing is believed to, until a call
// that was timed by the CPU did not: a machine that is suspended, or a process that is stopped,
// looks the same. Safe on any thread.
#pragma once

#include <atomic>
#include <chrono>

#include "base/deadline.h"

namespace sandbox {

class Overrun {
 public:
  using Clock = base::Deadline::Clock;
  static constexpr std::chrono::milliseconds kMuch{20};
  static constexpr std::chrono::milliseconds kBelieved{250};
  static constexpr std::chrono::seconds kRemembered{60};

  void suspect() { suspected_.store(true, std::memory_order_relaxed); }
  void confirm(Clock::time_point now) {
    confirmed_.store(true, std::memory_order_relaxed);
    expect_from(now);
  }
  void believe(Clock::time_point now) {
    if (expected(now)) return;
    confirmed_.store(false, std::memory_order_relaxed);
    expect_from(now);
  }
  // By a whole call that was timed by the CPU.
  void acquit() {
    if (!confirmed_.load(std::memory_order_relaxed))
      until_.store(kNever, std::memory_order_relaxed);
  }
  [[nodiscard]] bool suspected() const { return suspected_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool expected(Clock::time_point now) const {
    return suspected() && now.time_since_epoch().count() < until_.load(std::memory_order_relaxed);
  }

 private:
  static constexpr Clock::rep kNever = Clock::time_point::min().time_since_epoch().count();

  void expect_from(Clock::time_point now) {
    until_.store((now + kRemembered).time_since_epoch().count(), std::memory_order_relaxed);
  }

  std::atomic<bool> suspected_{false};
  std::atomic<bool> confirmed_{false};  // what `until_` says, by the CPU
  std::atomic<Clock::rep> until_{kNever};
};

}  // namespace sandbox
