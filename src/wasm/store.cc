#include "wasm/store.h"

#include <atomic>
#include <utility>

#include "wasm/slot_turn.h"

namespace wasm {

std::uint64_t MemoryBudget::used() const {
  const std::int64_t left = std::atomic_ref(const_cast<std::int64_t&>(left_)).load();
  return static_cast<std::uint64_t>(total_ - left);
}

void Suspension::answer(std::int32_t value) {
  result_->kind = WASMTIME_I32;
  result_->of.i32 = value;
  answered_ = true;
}

Store::Store(const Engine& engine, std::uint64_t memory_limit_bytes, MemoryBudget& budget,
             void* data)
    : limiter_{.limit_bytes = memory_limit_bytes,
               .used_bytes = 0,
               .peak_bytes = 0,
               .refused_bytes = 0,
               .budget = &budget.left_,
               .refused_by = ROOST_REFUSED_NOTHING},
      data_(data),
      store_(wasmtime_store_new(engine.get(), this, nullptr)),
      context_(wasmtime_store_context(store_)) {
  roost_store_limiter(store_, &limiter_);
  set_slice(1);  // without one a guest would trap at once
  wasmtime_store_epoch_deadline_callback(store_, slice_over, this, nullptr);
}

Store::~Store() {
  wasmtime_store_delete(store_);
  roost_limiter_release(&limiter_);
}

void Store::set_slice(std::uint64_t ticks) {
  slice_ticks_ = ticks;
  wasmtime_context_set_epoch_deadline(context_, ticks);
}

// On the guest's stack, where its code has seen that its deadline is over.
wasmtime_error_t* Store::slice_over(wasmtime_context_t* /*context*/, void* data,
                                    std::uint64_t* ticks,
                                    wasmtime_update_deadline_kind_t* what) noexcept {
  [[maybe_unused]] const SlotTurn stack(static_cast<const void*>(__builtin_frame_address(0)));
  Store& store = *static_cast<Store*>(data);
  if (std::exchange(store.renewed_, false)) {
    *ticks = store.slice_ticks_;
    *what = WASMTIME_UPDATE_DEADLINE_CONTINUE;
  } else {
    *ticks = 1;
    *what = WASMTIME_UPDATE_DEADLINE_YIELD;
  }
  return nullptr;
}

}  // namespace wasm
