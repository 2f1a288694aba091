// Random cron patterns: valid ones in all that the specification has, and the same with a character
// changed.
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace cron {

class RandomPattern {
 public:
  explicit RandomPattern(std::uint64_t seed) : random_(seed) {}

  std::string valid();
  // Valid patterns, mostly, with one character put in, taken out or replaced.
  std::string doubtful();

  // At least 0, less than `bound`.
  unsigned below(std::uint64_t bound) { return static_cast<unsigned>(random_() % bound); }

 private:
  struct Range {
    unsigned low;
    unsigned high;
  };

  [[nodiscard]] bool one_in(unsigned n) { return below(n) == 0; }
  unsigned within(Range range) { return range.low + below(range.high - range.low + 1); }

  std::string numbers(Range range, unsigned stars);
  std::string item(Range range);
  std::string time_field(Range range);
  std::string days_of_month();
  std::string months();
  std::string days_of_week();
  std::string day_of_week();
  std::string years();

  std::mt19937_64 random_;
};

}  // namespace cron
