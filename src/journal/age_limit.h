// Which entries are too old to keep, by a clock that may be wrong for a moment.
//
// The wall clock is believed once it has said so for some minutes of the steady one: one that jumps
// ahead for seconds, as before it is synchronised, would take all entries with it. A value, of one
// thread.
#pragma once

#include <algorithm>
#include <chrono>

namespace journal {

class AgeLimit {
 public:
  using Wall = std::chrono::system_clock::time_point;
  using Steady = std::chrono::steady_clock::time_point;

  AgeLimit(std::chrono::hours age, std::chrono::milliseconds patience)
      : age_(age), patience_(patience) {}

  // What ended before it is too old. To be asked every now and then.
  Wall at(Wall now, Steady steady) {
    const Wall limit = now - age_;
    if (steady >= next_) {
      before_ = last_;
      last_ = limit;
      next_ = steady + patience_;
    }
    return std::min({before_, last_, limit});
  }

 private:
  std::chrono::hours age_;
  std::chrono::milliseconds patience_;
  // Two earlier answers, so far apart: both have to agree with the clock now.
  Wall before_ = Wall::min();
  Wall last_ = Wall::min();
  Steady next_ = Steady::min();
};

}  // namespace journal
