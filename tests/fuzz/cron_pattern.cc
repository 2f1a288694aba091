// Cron patterns, and when they run.
//
//   input = minutes since 1970 to begin at: u32, pattern with or without a zone
#include <chrono>
#include <optional>

#include "fuzz/input.h"
#include "triggers/cron_schedule.h"

namespace {

constexpr int kRuns = 20;
// Twenty runs take some microseconds each; a machine that is busy, and sanitizers, some more.
constexpr std::chrono::seconds kTime{2};
constexpr std::chrono::sys_seconds kEnd = std::chrono::sys_days(std::chrono::January / 3 / 2200);

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  std::chrono::sys_seconds at{std::chrono::minutes(input.number<std::uint32_t>())};
  const auto begin = std::chrono::steady_clock::now();
  const auto schedule = triggers::CronSchedule::parse(input.rest());
  if (!schedule || at > kEnd) return 0;
  for (int run = 0; run < kRuns; ++run) {
    const std::optional<std::chrono::sys_seconds> next = schedule->next(at);
    if (!next) break;
    fuzz::require(*next > at, "the next run is later");
    fuzz::require(*next < kEnd, "no run is after 2199");
    at = *next;
  }
  fuzz::require(std::chrono::steady_clock::now() - begin < kTime, "it takes no time");
  return 0;
}
