#include <string_view>

#include <benchmark/benchmark.h>

#include "bench/bench_sandbox.h"
#include "sandbox/compiler.h"

namespace bench {

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "compile") return sandbox::compile_main(0, 1);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace bench
