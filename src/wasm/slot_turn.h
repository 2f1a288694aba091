// What a host function does on the guest's stack and in its memory, as ThreadSanitizer is told of
// it.
//
// Wasmtime's pool gives a call a stack and a memory that another thread's call has just given back.
// The lock between them is Rust's, which ThreadSanitizer does not see, so it takes the one's writes
// and the other's for a race. A SlotTurn says that it comes after those that were at the same
// place before. In other builds it is nothing.
#pragma once

#ifdef __clang__
#if __has_feature(thread_sanitizer)
#define ROOST_SLOT_TURNS 1
#endif
#endif

#ifdef ROOST_SLOT_TURNS
#include <array>
#include <cstddef>
#include <cstdint>

#include <sanitizer/tsan_interface.h>
#endif

namespace wasm {

#ifdef ROOST_SLOT_TURNS
class SlotTurn {
 public:
  // A frame that begins in one piece of a stack may end in the piece below.
  explicit SlotTurn(const void* place) : piece_(reinterpret_cast<std::uintptr_t>(place) >> 16U) {
    __tsan_acquire(key(piece_));
    __tsan_acquire(key(piece_ - 1));
  }
  explicit SlotTurn(const auto& find) : SlotTurn(static_cast<const void*>(find())) {}
  SlotTurn(const SlotTurn&) = delete;
  SlotTurn& operator=(const SlotTurn&) = delete;
  ~SlotTurn() {
    __tsan_release(key(piece_));
    __tsan_release(key(piece_ - 1));
  }

 private:
  static void* key(std::uintptr_t piece) {
    static std::array<std::uint64_t, 8191> keys;
    return &keys[piece % keys.size()];
  }
  const std::uintptr_t piece_;
};
#else
class SlotTurn {
 public:
  explicit SlotTurn(const void* /*place*/) {}
  explicit SlotTurn(const auto& /*find*/) {}  // which is not called
};
#endif

}  // namespace wasm
