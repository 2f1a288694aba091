// Compiled code, mapped and ready to link, and what it asks for and offers.
//
// Immutable once loaded; safe on any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "wasm/engine.h"
#include "wasm/handle.h"

namespace wasm {

enum class ExternKind : std::uint8_t { kFunction, kGlobal, kTable, kMemory, kTag };
std::string_view name_of(ExternKind kind);

// A function's type in letters: i = i32, I = i64, f = f32, F = f64, v = v128, r = a reference.
struct FunctionType {
  std::string parameters;
  std::string results;
  bool operator==(const FunctionType&) const = default;
};

struct Import {
  std::string module;
  std::string name;
  ExternKind kind = ExternKind::kFunction;
  FunctionType function;  // of functions
};

struct Export {
  std::string name;
  ExternKind kind = ExternKind::kFunction;
  FunctionType function;                   // of functions
  std::uint64_t memory_minimum_bytes = 0;  // of memories
};

class Module {
 public:
  // Maps the code in an open file. The file must be what Engine::compile made, unchanged: code is
  // not checked again, so whoever calls this has checked its hash. kUnavailable when the system has
  // no more mappings or open files for it; kStorage when it is for another engine, or not for this
  // one's pool.
  static base::Result<Module> map(const Engine& engine, int descriptor);

  [[nodiscard]] std::vector<Import> imports() const;
  [[nodiscard]] std::vector<Export> exports() const;
  [[nodiscard]] const wasmtime_module_t* get() const { return module_.get(); }

 private:
  explicit Module(wasmtime_module_t* module) : module_(module) {}
  Handle<wasmtime_module_t, wasmtime_module_delete> module_;
};

}  // namespace wasm
