#include "wasm/call_future.h"

#include <utility>

namespace wasm {

std::optional<Function> Instance::function(const Store& store, std::string_view name) const {
  wasmtime_extern_t item;
  if (!wasmtime_instance_export_get(store.context(), &instance_, name.data(), name.size(), &item)) {
    return std::nullopt;
  }
  if (item.kind != WASMTIME_EXTERN_FUNC) {
    wasmtime_extern_delete(&item);
    return std::nullopt;
  }
  Function function;
  function.function_ = item.of.func;
  return function;
}

std::optional<Trap> CallFuture::take_trap() {
  if (trap_ != nullptr) return Trap::adopt(std::exchange(trap_, nullptr));
  if (error_ != nullptr) return Trap::adopt(std::exchange(error_, nullptr));
  return std::nullopt;
}

}  // namespace wasm
