#include "journal/entry.h"

#include <array>
#include <charconv>
#include <concepts>
#include <utility>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "base/encoding.h"

namespace journal {
namespace {

constexpr std::array<std::pair<Status, std::string_view>, 5> kStatusNames{{
    {Status::kSuccess, "success"},
    {Status::kError, "error"},
    {Status::kTimeout, "timeout"},
    {Status::kMemoryExceeded, "memory_exceeded"},
    {Status::kCpuLimit, "cpu_limit"},
}};

constexpr std::size_t kKeys = 12;
constexpr std::string_view kTimeForm = "0000-00-00T00:00:00.000Z";

void append_number(std::string& out, std::integral auto number) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_string_or_null(std::string& out, std::string_view text) {
  if (text.empty()) {
    out += "null";
  } else {
    base::append_json_string(out, text);
  }
}

// Writes `number` right-aligned into a field of zeros.
void put_digits(std::string& form, std::size_t at, std::size_t width, unsigned number) {
  for (std::size_t i = width; i > 0; --i, number /= 10) {
    form[at + i - 1] = static_cast<char>('0' + number % 10);
  }
}

std::string to_rfc3339(std::chrono::system_clock::time_point time) {
  const auto millis = std::chrono::floor<std::chrono::milliseconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(millis);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(millis - day);
  std::string text(kTimeForm);
  put_digits(text, 0, 4, static_cast<unsigned>(static_cast<int>(date.year())));
  put_digits(text, 5, 2, static_cast<unsigned>(date.month()));
  put_digits(text, 8, 2, static_cast<unsigned>(date.day()));
  put_digits(text, 11, 2, static_cast<unsigned>(clock.hours().count()));
  put_digits(text, 14, 2, static_cast<unsigned>(clock.minutes().count()));
  put_digits(text, 17, 2, static_cast<unsigned>(clock.seconds().count()));
  put_digits(text, 20, 3, static_cast<unsigned>(clock.subseconds().count()));
  return text;
}

bool has_time_form(std::string_view text) {
  if (text.size() != kTimeForm.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kTimeForm[i] == '0' ? !digit : text[i] != kTimeForm[i]) return false;
  }
  return true;
}

std::optional<std::chrono::system_clock::time_point> from_rfc3339(std::string_view text) {
  if (!has_time_form(text)) return std::nullopt;
  const auto number = [text](std::size_t at, std::size_t width) {
    unsigned value = 0;
    for (const char digit : text.substr(at, width)) {
      value = value * 10 + static_cast<unsigned>(digit - '0');
    }
    return value;
  };
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(number(0, 4))),
                                         std::chrono::month(number(5, 2)),
                                         std::chrono::day(number(8, 2)));
  if (!date.ok() || number(11, 2) > 23 || number(14, 2) > 59 || number(17, 2) > 59) {
    return std::nullopt;
  }
  const std::chrono::sys_time<std::chrono::milliseconds> time =
      std::chrono::sys_days(date) + std::chrono::hours(number(11, 2)) +
      std::chrono::minutes(number(14, 2)) + std::chrono::seconds(number(17, 2)) +
      std::chrono::milliseconds(number(20, 3));
  // The clock counts nanoseconds: it ends in the year 2262.
  using Clock = std::chrono::system_clock::time_point;
  using std::chrono::milliseconds;
  if (time <= std::chrono::ceil<milliseconds>(Clock::min()) ||
      time >= std::chrono::floor<milliseconds>(Clock::max())) {
    return std::nullopt;
  }
  return time;
}

std::optional<std::string> string_or_null(const boost::json::value& value) {
  if (value.is_null()) return std::string();
  if (!value.is_string()) return std::nullopt;
  return std::string(value.get_string());
}

// Reads the members; any throw of Boost.JSON (missing member, other kind, number out of range)
// means that the text is not an entry.
std::optional<Entry> entry_of(const boost::json::object& object) {
  using std::chrono::microseconds;
  if (object.size() != kKeys) return std::nullopt;
  const auto text = [&object](const char* key) { return std::string(object.at(key).as_string()); };
  const auto error = string_or_null(object.at("error"));
  const auto user_id = string_or_null(object.at("user_id"));
  const auto status = status_named(text("status"));
  const auto time = from_rfc3339(text("time"));
  if (!error || !user_id || !status || !time) return std::nullopt;
  Entry entry{.id = text("id"),
              .function = text("function"),
              .version = object.at("version").to_number<int>(),
              .trigger = text("trigger"),
              .status = *status,
              .duration = microseconds(object.at("duration_us").to_number<std::int64_t>()),
              .cpu = microseconds(object.at("cpu_us").to_number<std::int64_t>()),
              .peak_memory_bytes = object.at("peak_memory_bytes").to_number<std::uint64_t>(),
              .error = *error,
              .user_id = *user_id,
              .time = *time,
              .lines = {}};
  for (const auto& line : object.at("lines").as_array()) {
    entry.lines.emplace_back(line.as_string());
  }
  return entry;
}

}  // namespace

std::string_view name_of(Status status) {
  return kStatusNames[static_cast<std::size_t>(status)].second;
}

std::optional<Status> status_named(std::string_view name) {
  for (const auto& [status, its_name] : kStatusNames) {
    if (its_name == name) return status;
  }
  return std::nullopt;
}

std::string to_json(const Entry& entry) {
  std::string out;
  out.reserve(512);
  out += R"({"id":)";
  base::append_json_string(out, entry.id);
  out += R"(,"function":)";
  base::append_json_string(out, entry.function);
  out += R"(,"version":)";
  append_number(out, entry.version);
  out += R"(,"trigger":)";
  base::append_json_string(out, entry.trigger);
  out += R"(,"status":)";
  base::append_json_string(out, name_of(entry.status));
  out += R"(,"duration_us":)";
  append_number(out, entry.duration.count());
  out += R"(,"cpu_us":)";
  append_number(out, entry.cpu.count());
  out += R"(,"peak_memory_bytes":)";
  append_number(out, entry.peak_memory_bytes);
  out += R"(,"error":)";
  append_string_or_null(out, entry.error);
  out += R"(,"user_id":)";
  append_string_or_null(out, entry.user_id);
  out += R"(,"time":")";
  out += to_rfc3339(entry.time);
  out += R"(","lines":[)";
  for (std::size_t i = 0; i < entry.lines.size(); ++i) {
    if (i > 0) out += ',';
    base::append_json_string(out, entry.lines[i]);
  }
  out += "]}";
  return out;
}

base::Result<Entry> parse_entry(std::string_view json) {
  const auto refused = [json] {
    return base::fail(base::Code::kStorage,
                      "a line of the journal is not an entry: " + std::string(json.substr(0, 80)));
  };
  try {
    const boost::json::value value = boost::json::parse(json);
    if (auto entry = entry_of(value.as_object())) return std::move(*entry);
    return refused();
  } catch (const std::exception&) {
    return refused();
  }
}

}  // namespace journal
