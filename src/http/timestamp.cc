#include "http/timestamp.h"

#include <charconv>
#include <chrono>
#include <optional>

#include <fmt/format.h>

#include "base/units.h"

namespace http {
namespace {

using std::chrono::milliseconds;

// Takes characters off the front; once something does not fit, all that follows does not.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  int digits(std::size_t count) {
    int value = 0;
    const std::string_view taken = rest_.substr(0, count);
    for (const char c : taken) {
      if (c < '0' || c > '9') good_ = false;
      value = value * 10 + (c - '0');
    }
    if (taken.size() < count) good_ = false;
    rest_.remove_prefix(taken.size());
    return good_ ? value : 0;
  }
  // The character that was there, if it is one of these.
  char any_of(std::string_view these) {
    if (rest_.empty() || !these.contains(rest_.front())) {
      good_ = false;
      return '\0';
    }
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }
  // Of a second; what is finer than a millisecond is dropped.
  int fraction() {
    if (!rest_.starts_with('.')) return 0;
    rest_.remove_prefix(1);
    int value = 0;
    int scale = 100;
    if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') good_ = false;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      value += digits(1) * scale;
      scale /= 10;
    }
    return value;
  }
  [[nodiscard]] bool at_end() const { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

std::optional<std::int64_t> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  Reader reader(text);
  const year y{reader.digits(4)};
  reader.any_of("-");
  const month m{static_cast<unsigned>(reader.digits(2))};
  reader.any_of("-");
  const year_month_day date{y, m, day{static_cast<unsigned>(reader.digits(2))}};
  reader.any_of("Tt ");
  const int hour = reader.digits(2);
  reader.any_of(":");
  const int minute = reader.digits(2);
  reader.any_of(":");
  const int second = reader.digits(2);
  const int millis = reader.fraction();
  const char zone = reader.any_of("Zz+-");
  int offset = 0;
  if (zone == '+' || zone == '-') {
    const int hours = reader.digits(2);
    reader.any_of(":");
    const int rest = reader.digits(2);
    if (hours > 23 || rest > 59) return std::nullopt;
    offset = (zone == '+' ? 1 : -1) * (hours * 60 + rest);
  }
  if (!reader.at_end() || !date.ok() || hour > 23 || minute > 59 || second > 59) {
    return std::nullopt;
  }
  const auto at = sys_days(date) + hours(hour) + minutes(minute - offset) + seconds(second);
  return floor<milliseconds>(at).time_since_epoch().count() + millis;
}

}  // namespace

base::Result<std::int64_t> parse_timestamp(std::string_view text, std::int64_t now) {
  if (text.starts_with('+')) {
    const auto span = base::parse_duration(text.substr(1));
    if (!span) return base::fail(span.error());
    return now + std::chrono::floor<milliseconds>(*span).count();
  }
  const auto time = parse_rfc3339(text);
  if (time) return *time;
  return base::fail(base::Code::kInvalidArgument,
                    fmt::format("\"{}\" is no time: write it as RFC 3339 with its offset, as in "
                                "2026-01-31T09:00:00+01:00, or as a span from now, as in +10m",
                                text.substr(0, 64)));
}

}  // namespace http
