#include "http/log_query.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/encoding.h"

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
  std::set<std::string> seen;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const auto name = base::from_percent(pair.substr(0, equals), base::Plus::kSpace);
    const auto value =
        base::from_percent(pair.substr(std::min(equals + 1, pair.size())), base::Plus::kSpace);
    if (!name || !value) return invalid("the query is not percent-encoded");
    if (!seen.insert(*name).second) return invalid(fmt::format("'{}' is given twice", *name));
    if (base::Result<void> done = set(out, *name, *value); !done) {
      return base::fail(std::move(done.error()));
    }
  }
  return out;
}

}  // namespace http
