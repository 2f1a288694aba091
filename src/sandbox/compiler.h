// Compiles untrusted modules in a child process of our own program.
//
// A compiler is a large program fed by strangers: it runs apart, with an environment of nothing,
// under limits of memory, time and output, gives way to whoever serves, and dies with us. How many
// run at once is the caller's to say. `compile` blocks: for the pool of long work.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/error.h"

namespace sandbox {

struct CompilerLimits {
  std::uint64_t memory_bytes = 3ULL << 30U;  // of address space
  std::chrono::seconds cpu{120};
  std::chrono::seconds wall{60};
};

class Compiler {
 public:
  // `program` is `roost`.
  explicit Compiler(std::filesystem::path program, CompilerLimits limits = {})
      : program_(std::move(program)), limits_(limits) {}

  // Writes the code for `module` to `out`. kInvalidModule when the module is not valid or takes
  // more than the limits; kUnavailable when the child cannot be started.
  [[nodiscard]] base::Result<void> compile(std::string_view module, int out) const;

 private:
  const std::filesystem::path program_;
  const CompilerLimits limits_;
};

// The child's side, behind the hidden `roost compile`: reads a module, writes its code, says on
// standard error what is wrong. The exit code: 0, 1 for a module that is not valid, 2 for a failure
// of ours.
int compile_main(int in, int out);

}  // namespace sandbox
