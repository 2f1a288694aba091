// The world of one guest: its memory, its limits, and what its host functions share.
//
// One instance lives in a Store, and the Store is deleted with it (a fresh one for each call).
// Belongs to one loop at a time; it stays where it was made (host functions keep its address).
// Rules of the C API (wasmtime/async.h): at most one live Run on a Store, and nothing else
// touches the Store until that is deleted.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include <roost_engine.h>

#include "wasm/engine.h"
#include "wasm/handle.h"

namespace wasm {

// What all guests of the node may take together. Outlives every Store that draws on it.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::uint64_t bytes)
      : total_(static_cast<std::int64_t>(bytes)), left_(total_) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  [[nodiscard]] std::uint64_t total() const { return static_cast<std::uint64_t>(total_); }
  [[nodiscard]] std::uint64_t used() const;

 private:
  friend class Store;
  std::int64_t total_;
  std::int64_t left_;  // changed atomically by the limiter in engine/
};

enum class Refused : std::uint8_t {
  kNothing = ROOST_REFUSED_NOTHING,
  kByLimit = ROOST_REFUSED_BY_LIMIT,
  kByBudget = ROOST_REFUSED_BY_BUDGET,
};

// A host call that has suspended its guest, until somebody answers it.
class Suspension {
 public:
  [[nodiscard]] bool waiting() const { return result_ != nullptr && !answered_; }
  // The host call returns `value` when the guest is polled next.
  void answer(std::int32_t value);

 private:
  friend class Linker;
  wasmtime_val_t* result_ =
      nullptr;  // kept by Wasmtime until the continuation has said that it is done
  bool answered_ = false;
};

class Store {
 public:
  // `data` is what host functions find in Caller::data; it, the engine and the budget outlive the
  // Store.
  Store(const Engine& engine, std::uint64_t memory_limit_bytes, MemoryBudget& budget, void* data);
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  ~Store();

  // After `ticks` more of Engine::tick the guest yields, then once a tick; 1 from the start. Before
  // its Run is made.
  void set_slice(std::uint64_t ticks);
  // Whenever no poll is under way: the guest runs through the end of its slice once, into another
  // of the length that set_slice gave. The rules forbid to set the deadline itself while a Run
  // lives.
  void renew_slice() { renewed_ = true; }

  [[nodiscard]] std::uint64_t peak_memory_bytes() const { return limiter_.peak_bytes; }
  // The first growth that was refused: by whom, and what the store would have used.
  [[nodiscard]] Refused refused() const { return static_cast<Refused>(limiter_.refused_by); }
  [[nodiscard]] std::uint64_t refused_bytes() const { return limiter_.refused_bytes; }

  Suspension& suspension() { return suspension_; }
  [[nodiscard]] void* data() const { return data_; }
  [[nodiscard]] wasmtime_store_t* get() const { return store_; }

 private:
  friend class Caller;

  static wasmtime_error_t* slice_over(wasmtime_context_t* context, void* store,
                                      std::uint64_t* ticks,
                                      wasmtime_update_deadline_kind_t* what) noexcept;

  roost_limiter_t limiter_;
  void* data_;
  std::uint64_t slice_ticks_ = 1;
  bool renewed_ = false;
  Suspension suspension_;
  // Of the one instance; looked up by the first host call that asks for it.
  std::optional<wasmtime_memory_t> memory_;
  wasmtime_store_t* store_;
  wasmtime_context_t* context_;
};

}  // namespace wasm
