// One call in the process: a fresh instance of examples/hello, from admission's far side to its
// answer.
//
// Bar: 6 µs. `bare` is the least a guest can do: an answer from its data, nothing read, nothing
// logged.
#include <benchmark/benchmark.h>

#include "bench/bench_sandbox.h"

namespace {

void invoke_simple_function(benchmark::State& state, const char* wasm) {
  bench::BenchSandbox sandbox(wasm);
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(sandbox.call());
}

BENCHMARK_CAPTURE(invoke_simple_function, hello, ROOST_HELLO)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(invoke_simple_function, bare, ROOST_BARE)->Unit(benchmark::kMicrosecond);

}  // namespace

int main(int argc, char** argv) { return bench::main(argc, argv); }
