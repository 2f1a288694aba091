// One run of a guest in a fresh instance, polled until it is done.
//
// The rules are those of wasmtime/async.h: one live Run on a Store; deleting it early drops the
// guest's stack: that is how a deadline ends a guest. Poll it on one thread at a time.
#pragma once

#include <optional>

#include <roost_engine.h>

#include "wasm/handle.h"
#include "wasm/linker.h"
#include "wasm/store.h"
#include "wasm/trap.h"

namespace wasm {

class Run {
 public:
  // Both outlive the run.
  Run(const EntryPoint& entry_point, Store& store)
      : run_(roost_run_new(entry_point.get(), store.get())) {}

  // Makes the instance, runs its start function, its initializer and its entry point, until all is
  // done (true), its slice is over, or a host call suspended it (false). Not to be called again
  // after true.
  [[nodiscard]] bool poll();

  // After `poll` was true: how it ended; nothing when it returned.
  [[nodiscard]] std::optional<Trap> take_trap();

 private:
  Handle<wasmtime_error_t, wasmtime_error_delete> error_;
  Handle<roost_run_t, roost_run_delete> run_;
};

}  // namespace wasm
