// For the tests of this room: a module from text, compiled, mapped and linked.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include <sys/mman.h>
#include <unistd.h>

#include "wasm/engine.h"
#include "wasm/linker.h"
#include "wasm/module.h"
#include "wasm/run.h"

namespace wasm {

inline Engine make_engine() { return std::move(Engine::serving({.instances = 8}).value()); }

// Compiled by an engine of the other kind, as in the server.
inline base::Result<Module> module_of(const Engine& engine, std::string_view wat) {
  const auto binary = Engine::from_text(wat);
  if (!binary) return base::fail(binary.error());
  const auto code = Engine::compiling()->compile(*binary);
  if (!code) return base::fail(code.error());
  const int file = ::memfd_create("code", MFD_CLOEXEC);
  if (::write(file, code->data(), code->size()) != static_cast<ssize_t>(code->size())) {
    throw std::runtime_error("cannot write a memory file");
  }
  auto module = Module::map(engine, file);
  ::close(file);
  return module;
}

}  // namespace wasm
