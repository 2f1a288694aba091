// A point on the steady clock after which work is no longer wanted.
//
// A value; comparisons never see the wall clock jump. `Deadline::never()` does not expire.
#pragma once

#include <algorithm>
#include <chrono>

namespace base {

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  static Deadline never() { return Deadline(Clock::time_point::max()); }
  static Deadline at(Clock::time_point when) { return Deadline(when); }
  // Saturates: a duration too long to add means never.
  static Deadline after(Clock::duration duration, Clock::time_point now = Clock::now()) {
    if (duration >= Clock::time_point::max() - now) return never();
    return Deadline(now + duration);
  }

  [[nodiscard]] bool expired(Clock::time_point now = Clock::now()) const { return now >= when_; }
  // Zero once expired.
  [[nodiscard]] Clock::duration left(Clock::time_point now = Clock::now()) const {
    return std::max(Clock::duration::zero(), when_ - now);
  }
  [[nodiscard]] Clock::time_point when() const { return when_; }
  [[nodiscard]] Deadline earlier(Deadline other) const {
    return Deadline(std::min(when_, other.when_));
  }

 private:
  explicit Deadline(Clock::time_point when) : when_(when) {}
  Clock::time_point when_;
};

}  // namespace base
