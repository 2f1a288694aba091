#include "triggers/cron_pattern.h"

#include <algorithm>
#include <array>
#include <bit>
#include <span>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace triggers {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::year;

constexpr std::size_t kLongestPattern = 1000;  // every value of every field fits

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kNicknames{{
    {"@yearly", "0 0 1 1 *"},
    {"@annually", "0 0 1 1 *"},
    {"@monthly", "0 0 1 * *"},
    {"@weekly", "0 0 * * 0"},
    {"@daily", "0 0 * * *"},
    {"@midnight", "0 0 * * *"},
    {"@hourly", "0 * * * *"},
}};

constexpr local_seconds kBegin = local_days{year{kFirstCronYear} / 1 / 1};
constexpr local_seconds kEnd = local_days{year{kLastCronYear + 1} / 1 / 1};

std::unexpected<base::Error> fail(std::string message) {
  return base::fail(base::Code::kInvalidArgument, "cron pattern: " + std::move(message));
}

std::vector<CronWord> split(std::string_view text) {
  static constexpr std::string_view kBlanks = " \t";
  std::vector<CronWord> words;
  std::size_t begin = text.find_first_not_of(kBlanks);
  while (begin != std::string_view::npos) {
    const std::size_t end = std::min(text.find_first_of(kBlanks, begin), text.size());
    words.push_back({text.substr(begin, end - begin), words.size() + 1, begin + 1});
    begin = text.find_first_not_of(kBlanks, end);
  }
  return words;
}

base::Result<std::string_view> meaning_of(std::string_view nickname) {
  for (const auto& [name, pattern] : kNicknames) {
    if (nickname == name) return pattern;
  }
  if (nickname == "@reboot") {
    return fail(
        "@reboot names an event, not a time, and a server of many nodes has no such event; "
        "use a time such as @hourly");
  }
  return fail(
      "this nickname is unknown; use @yearly, @annually, @monthly, @weekly, @daily, "
      "@midnight or @hourly, in lower case and alone");
}

std::span<const CronUnit> units_of(std::size_t words) {
  static constexpr std::array kUnits{CronUnit::kSecond,     CronUnit::kMinute, CronUnit::kHour,
                                     CronUnit::kDayOfMonth, CronUnit::kMonth,  CronUnit::kDayOfWeek,
                                     CronUnit::kYear};
  return std::span(kUnits).subspan(words == 5 ? 1 : 0, words);
}

// The first set bit at or above `from`.
std::optional<unsigned> next_bit(std::uint64_t bits, unsigned from) {
  if (from >= 64) return std::nullopt;
  bits &= ~std::uint64_t{0} << from;
  if (bits == 0) return std::nullopt;
  return static_cast<unsigned>(std::countr_zero(bits));
}

unsigned first_bit(std::uint64_t bits) { return static_cast<unsigned>(std::countr_zero(bits)); }

seconds time_of(unsigned hour, unsigned minute, unsigned second) {
  return hours{hour} + minutes{minute} + seconds{second};
}

}  // namespace

base::Result<CronPattern> CronPattern::parse(std::string_view text) {
  if (text.size() > kLongestPattern) {
    return fail(
        fmt::format("{} characters are too many; use at most {}", text.size(), kLongestPattern));
  }
  std::vector<CronWord> words = split(text);
  if (words.size() == 1 && words.front().text.front() == '@') {
    const auto pattern = meaning_of(words.front().text);
    if (!pattern) return base::fail(pattern.error());
    words = split(*pattern);
  }
  if (words.size() < 5 || words.size() > 7) {
    return fail(fmt::format(
        "{} fields; write five (minute, hour, day of month, month, day of week), six with seconds "
        "first, or seven with the year last",
        words.size()));
  }
  return from_words(words);
}

base::Result<CronPattern> CronPattern::from_words(const std::vector<CronWord>& words) {
  CronPattern pattern;
  if (words.size() < 7) pattern.years_.set();
  CronField days_of_month;
  CronField days_of_week;
  const auto units = units_of(words.size());
  for (std::size_t i = 0; i < words.size(); ++i) {
    auto field = read_cron_field(units[i], words[i]);
    if (!field) return base::fail(field.error());
    if (units[i] == CronUnit::kDayOfMonth) {
      days_of_month = *std::move(field);
    } else if (units[i] == CronUnit::kDayOfWeek) {
      days_of_week = *std::move(field);
    } else {
      pattern.set_field(units[i], *field);
    }
  }
  pattern.days_ = CronDays(days_of_month, days_of_week);
  return pattern;
}

void CronPattern::set_field(CronUnit unit, const CronField& field) {
  std::uint64_t bits = 0;
  for (const CronItem& item : field.items) {
    for (unsigned value = item.first; value <= item.last; value += item.step) {
      if (unit == CronUnit::kYear) {
        years_.set(value - kFirstCronYear);
      } else {
        bits |= std::uint64_t{1} << value;
      }
    }
  }
  if (unit == CronUnit::kSecond) seconds_ = bits;
  if (unit == CronUnit::kMinute) minutes_ = bits;
  if (unit == CronUnit::kHour) hours_ = bits;
  if (unit == CronUnit::kMonth) months_ = bits;
  repeats_ |= field.repeats && unit < CronUnit::kDayOfMonth;
}

std::optional<local_seconds> CronPattern::at_or_after(local_seconds from) const {
  if (from >= kEnd) return std::nullopt;
  from = std::max(from, kBegin);
  const auto today = std::chrono::floor<days>(from);
  auto day = day_at_or_after(today);
  if (day == today) {
    if (const auto time = time_at_or_after(from - today)) return today + *time;
    day = day_at_or_after(today + days{1});
  }
  if (!day) return std::nullopt;
  return *day + *time_at_or_after(seconds{0});
}

std::optional<local_days> CronPattern::day_at_or_after(local_days from) const {
  const std::chrono::year_month_day date{from};
  auto first_month = static_cast<unsigned>(date.month());
  auto first_day = static_cast<unsigned>(date.day());
  for (int y = static_cast<int>(date.year()); y <= static_cast<int>(kLastCronYear); ++y) {
    const bool named = years_.test(static_cast<std::size_t>(y) - kFirstCronYear);
    for (auto month = next_bit(months_, first_month); named && month;
         month = next_bit(months_, *month + 1)) {
      const auto days = days_.in(year{y} / static_cast<int>(*month));
      if (const auto day = next_bit(days, *month == first_month ? first_day : 1)) {
        return local_days{year{y} / static_cast<int>(*month) / static_cast<int>(*day)};
      }
    }
    first_month = 1;
    first_day = 1;
  }
  return std::nullopt;
}

// Of one day, whichever it is.
std::optional<seconds> CronPattern::time_at_or_after(seconds from) const {
  const std::chrono::hh_mm_ss at{from};
  const auto hour = static_cast<unsigned>(at.hours().count());
  const auto minute = static_cast<unsigned>(at.minutes().count());
  if (next_bit(hours_, hour) == hour) {
    if (next_bit(minutes_, minute) == minute) {
      const auto second = next_bit(seconds_, static_cast<unsigned>(at.seconds().count()));
      if (second) return time_of(hour, minute, *second);
    }
    if (const auto later = next_bit(minutes_, minute + 1)) {
      return time_of(hour, *later, first_bit(seconds_));
    }
  }
  const auto later = next_bit(hours_, hour + 1);
  if (!later) return std::nullopt;
  return time_of(*later, first_bit(minutes_), first_bit(seconds_));
}

}  // namespace triggers
