#include "wasm/store.h"

#include <atomic>

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
  // Declared with a return value that it does not set.
  wasmtime_context_epoch_deadline_async_yield_and_update(context_, 1);
}

Store::~Store() {
  wasmtime_store_delete(store_);
  roost_limiter_release(&limiter_);
}

void Store::set_slice(std::uint64_t ticks) { wasmtime_context_set_epoch_deadline(context_, ticks); }

}  // namespace wasm
