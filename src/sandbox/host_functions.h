// Links what `host/` offers into wasm, under the import names of docs/abi.md.
//
// The host knows no Wasmtime, wasm/ knows no host: this is the one place where they meet. Store
// data of every guest is a GuestState.
#pragma once

#include "base/deadline.h"
#include "host/call.h"
#include "wasm/linker.h"

namespace sandbox {

// What host functions share with the driver of the same call.
struct GuestState {
  host::Call call;
  // Until when a suspended host call sleeps.
  base::Deadline wake = base::Deadline::never();
};

wasm::Linker link_host_functions(const wasm::Engine& engine);

}  // namespace sandbox
