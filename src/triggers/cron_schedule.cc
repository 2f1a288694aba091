#include "triggers/cron_schedule.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"

namespace triggers {

namespace {

using std::chrono::local_seconds;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using std::chrono::year;

// A day more on both sides than patterns reach, whatever the zone.
constexpr sys_seconds kBegin = sys_days{year{kFirstCronYear - 1} / 12 / 30};
constexpr sys_seconds kEnd = sys_days{year{kLastCronYear + 1} / 1 / 2};

local_seconds to_local(sys_seconds at, seconds offset) {
  return local_seconds{at.time_since_epoch() + offset};
}
sys_seconds to_sys(local_seconds at, seconds offset) {
  return sys_seconds{at.time_since_epoch() - offset};
}

bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

bool begins_with_weekday(std::string_view word) {
  static constexpr std::array<std::string_view, 7> kDays{"sun", "mon", "tue", "wed",
                                                         "thu", "fri", "sat"};
  return std::ranges::any_of(kDays, [&](std::string_view day) {
    return base::equal_ignoring_case(word.substr(0, 3), day);
  });
}

// Pattern and zone; the zone is empty when there is none.
std::pair<std::string_view, std::string_view> split_zone(std::string_view text) {
  const std::size_t end = text.find_last_not_of(" \t") + 1;
  const std::size_t blank = text.substr(0, end).find_last_of(" \t");
  if (blank == std::string_view::npos) return {text, {}};
  const std::string_view word = text.substr(blank + 1, end - blank - 1);
  if (!is_letter(word.front()) || begins_with_weekday(word)) return {text, {}};
  return {text.substr(0, blank), word};
}

}  // namespace

base::Result<CronSchedule> CronSchedule::parse(std::string_view text) {
  const auto [pattern_text, zone_name] = split_zone(text);
  auto pattern = CronPattern::parse(pattern_text);
  if (!pattern) return base::fail(pattern.error());
  if (zone_name.empty()) return CronSchedule(*std::move(pattern));
  auto zone = Zone::find(zone_name);
  if (!zone) return base::fail(zone.error());
  return CronSchedule(*std::move(pattern), *std::move(zone));
}

std::optional<sys_seconds> CronSchedule::next(sys_seconds after) const {
  if (after >= kEnd) return std::nullopt;
  after = std::max(after, kBegin);
  const bool repeats = pattern_.repeats();
  ZonePeriod period = zone_.period_at(after);
  local_seconds from = to_local(after + seconds{1}, period.offset);
  // What the clock showed before the period began is done with, also where it is shown again.
  if (!repeats) {
    const seconds before = zone_.period_at(period.begin - seconds{1}).offset;
    from = std::max(from, to_local(period.begin, before));
  }
  for (auto match = pattern_.at_or_after(from); match;) {
    // Before the period's begin only by a gap, and for wall-clock times only.
    const sys_seconds run = std::max(to_sys(*match, period.offset), period.begin);
    if (run < period.end) return run;
    const ZonePeriod later = zone_.period_at(period.end);
    const local_seconds resume = to_local(later.begin, repeats ? later.offset : period.offset);
    if (resume < from || *match < resume) match = pattern_.at_or_after(resume);
    from = resume;
    period = later;
  }
  return std::nullopt;
}

}  // namespace triggers
