// A cron pattern: which seconds of local time it names. No zone, no clock, no I/O.
//
// Five fields (minute, hour, day of month, month, day of week), six with seconds first, seven with
// the year last, or a nickname from @yearly to @hourly: the Open Cron Pattern
// Specification 1.0-1.4. Without seconds, second 0; without a year, every year from 1970 to 2199,
// which is as far as a pattern reaches. A value; safe on any thread.
#pragma once

#include <bitset>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "triggers/cron_days.h"
#include "triggers/cron_field.h"

namespace triggers {

class CronPattern {
 public:
  // kInvalidArgument says at which column and field, what is wrong and what fits. A pattern for a
  // day that never comes (`0 0 31 2 *`) is valid, as the specification demands, and matches
  // nothing.
  static base::Result<CronPattern> parse(std::string_view text);

  // The first second at or after `from` that matches; none up to the end of 2199. Computed field by
  // field: at most 230 years of twelve months are looked at, whatever the pattern (some 20 µs).
  [[nodiscard]] std::optional<std::chrono::local_seconds> at_or_after(
      std::chrono::local_seconds from) const;

  // Whether seconds, minutes or hours are written with a star or a step. Such a pattern follows
  // real time over a change of the clock; any other names wall-clock times (cron_schedule.h).
  [[nodiscard]] bool repeats() const { return repeats_; }

  bool operator==(const CronPattern&) const = default;

 private:
  static base::Result<CronPattern> from_words(const std::vector<CronWord>& words);
  void set_field(CronUnit unit, const CronField& field);
  [[nodiscard]] std::optional<std::chrono::local_days> day_at_or_after(
      std::chrono::local_days from) const;
  [[nodiscard]] std::optional<std::chrono::seconds> time_at_or_after(
      std::chrono::seconds from) const;

  // Bit n: the value n is named. Never empty, so a first value always exists.
  std::uint64_t seconds_ = 1;
  std::uint64_t minutes_ = 0;
  std::uint64_t hours_ = 0;
  std::uint64_t months_ = 0;
  std::bitset<kLastCronYear - kFirstCronYear + 1> years_;
  CronDays days_;
  bool repeats_ = false;
};

}  // namespace triggers
