// What parsing a cron pattern and computing its next run cost; bench/report.mjs puts croner's
// beside (tests/cron/runs.mjs).
#include <array>
#include <chrono>
#include <string>

#include <benchmark/benchmark.h>

#include "bench/bench_sandbox.h"
#include "triggers/cron_schedule.h"

namespace {

// The last never runs: its cost is that of finding out.
constexpr std::array kPatterns{"* * * * *", "0 3 * * MON-FRI", "0 0 29 2 *", "0 0 31 2 *"};
constexpr std::array kZones{"UTC", "Europe/Berlin"};

std::string text_of(const benchmark::State& state) {
  return std::string(kPatterns[static_cast<std::size_t>(state.range(0))]) + " " +
         kZones[static_cast<std::size_t>(state.range(1))];
}

void parse(benchmark::State& state) {
  const std::string text = text_of(state);
  state.SetLabel(text);
  for ([[maybe_unused]] auto _ : state)
    benchmark::DoNotOptimize(triggers::CronSchedule::parse(text));
}

void next(benchmark::State& state) {
  const std::string text = text_of(state);
  state.SetLabel(text);
  const auto schedule = triggers::CronSchedule::parse(text);
  if (!schedule) return state.SkipWithError(schedule.error().message.c_str());
  const std::chrono::sys_seconds begin = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1};
  std::chrono::hours hour{0};
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(schedule->next(begin + hour));
    hour = (hour + std::chrono::hours{1}) % 100'000;
  }
}

BENCHMARK(parse)->ArgsProduct({{0, 1, 2, 3}, {0, 1}});
BENCHMARK(next)->ArgsProduct({{0, 1, 2, 3}, {0, 1}});

}  // namespace

int main(int argc, char** argv) { return bench::main(argc, argv); }
