// The first call of a deployed function after a restart: its compiled code is read and checked,
// mapped and linked, and it is called.
//
// Bar: 1 ms. Starting the engine itself (the pool's reservation) is not counted: a server has done
// that before it listens.
#include <chrono>

#include <benchmark/benchmark.h>

#include "bench/bench_sandbox.h"

namespace {

void cold_start(benchmark::State& state) {
  bench::BenchSandbox sandbox(ROOST_HELLO);
  for ([[maybe_unused]] auto _ : state) {
    sandbox.open();
    const auto begin = std::chrono::steady_clock::now();
    benchmark::DoNotOptimize(sandbox.call());
    state.SetIterationTime(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
}

BENCHMARK(cold_start)->UseManualTime()->Unit(benchmark::kMicrosecond);

}  // namespace

int main(int argc, char** argv) { return bench::main(argc, argv); }
