#include "invoke/pace.h"

#include <algorithm>
#include <cmath>

namespace invoke {
namespace {

// Long enough that functions of some 100 ms are seen to end, short enough to follow a change.
constexpr std::chrono::seconds kWindow{1};
// What the first few places tell is taken for no more than this.
constexpr double kShortest = 0.1;

double seconds_of(Pace::Clock::duration span) {
  return std::chrono::duration<double>(span).count();
}

}  // namespace

void Pace::start(Clock::time_point now) {
  begin_ = now;
  count_ = 0;
  per_second_.reset();
}

void Pace::freed(Clock::time_point now) {
  roll(now);
  ++count_;
}

void Pace::roll(Clock::time_point now) {
  if (now - begin_ < kWindow) return;
  const double latest = static_cast<double>(count_) / seconds_of(now - begin_);
  per_second_ = per_second_ ? (*per_second_ + latest) / 2 : latest;
  begin_ = now;
  count_ = 0;
}

std::chrono::seconds Pace::retry_after(std::uint64_t ahead, Clock::time_point now,
                                       std::chrono::milliseconds unknown) {
  roll(now);
  double seconds = std::chrono::duration<double>(unknown).count();
  if (per_second_ || count_ > 0) {
    const double rate = per_second_.value_or(static_cast<double>(count_) /
                                             std::max(seconds_of(now - begin_), kShortest));
    const auto longest = static_cast<double>(kLongest.count());
    seconds = rate > 0 ? std::min(static_cast<double>(ahead) / rate, longest) : longest;
  }
  const std::chrono::seconds whole(static_cast<std::int64_t>(std::ceil(seconds)));
  return std::clamp(whole, std::chrono::seconds(1), kLongest);
}

}  // namespace invoke
