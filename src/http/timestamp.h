// A point in time as people write it: RFC 3339 ("2026-01-31T09:00:00+01:00"), or "+10m" from now.
// Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"

namespace http {

// Both in milliseconds since 1970. kInvalidArgument says what fits.
base::Result<std::int64_t> parse_timestamp(std::string_view text, std::int64_t now);

}  // namespace http
