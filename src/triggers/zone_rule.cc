#include "triggers/zone_rule.h"

#include <algorithm>
#include <array>

namespace triggers {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_seconds;
using std::chrono::year;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

}  // namespace

// A cursor over the text; each take_ says whether it found what it is named after.
class ZoneRuleReader {
 public:
  explicit ZoneRuleReader(std::string_view text) : text_(text) {}

  std::optional<ZoneRule> read() {
    ZoneRule rule;
    if (!take_name() || !take_offset(rule.standard_)) return std::nullopt;
    if (at_end()) return rule;
    rule.changes_ = true;
    rule.summer_ = rule.standard_ + hours{1};
    if (!take_name() || (peek() != ',' && !take_offset(rule.summer_))) return std::nullopt;
    if (!take(',') || !take_change(rule.to_summer_)) return std::nullopt;
    if (!take(',') || !take_change(rule.to_standard_) || !at_end()) return std::nullopt;
    return rule;
  }

 private:
  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  [[nodiscard]] char peek() const { return at_end() ? '\0' : text_[at_]; }

  bool take(char c) {
    if (at_end() || peek() != c) return false;
    ++at_;
    return true;
  }

  bool take_name() {
    const std::size_t begin = at_;
    if (take('<')) {
      while (!at_end() && peek() != '>') ++at_;
      return take('>');
    }
    while (is_letter(peek())) ++at_;
    return at_ - begin >= 3;
  }

  bool take_number(int& number, int least, int most) {
    if (!is_digit(peek())) return false;
    number = 0;
    for (; is_digit(peek()) && number <= most; ++at_) number = number * 10 + (peek() - '0');
    return number >= least && number <= most;
  }

  bool take_time(seconds& time) {
    const bool negative = take('-');
    if (!negative) take('+');
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (!take_number(hour, 0, 167)) return false;
    if (take(':') && !take_number(minute, 0, 59)) return false;
    if (take(':') && !take_number(second, 0, 59)) return false;
    time = hours{hour} + minutes{minute} + seconds{second};
    if (negative) time = -time;
    return true;
  }

  // POSIX counts offsets westward.
  bool take_offset(seconds& offset) {
    if (!take_time(offset) || offset > hours{24} || offset < -hours{24}) return false;
    offset = -offset;
    return true;
  }

  bool take_change(ZoneRule::Change& change) {
    using Kind = ZoneRule::Change::Kind;
    if (take('M')) {
      change.kind = Kind::kWeekday;
      if (!take_number(change.month, 1, 12) || !take('.') || !take_number(change.week, 1, 5) ||
          !take('.') || !take_number(change.day, 0, 6)) {
        return false;
      }
    } else {
      const bool without_leap = take('J');
      change.kind = without_leap ? Kind::kDayWithoutLeap : Kind::kDay;
      if (!take_number(change.day, without_leap ? 1 : 0, 365)) return false;
    }
    return !take('/') || take_time(change.time);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::optional<ZoneRule> ZoneRule::parse(std::string_view text) {
  return ZoneRuleReader(text).read();
}

local_seconds ZoneRule::Change::in(year of) const {
  if (kind == Kind::kWeekday) {
    const std::chrono::weekday weekday{static_cast<unsigned>(day)};
    const local_days on = week == 5 ? local_days{of / month / weekday[std::chrono::last]}
                                    : local_days{of / month / weekday[static_cast<unsigned>(week)]};
    return on + time;
  }
  const local_days first{of / 1 / 1};
  if (kind == Kind::kDay) return first + days{day} + time;
  const bool after_leap_day = of.is_leap() && day >= 60;
  return first + days{day - 1 + (after_leap_day ? 1 : 0)} + time;
}

ZonePeriod ZoneRule::period_at(sys_seconds at) const {
  if (!changes_) return {kEarliest, kLatest, standard_};
  struct Start {
    sys_seconds at;
    seconds offset;
  };
  // A change's date is local time by the offset that it ends. Near New Year the period that holds
  // began, or ends, in the year beside.
  std::array<Start, 6> starts;
  const year middle = std::chrono::year_month_day{std::chrono::floor<days>(at)}.year();
  for (int i = 0; i < 3; ++i) {
    const year of = middle + std::chrono::years{i - 1};
    const auto index = static_cast<std::size_t>(2 * i);
    starts[index] = {sys_seconds{(to_summer_.in(of)-standard_).time_since_epoch()}, summer_};
    starts[index + 1] = {sys_seconds{(to_standard_.in(of)-summer_).time_since_epoch()}, standard_};
  }
  std::ranges::sort(starts, {}, &Start::at);
  const auto next = std::ranges::upper_bound(starts, at, {}, &Start::at);
  const auto held = std::prev(next);
  return {held->at, next->at, held->offset};
}

}  // namespace triggers
