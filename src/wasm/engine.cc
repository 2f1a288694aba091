#include "wasm/engine.h"

#include <roost_engine.h>

#include "wasm/trap.h"

namespace wasm {
namespace {

constexpr std::size_t kKiB = 1024;
// What wasm itself may use, and the rest of a fiber's stack for host callbacks, which only copy.
constexpr std::size_t kGuestStack = 128 * kKiB;
constexpr std::size_t kFiberStack = kGuestStack + 128 * kKiB;
// Kept and zeroed by memset instead of given back to the kernel: small guests then cost no page
// faults.
constexpr std::size_t kKeepMemory = 64 * kKiB;
constexpr std::size_t kKeepStack = 16 * kKiB;
constexpr std::size_t kKeepTable = 4 * kKiB;
// A slot is given back to the kernel as its call ends. Groups would save a fraction of a
// microsecond, but the pages of up to a group's slots, hundreds of megabytes each, would stay with
// calls that are over and that no budget counts.
constexpr std::size_t kDecommitBatch = 1;
constexpr std::size_t kTableElements = 20'000;
constexpr std::size_t kInstanceBytes = 1024 * kKiB;

using Config = Handle<wasm_config_t, wasm_config_delete>;
using Pool =
    Handle<wasmtime_pooling_allocation_config_t, wasmtime_pooling_allocation_config_delete>;

// Everything that compiled code depends on is set here, for both kinds of engine.
Config base_config() {
  Config config(wasm_config_new());
  wasm_config_t* c = config.get();
  wasmtime_config_epoch_interruption_set(c, true);
  wasmtime_config_max_wasm_stack_set(c, kGuestStack);
  wasmtime_config_async_stack_size_set(c, kFiberStack);
  wasmtime_config_wasm_memory64_set(c, false);
  wasmtime_config_wasm_multi_memory_set(c, false);
  wasmtime_config_wasm_relaxed_simd_deterministic_set(c, true);
  // Registered unwind tables make each C++ throw of the process take a global lock.
  wasmtime_config_native_unwind_info_set(c, false);
#ifdef ROOST_SANITIZED
  // ThreadSanitizer does not see the locks of Rust's threads, and would report them as races.
  wasmtime_config_parallel_compilation_set(c, false);
#endif
  // Memories never move: a slot is reserved whole, and bounds checks are the guard pages'.
  wasmtime_config_memory_may_move_set(c, false);
  wasmtime_config_memory_reservation_set(c, 4ULL << 30U);
  wasmtime_config_memory_guard_size_set(c, 32ULL << 20U);
  return config;
}

Pool pool_config(PoolSize size) {
  Pool pool(wasmtime_pooling_allocation_config_new());
  auto* p = pool.get();
  wasmtime_pooling_allocation_config_total_core_instances_set(p, size.instances);
  wasmtime_pooling_allocation_config_total_memories_set(p, size.instances);
  wasmtime_pooling_allocation_config_total_tables_set(p, size.instances);
  wasmtime_pooling_allocation_config_total_stacks_set(p, size.instances);
  wasmtime_pooling_allocation_config_max_memories_per_module_set(p, 1);
  wasmtime_pooling_allocation_config_max_tables_per_module_set(p, 1);
  wasmtime_pooling_allocation_config_table_elements_set(p, kTableElements);
  wasmtime_pooling_allocation_config_max_core_instance_size_set(p, kInstanceBytes);
  wasmtime_pooling_allocation_config_max_memory_size_set(p, size.max_memory_bytes);
  wasmtime_pooling_allocation_config_linear_memory_keep_resident_set(p, kKeepMemory);
  wasmtime_pooling_allocation_config_async_stack_keep_resident_set(p, kKeepStack);
  wasmtime_pooling_allocation_config_table_keep_resident_set(p, kKeepTable);
  wasmtime_pooling_allocation_config_decommit_batch_size_set(p, kDecommitBatch);
  roost_pooling_pagemap_scan(p);
  return pool;
}

base::Result<wasm_engine_t*> make_engine(Config config) {
  wasm_engine_t* engine = nullptr;
  if (auto* error = roost_engine_new(config.release(), &engine); error != nullptr) {
    return base::fail(base::Code::kUnavailable,
                      "cannot start the WebAssembly engine: " + take_message(error) +
                          "; lower limits.max_concurrency or raise the limit on address space");
  }
  return engine;
}

std::string take_bytes(wasm_byte_vec_t& bytes) {
  std::string result(bytes.data, bytes.size);
  wasm_byte_vec_delete(&bytes);
  return result;
}

}  // namespace

base::Result<Engine> Engine::serving(PoolSize size) {
  Config config = base_config();
  const Pool pool = pool_config(size);
  wasmtime_pooling_allocation_strategy_set(config.get(), pool.get());
  auto engine = make_engine(std::move(config));
  if (!engine) return base::fail(std::move(engine.error()));
  return Engine(*engine);
}

base::Result<Engine> Engine::compiling() {
  auto engine = make_engine(base_config());
  if (!engine) return base::fail(std::move(engine.error()));
  return Engine(*engine);
}

base::Result<std::string> Engine::compile(std::string_view module) const {
  wasmtime_module_t* raw = nullptr;
  if (auto* error = wasmtime_module_new(
          engine_.get(), reinterpret_cast<const std::uint8_t*>(module.data()), module.size(), &raw);
      error != nullptr) {
    return base::fail(base::Code::kInvalidModule,
                      "not a valid module: " + in_one_line(take_message(error)));
  }
  const Handle<wasmtime_module_t, wasmtime_module_delete> compiled(raw);
  wasm_byte_vec_t code;
  if (auto* error = wasmtime_module_serialize(compiled.get(), &code); error != nullptr) {
    return base::fail(base::Code::kInternal, "cannot serialize a module: " + take_message(error));
  }
  return take_bytes(code);
}

base::Result<std::string> Engine::from_text(std::string_view wat) {
  wasm_byte_vec_t bytes;
  if (auto* error = wasmtime_wat2wasm(wat.data(), wat.size(), &bytes); error != nullptr) {
    return base::fail(base::Code::kInvalidModule, take_message(error));
  }
  return take_bytes(bytes);
}

std::uint64_t Engine::compatibility() const { return roost_engine_compatibility(engine_.get()); }

}  // namespace wasm
