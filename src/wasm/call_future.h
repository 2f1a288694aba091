// One run of a guest, polled until it is done.
//
// The type's rules are those of wasmtime/async.h: one live CallFuture on a Store; its arguments and
// the places it writes to stay put until it is deleted (they are members, so a CallFuture does not
// move); deleting it early drops the guest's stack: that is how a deadline ends a guest. Poll it on
// one thread at a time.
#pragma once

#include <optional>
#include <string_view>

#include "wasm/handle.h"
#include "wasm/linker.h"
#include "wasm/store.h"
#include "wasm/trap.h"

namespace wasm {

class Function {
 public:
  Function() = default;

 private:
  friend class CallFuture;
  friend class Instance;
  wasmtime_func_t function_{};
};

class Instance {
 public:
  // An exported function; nothing when there is none of that name.
  [[nodiscard]] std::optional<Function> function(const Store& store, std::string_view name) const;

 private:
  friend class CallFuture;
  wasmtime_instance_t instance_{};
};

class CallFuture {
 public:
  // Makes the instance and runs its start function. All three outlive the future.
  CallFuture(const InstancePre& pre, Store& store, Instance& instance)
      : future_(wasmtime_instance_pre_instantiate_async(pre.get(), store.context(),
                                                        &instance.instance_, &trap_, &error_)) {}
  // Calls a function of type () -> (). Both outlive the future.
  CallFuture(Store& store, const Function& function)
      : future_(wasmtime_func_call_async(store.context(), &function.function_, nullptr, 0, nullptr,
                                         0, &trap_, &error_)) {}
  CallFuture(const CallFuture&) = delete;
  CallFuture& operator=(const CallFuture&) = delete;

  // Runs the guest until it is done (true), its slice is over, or a host call suspended it (false).
  // Not to be called again after true.
  [[nodiscard]] bool poll() { return wasmtime_call_future_poll(future_.get()); }

  // After `poll` was true: how it ended; nothing when it returned.
  [[nodiscard]] std::optional<Trap> take_trap();

 private:
  wasm_trap_t* trap_ = nullptr;        // written when the future finishes
  wasmtime_error_t* error_ = nullptr;  // likewise
  Handle<wasmtime_call_future_t, wasmtime_call_future_delete> future_;
};

}  // namespace wasm
