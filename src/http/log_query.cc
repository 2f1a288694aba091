#include "http/log_query.h"

#include <charconv>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "http/query_parameters.h"

namespace http {
namespace {

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

base::Result<void> set(LogQuery& query, const std::string& name, const std::string& value) {
  if (name == "limit") return set_limit(query, value);
  if (name == "status") {
    query.entries.status = journal::status_named(value);
    if (query.entries.status) return {};
    return invalid(fmt::format("unknown status '{}'", value));
  }
  if (name == "after") {
    query.entries.after_id = value;
    return {};
  }
  if (name == "follow") {
    query.follow = value == "true";
    if (query.follow || value == "false") return {};
    return invalid("follow is neither true nor false");
  }
  return invalid(
      fmt::format("unknown query '{}': there are limit, status, after and follow", name));
}

}  // namespace

base::Result<LogQuery> parse_log_query(std::string_view query, std::string_view function) {
  LogQuery out;
  out.entries.function = function;
  const auto read = for_each_parameter(
      query,
      [&out](const std::string& name, const std::string& value) { return set(out, name, value); });
  if (!read) return base::fail(read.error());
  return out;
}

}  // namespace http
