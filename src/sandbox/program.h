// A module that is ready to be called, and the rules that make a module one.
// Immutable but for what its calls tell of themselves; safe on any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/error.h"
#include "sandbox/overrun.h"
#include "wasm/linker.h"
#include "wasm/module.h"

namespace sandbox {

inline constexpr std::string_view kEntryPoint = "handle";
inline constexpr std::string_view kInitializer = "_initialize";

struct Program {
  wasm::EntryPoint entry_point;
  std::uint64_t declared_memory_bytes = 0;
  std::unique_ptr<Overrun> overrun = std::make_unique<Overrun>();
  // Its last call took several slices.
  std::unique_ptr<std::atomic<bool>> spins = std::make_unique<std::atomic<bool>>(false);
};

// kInvalidModule unless it exports `memory` and `handle: () -> ()`, imports only what the linker
// has, with the right types, and fits the pool. The message names the import or export.
base::Result<Program> make_program(const wasm::Module& module, const wasm::Linker& linker);

}  // namespace sandbox
