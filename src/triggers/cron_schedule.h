// When a cron pattern runs in a time zone, computed from one time to the next.
//
// Where the clock changes:
// - A pattern of wall-clock times (no star and no step in seconds, minutes and hours, such as
//   `30 2 * * *`) runs each of them once. Times that a gap leaves out run together, once, at the
//   moment that ends the gap; times that come twice run the first time.
// - A pattern that repeats (`*/15 * * * *`, `0 */2 * * *`) follows real time: it runs whenever the
//   clock shows a time that matches, so twice where that comes twice, and not where it is left out.
//
// A value; safe on any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "triggers/cron_pattern.h"
#include "triggers/zone.h"

namespace triggers {

class CronSchedule {
 public:
  explicit CronSchedule(const CronPattern& pattern, Zone zone = {})
      : pattern_(pattern), zone_(std::move(zone)) {}

  // A pattern, and behind it a time zone when it is not UTC: `0 3 * * MON-FRI Europe/Berlin`. The
  // last word is a zone when it begins with a letter and not with a weekday's name.
  static base::Result<CronSchedule> parse(std::string_view text);

  // The first run after `after` (floor a finer time to seconds); none when there is none up to the
  // end of 2199. Microseconds at most, also for a pattern that never runs.
  [[nodiscard]] std::optional<std::chrono::sys_seconds> next(std::chrono::sys_seconds after) const;

  [[nodiscard]] const CronPattern& pattern() const { return pattern_; }
  [[nodiscard]] const Zone& zone() const { return zone_; }

 private:
  CronPattern pattern_;
  Zone zone_;
};

}  // namespace triggers
