#include "triggers/cron_field.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>

#include <fmt/format.h>

#include "base/ascii.h"

namespace triggers {

namespace {

using Kind = CronItem::Kind;

constexpr std::array<std::string_view, 12> kMonths{"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                   "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array<std::string_view, 7> kDays{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};

// Past the field's end a step means its first value alone, and some patterns mean that; this one is
// past all fields' and meant nothing.
constexpr unsigned kMaxStep = 366;

struct Unit {
  std::string_view name;
  unsigned low;
  unsigned high;
  std::string_view range;  // what fits, for messages
  std::span<const std::string_view> names;
};

const Unit& describe(CronUnit unit) {
  static constexpr std::array<Unit, 7> kUnits{{
      {"second", 0, 59, "0-59", {}},
      {"minute", 0, 59, "0-59", {}},
      {"hour", 0, 23, "0-23", {}},
      {"day of month", 1, 31, "1-31", {}},
      {"month", 1, 12, "1-12 or JAN-DEC", kMonths},
      {"day of week", 0, 7, "0-7 or SUN-SAT", kDays},
      {"year", kFirstCronYear, kLastCronYear, "1970-2199", {}},
  }};
  return kUnits[static_cast<std::size_t>(unit)];
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

std::string shown(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte < 0x7F ? fmt::format("'{}'", c) : fmt::format("byte 0x{:02X}", byte);
}

// A cursor over one field. Each read_ leaves it behind what it read.
class FieldReader {
 public:
  FieldReader(CronUnit unit, const CronWord& word)
      : unit_(unit), is_(describe(unit)), word_(word), text_(word.text) {}

  base::Result<CronField> read();

 private:
  base::Result<CronItem> read_item();
  base::Result<CronItem> read_last_day();
  base::Result<CronItem> read_range(CronItem item, bool named);
  base::Result<CronItem> read_step(CronItem item);
  base::Result<CronItem> read_occurrence(CronItem item);
  base::Result<unsigned> read_value();
  base::Result<unsigned> read_number();
  base::Result<unsigned> read_name();
  base::Result<CronItem> end_of(CronItem item);

  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
  [[nodiscard]] char peek() const { return at_end() ? '\0' : text_[at_]; }
  [[nodiscard]] bool at_star() const {
    return peek() == '*' || (peek() == '?' && (is_days_of_month() || is_days_of_week()));
  }
  [[nodiscard]] bool is_days_of_month() const { return unit_ == CronUnit::kDayOfMonth; }
  [[nodiscard]] bool is_days_of_week() const { return unit_ == CronUnit::kDayOfWeek; }
  bool take(char c) {
    if (at_end() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  [[nodiscard]] std::unexpected<base::Error> fail(std::size_t at, std::string_view what) const {
    return base::fail(base::Code::kInvalidArgument,
                      fmt::format("cron pattern, column {}, field {} ({}): {}", word_.column + at,
                                  word_.number, is_.name, what));
  }
  [[nodiscard]] std::unexpected<base::Error> unexpected_here() const;

  CronUnit unit_;
  const Unit& is_;
  const CronWord& word_;
  std::string_view text_;
  std::size_t at_ = 0;
  bool repeats_ = false;
};

base::Result<CronField> FieldReader::read() {
  CronField field;
  field.joined = is_days_of_week() && take('+');
  field.restricts = !(at_star() && at_ + 1 == text_.size());
  std::optional<std::size_t> weekday_item;
  do {
    const std::size_t begin = at_;
    const auto item = read_item();
    if (!item) return base::fail(item.error());
    if (item->kind == Kind::kNearestWeekday || item->kind == Kind::kLastWeekday) {
      weekday_item = begin;
    }
    field.items.push_back(*item);
  } while (take(','));
  if (weekday_item && field.items.size() > 1) {
    return fail(*weekday_item, "a day with W stands alone, not in a list");
  }
  field.repeats = repeats_;
  return field;
}

base::Result<CronItem> FieldReader::read_item() {
  if (at_star()) {
    ++at_;
    repeats_ = true;
    const CronItem every{.first = is_.low, .last = is_.high};
    return peek() == '/' ? read_step(every) : end_of(every);
  }
  if (is_days_of_month() && peek() == 'L') return read_last_day();
  const bool named = is_letter(peek());
  const auto value = read_value();
  if (!value) return base::fail(value.error());
  const CronItem item{.first = *value, .last = *value};
  if (peek() == '-') return read_range(item, named);
  if (peek() == '/') {
    return fail(
        at_, fmt::format("a step needs a range or * before it; write {}-{}/n", *value, is_.high));
  }
  if (is_days_of_month() && take('W')) {
    return end_of({.kind = Kind::kNearestWeekday, .first = *value});
  }
  if (is_days_of_week() && (peek() == '#' || peek() == 'L')) return read_occurrence(item);
  return end_of(item);
}

base::Result<CronItem> FieldReader::read_last_day() {
  ++at_;
  return end_of({.kind = take('W') ? Kind::kLastWeekday : Kind::kLastDay});
}

// `item` holds the range's first value.
base::Result<CronItem> FieldReader::read_range(CronItem item, bool named) {
  ++at_;
  const std::size_t begin = at_;
  const bool end_named = is_letter(peek());
  const auto last = read_value();
  if (!last) return base::fail(last.error());
  item.last = *last;
  // SUN is 0 where a range begins and 7 where it ends; SUN-SUN is one day.
  if (is_days_of_week() && end_named && *last == 0 && !(named && item.first == 0)) item.last = 7;
  if (item.last < item.first) {
    return fail(begin, fmt::format("the range ends at {}, before it begins at {}; write two ranges "
                                   "with a comma",
                                   item.last, item.first));
  }
  if (peek() == 'W' || peek() == '#' || peek() == 'L') {
    return fail(at_, fmt::format("{} follows a single day, not a range", shown(peek())));
  }
  return peek() == '/' ? read_step(item) : end_of(item);
}

base::Result<CronItem> FieldReader::read_step(CronItem item) {
  ++at_;
  const std::size_t begin = at_;
  if (!is_digit(peek())) return fail(at_, "a step is a number of 1 or more after the /");
  const auto step = read_number();
  if (!step) return base::fail(step.error());
  if (*step == 0) return fail(begin, "a step of 0 leads nowhere; use 1 or more");
  if (const unsigned values = is_.high - is_.low + 1; *step > kMaxStep) {
    return fail(begin, fmt::format("a step of {} is longer than the field, which has {} values; "
                                   "use 1-{}",
                                   text_.substr(begin, at_ - begin), values, values));
  }
  item.step = *step;
  repeats_ = true;
  return end_of(item);
}

// 5#2, 5#L or 5L, behind the 5.
base::Result<CronItem> FieldReader::read_occurrence(CronItem item) {
  const bool hash = take('#');
  if (take('L')) {
    item.kind = Kind::kLastOfDay;
    return end_of(item);
  }
  const std::size_t begin = at_;
  if (!hash || !is_digit(peek())) return fail(at_, "after # stands 1-5 or L");
  const auto nth = read_number();
  if (!nth) return base::fail(nth.error());
  if (*nth < 1 || *nth > 5) {
    return fail(begin, fmt::format("no month has a {}. of a weekday; use 1-5 or L", *nth));
  }
  item.kind = Kind::kNthDay;
  item.nth = *nth;
  return end_of(item);
}

base::Result<unsigned> FieldReader::read_value() {
  if (is_letter(peek()) && !is_.names.empty()) return read_name();
  if (!is_digit(peek())) return unexpected_here();
  const std::size_t begin = at_;
  const auto number = read_number();
  if (!number) return number;
  if (*number < is_.low) {
    return fail(begin, fmt::format("{} is below {}; use {}", *number, is_.low, is_.range));
  }
  if (*number > is_.high) {
    return fail(begin, fmt::format("{} is above {}; use {}", *number, is_.high, is_.range));
  }
  return number;
}

base::Result<unsigned> FieldReader::read_number() {
  static constexpr unsigned kMost = 1'000'000;  // above any value or step that differs from another
  unsigned number = 0;
  for (; is_digit(peek()); ++at_) {
    number = std::min(kMost, number * 10 + static_cast<unsigned>(peek() - '0'));
  }
  return number;
}

base::Result<unsigned> FieldReader::read_name() {
  const std::size_t begin = at_;
  std::string name;
  // FRIL is the last Friday: its L is not the name's.
  while (is_letter(peek()) && !(is_days_of_week() && name.size() == 3 && peek() == 'L')) {
    name += base::to_upper(text_[at_++]);
  }
  const auto found = std::ranges::find(is_.names, name);
  if (found == is_.names.end()) {
    return fail(begin, fmt::format("{} is no {}; use {}", text_.substr(begin, at_ - begin),
                                   is_.name, is_.range));
  }
  return is_.low + static_cast<unsigned>(found - is_.names.begin());
}

base::Result<CronItem> FieldReader::end_of(CronItem item) {
  if (!at_end() && peek() != ',') return unexpected_here();
  return item;
}

std::unexpected<base::Error> FieldReader::unexpected_here() const {
  if (at_end() || peek() == ',') {
    return fail(at_, fmt::format("a value is missing; use {}", is_.range));
  }
  const char c = peek();
  if (c == '+') return fail(at_, "'+' may only begin the day of week");
  if (c == '?') return fail(at_, "'?' stands alone in day of month or day of week; write * here");
  if ((is_days_of_month() && (c == 'l' || c == 'w')) || (is_days_of_week() && c == 'l')) {
    return fail(at_, fmt::format("'{}' is written {}", c, shown(base::to_upper(c))));
  }
  return fail(at_, fmt::format("{} does not fit here; use {}", shown(c), is_.range));
}

}  // namespace

base::Result<CronField> read_cron_field(CronUnit unit, const CronWord& word) {
  return FieldReader(unit, word).read();
}

}  // namespace triggers
