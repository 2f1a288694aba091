// The engine: compiles modules, holds the pool of instances, and counts the ticks that end guests'
// slices.
//
// Two kinds, which agree on every setting that compiled code depends on, so that code made by the
// one runs in the other: `serving` keeps a pool of slots (memory, table and stack each),
// `compiling` allocates on demand, because the pool's reservation of address space does not fit
// under a compiler child's limit. One serving engine per process; safe on any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "wasm/handle.h"

namespace wasm {

struct PoolSize {
  std::uint32_t instances = 1000;
  std::uint64_t max_memory_bytes = 512ULL << 20U;  // of one instance
};

class Engine {
 public:
  // kUnavailable when the address space cannot be reserved.
  static base::Result<Engine> serving(PoolSize pool);
  static base::Result<Engine> compiling();

  // Machine code for this engine and any other of the same `compatibility`. kInvalidModule.
  [[nodiscard]] base::Result<std::string> compile(std::string_view module) const;
  // The same from the text format, for tests and tools.
  static base::Result<std::string> from_text(std::string_view wat);

  // Changes with the engine's version, the processor's features and the settings.
  [[nodiscard]] std::uint64_t compatibility() const;

  // Ends the slice of every guest that has used its own up. Safe on any thread.
  void tick() const { wasmtime_engine_increment_epoch(engine_.get()); }

  [[nodiscard]] wasm_engine_t* get() const { return engine_.get(); }

 private:
  explicit Engine(wasm_engine_t* engine) : engine_(engine) {}
  Handle<wasm_engine_t, wasm_engine_delete> engine_;
};

}  // namespace wasm
