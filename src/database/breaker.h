// Fails fast while a database cannot be reached, and finds out by itself when it can be again.
//
// Closed, every call goes through; after kTrips failures in a row it opens, and no call does. When
// its pause is over one call goes through to see: if that fails the pause doubles, up to
// kLongestPause, else the breaker is closed. Safe on any thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <mutex>

namespace database {

class Breaker {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr int kTrips = 3;
  static constexpr std::chrono::milliseconds kFirstPause{250};
  static constexpr std::chrono::milliseconds kLongestPause{5000};

  // Whether a call may try; each that does must say how it went.
  [[nodiscard]] bool allows(Clock::time_point now = Clock::now()) {
    const std::lock_guard lock(mutex_);
    if (failures_ < kTrips) return true;
    if (now < closed_until_) return false;
    closed_until_ = now + pause_;  // the others wait for this one
    return true;
  }

  void succeeded() {
    const std::lock_guard lock(mutex_);
    failures_ = 0;
    pause_ = kFirstPause;
  }

  void failed(Clock::time_point now = Clock::now()) {
    const std::lock_guard lock(mutex_);
    if (++failures_ < kTrips) return;
    if (failures_ > kTrips) pause_ = std::min(pause_ * 2, kLongestPause);
    closed_until_ = now + pause_;
  }

  [[nodiscard]] bool open(Clock::time_point now = Clock::now()) const {
    const std::lock_guard lock(mutex_);
    return failures_ >= kTrips && now < closed_until_;
  }

 private:
  mutable std::mutex mutex_;
  int failures_ = 0;
  std::chrono::milliseconds pause_ = kFirstPause;
  Clock::time_point closed_until_;
};

}  // namespace database
