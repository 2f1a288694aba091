// The query of a `…/logs` path: limit=, status=, trigger=, user=, since=, until=, after= and
// follow=, each at most once. Pure.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/error.h"
#include "journal/query.h"

namespace http {

inline constexpr std::size_t kMaxLogLimit = 10'000;

struct LogQuery {
  journal::Query entries;
  bool follow = false;
};

// A time is RFC 3339, or how long before `now`: 15m. kInvalidArgument names what is unknown or out
// of bounds.
base::Result<LogQuery> parse_log_query(std::string_view query, std::string_view function,
                                       journal::Time now);

}  // namespace http
