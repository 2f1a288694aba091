#include "triggers/rows.h"

#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace triggers {

std::string utc_text(std::int64_t milliseconds) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(static_cast<std::time_t>(milliseconds / 1000)),
                     milliseconds % 1000);
}

}  // namespace triggers
