#include "wasm/run.h"

namespace wasm {

bool Run::poll() {
  wasmtime_error_t* error = nullptr;
  const bool done = roost_run_poll(run_.get(), &error);
  error_.reset(error);
  return done;
}

std::optional<Trap> Run::take_trap() {
  if (!error_) return std::nullopt;
  return Trap::adopt(error_.release());
}

}  // namespace wasm
