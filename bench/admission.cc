// Through the door and out again, as Invoker does it, on one loop and on two that share the node's
// places.
#include "invoke/admission.h"

#include <cstdint>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>

namespace {

// So many that starting the threads does not count.
constexpr int kCalls = 1'000'000;

reactor::Task<void> call(invoke::Admission& door, reactor::Loop& loop) {
  const invoke::Admission::Caller caller{.function = catalog::FunctionId(1), .name = "hello"};
  for (int i = 0; i < kCalls; ++i) {
    std::optional<invoke::Admission::Permit> permit = door.try_enter(loop, caller);
    if (permit) continue;
    const auto entered = co_await door.enter(loop, caller);
    if (!entered) std::terminate();
  }
  loop.stop();
}

void admission(benchmark::State& state) {
  telemetry::Metrics metrics;
  invoke::Admission door({}, metrics);
  const auto loops = static_cast<unsigned>(state.range(0));
  for ([[maybe_unused]] auto _ : state) {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < loops; ++i) {
      threads.emplace_back([&door, i] {
        reactor::Loop loop(i);
        loop.spawn(call(door, loop));
        loop.run();
      });
    }
  }
  // Of each loop: all enter at once, and what one entry takes there is the figure.
  state.SetItemsProcessed(state.iterations() * kCalls);
}

BENCHMARK(admission)->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
