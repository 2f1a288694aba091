#include "http/log_query.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/units.h"
#include "http/query_parameters.h"
#include "http/timestamp.h"

namespace http {
namespace {

constexpr std::array<std::string_view, 3> kTriggers{"http", "database", "schedule"};

std::unexpected<base::Error> invalid(std::string message) {
  return base::fail(base::Code::kInvalidArgument, std::move(message));
}

base::Result<void> set_limit(LogQuery& query, const std::string& value) {
  const char* const end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, query.entries.limit);
  if (error != std::errc() || stop != end || query.entries.limit < 1 ||
      query.entries.limit > kMaxLogLimit) {
    return invalid(fmt::format("limit is not a number from 1 to {}", kMaxLogLimit));
  }
  return {};
}

base::Result<void> set_status(LogQuery& query, const std::string& value) {
  query.entries.status = journal::status_named(value);
  if (query.entries.status) return {};
  return invalid(fmt::format("unknown status '{}'", value));
}

base::Result<void> set_trigger(LogQuery& query, const std::string& value) {
  query.entries.trigger = value;
  if (std::ranges::find(kTriggers, value) != kTriggers.end()) return {};
  return invalid(fmt::format("unknown trigger '{}': there are http, database and schedule", value));
}

base::Result<void> set_user(LogQuery& query, const std::string& value) {
  query.entries.user_id = value;
  if (!value.empty()) return {};
  return invalid("user is empty: leave it out to see the invocations of all");
}

base::Result<void> set_follow(LogQuery& query, const std::string& value) {
  query.follow = value == "true";
  if (query.follow || value == "false") return {};
  return invalid("follow is neither true nor false");
}

base::Result<void> set_time(std::optional<journal::Time>& time, const std::string& value,
                            journal::Time now) {
  if (const auto span = base::parse_duration(value)) {
    time = now - *span;
    return {};
  }
  const auto millis = parse_timestamp(value, 0);
  if (!millis || value.starts_with('+')) {
    return invalid(
        fmt::format("\"{}\" is no time: write it as RFC 3339 with its offset, as in "
                    "2026-01-31T09:00:00+01:00 ('+' is %2B in a query), or as how long "
                    "ago, as in 15m",
                    value.substr(0, 64)));
  }
  time = journal::Time(std::chrono::milliseconds(*millis));
  return {};
}

base::Result<void> set(LogQuery& query, const std::string& name, const std::string& value,
                       journal::Time now) {
  if (name == "limit") return set_limit(query, value);
  if (name == "status") return set_status(query, value);
  if (name == "trigger") return set_trigger(query, value);
  if (name == "user") return set_user(query, value);
  if (name == "since") return set_time(query.entries.since, value, now);
  if (name == "until") return set_time(query.entries.until, value, now);
  if (name == "follow") return set_follow(query, value);
  if (name == "after") {
    query.entries.after_id = value;
    return {};
  }
  return invalid(fmt::format(
      "unknown query '{}': there are limit, status, trigger, user, since, until, after and follow",
      name));
}

}  // namespace

base::Result<LogQuery> parse_log_query(std::string_view query, std::string_view function,
                                       journal::Time now) {
  LogQuery out;
  out.entries.function = function;
  const auto read =
      for_each_parameter(query, [&out, now](const std::string& name, const std::string& value) {
        return set(out, name, value, now);
      });
  if (!read) return base::fail(read.error());
  return out;
}

}  // namespace http
