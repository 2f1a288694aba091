// How fast places become free, as measured while calls wait for them; what Retry-After is made of.
//
// Not safe on several threads: its owner's mutex guards it. Time is a parameter.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace invoke {

class Pace {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kLongest{60};

  // Calls begin to wait: what was measured before says nothing about now.
  void start(Clock::time_point now);
  void freed(Clock::time_point now);

  // When somebody with so many before them may find a place: 1 s … kLongest. `unknown` when nothing
  // has been measured yet.
  std::chrono::seconds retry_after(std::uint64_t ahead, Clock::time_point now,
                                   std::chrono::milliseconds unknown);

 private:
  void roll(Clock::time_point now);

  Clock::time_point begin_{};
  std::uint64_t count_ = 0;           // since begin_
  std::optional<double> per_second_;  // of the windows before, the latest counting most
};

}  // namespace invoke
