#include "cron/random_pattern.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

namespace cron {

namespace {

constexpr std::array<std::string_view, 12> kMonths{"JAN", "feb", "Mar", "APR", "may", "Jun",
                                                   "JUL", "aug", "Sep", "OCT", "nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays{"SUN", "mon", "Tue", "WED", "thu", "Fri", "SAT"};

}  // namespace

std::string RandomPattern::valid() {
  if (one_in(40)) {
    static constexpr std::array kNicknames{"@yearly", "@annually", "@monthly", "@weekly",
                                           "@daily",  "@midnight", "@hourly"};
    return kNicknames[below(kNicknames.size())];
  }
  const bool with_years = one_in(12);
  std::string pattern;
  if (with_years || one_in(4)) pattern = time_field({0, 59}) + ' ';
  pattern += time_field({0, 59}) + ' ' + time_field({0, 23}) + ' ' + days_of_month() + ' ' +
             months() + ' ' + days_of_week();
  if (with_years) pattern += ' ' + years();
  return pattern;
}

std::string RandomPattern::doubtful() {
  static constexpr std::string_view kLikely = "0123456789*/,-?LW#+ SNMFlwnr@";
  std::string pattern = valid();
  const auto place = static_cast<std::ptrdiff_t>(below(pattern.size()));
  const char c = kLikely[below(kLikely.size())];
  switch (below(3)) {
    case 0:
      pattern.insert(pattern.begin() + place, c);
      break;
    case 1:
      pattern.erase(pattern.begin() + place);
      break;
    default:
      pattern[static_cast<std::size_t>(place)] = c;
  }
  return pattern;
}

// One number, a range or a stepped one.
std::string RandomPattern::item(Range range) {
  const unsigned a = within(range);
  if (!one_in(3)) return one_in(20) ? fmt::format("{:02}", a) : std::to_string(a);
  const unsigned b = within(range);
  const std::string text = fmt::format("{}-{}", std::min(a, b), std::max(a, b));
  return one_in(2) ? fmt::format("{}/{}", text, 1 + below(range.high)) : text;
}

// A star once in so many times, else numbers.
std::string RandomPattern::numbers(Range range, unsigned stars) {
  if (one_in(stars)) return "*";
  if (one_in(5)) return fmt::format("*/{}", 1 + below(range.high));
  std::string text = item(range);
  while (one_in(3)) text += ',' + item(range);
  return text;
}

std::string RandomPattern::time_field(Range range) { return numbers(range, 4); }

std::string RandomPattern::days_of_month() {
  switch (below(12)) {
    case 0:
      return "L";
    case 1:
      return "LW";
    case 2:
      return fmt::format("{}W", 1 + below(31));
    case 3:
      return "?";
    case 4:
      return item({1, 31}) + ",L";
    default:
      return numbers({1, 31}, 2);
  }
}

std::string RandomPattern::months() {
  if (!one_in(4)) return numbers({1, 12}, 2);
  const unsigned a = below(12);
  const unsigned b = below(12);
  if (one_in(2)) return std::string(kMonths[a]);
  return fmt::format("{}-{}", kMonths[std::min(a, b)], kMonths[std::max(a, b)]);
}

std::string RandomPattern::day_of_week() {
  const unsigned day = below(8);
  const std::string name = one_in(2) ? std::string(kDays[day % 7]) : std::to_string(day);
  switch (below(5)) {
    case 0:
      return fmt::format("{}#{}", name, 1 + below(5));
    case 1:
      return name + (one_in(2) ? "#L" : "L");
    case 2: {
      const unsigned first = day % 7;
      const unsigned last = first + 1 + below(first == 0 ? 6 : 7 - first);  // SUN ends, not SUN-SUN
      return fmt::format("{}-{}", kDays[first], kDays[last % 7]);
    }
    default:
      return name;
  }
}

std::string RandomPattern::days_of_week() {
  if (one_in(2)) return one_in(6) ? "?" : "*";
  std::string text = one_in(6) ? "+" : "";
  if (one_in(3)) return text + numbers({0, 7}, 20);
  text += day_of_week();
  while (one_in(3)) text += ',' + day_of_week();
  return text;
}

std::string RandomPattern::years() {
  const unsigned first = 1970 + below(200);
  if (one_in(3)) return fmt::format("{},{}", first, first + below(30));
  const std::string range = fmt::format("{}-{}", first, std::min(2199U, first + below(120)));
  return one_in(2) ? range : fmt::format("{}/{}", range, 1 + below(9));
}

}  // namespace cron
