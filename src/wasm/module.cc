#include "wasm/module.h"

#include <array>
#include <utility>

#include "wasm/trap.h"

namespace wasm {
namespace {

using ValueType = Handle<wasm_valtype_t, wasm_valtype_delete>;

// By comparing, because wasm_valtype_kind ends the process on a v128 or a typed reference, and
// these are types that any guest may name.
char letter_of(const wasm_valtype_t* type) {
  static const std::array<std::pair<char, ValueType>, 5> kKnown{{
      {'i', ValueType(wasm_valtype_new(WASM_I32))},
      {'I', ValueType(wasm_valtype_new(WASM_I64))},
      {'f', ValueType(wasm_valtype_new(WASM_F32))},
      {'F', ValueType(wasm_valtype_new(WASM_F64))},
      {'v', ValueType(wasmtime_wasm_valtype_v128())},
  }};
  for (const auto& [letter, known] : kKnown) {
    if (wasmtime_wasm_valtype_equal(type, known.get())) return letter;
  }
  return 'r';
}

std::string letters_of(const wasm_valtype_vec_t* types) {
  std::string letters;
  for (std::size_t i = 0; i < types->size; ++i) letters += letter_of(types->data[i]);
  return letters;
}

ExternKind kind_of(const wasm_externtype_t* type) {
  switch (wasm_externtype_kind(type)) {
    case WASM_EXTERN_FUNC:
      return ExternKind::kFunction;
    case WASM_EXTERN_GLOBAL:
      return ExternKind::kGlobal;
    case WASM_EXTERN_TABLE:
      return ExternKind::kTable;
    case WASM_EXTERN_MEMORY:
      return ExternKind::kMemory;
    default:
      return ExternKind::kTag;
  }
}

FunctionType function_type_of(const wasm_externtype_t* type) {
  const wasm_functype_t* function = wasm_externtype_as_functype_const(type);
  if (function == nullptr) return {};
  return {letters_of(wasm_functype_params(function)), letters_of(wasm_functype_results(function))};
}

std::uint64_t minimum_bytes_of(const wasm_externtype_t* type) {
  const wasm_memorytype_t* memory = wasm_externtype_as_memorytype_const(type);
  if (memory == nullptr) return 0;
  return wasmtime_memorytype_minimum(memory) * 65'536;
}

std::string text_of(const wasm_name_t* name) { return {name->data, name->size}; }

}  // namespace

std::string_view name_of(ExternKind kind) {
  switch (kind) {
    case ExternKind::kFunction:
      return "function";
    case ExternKind::kGlobal:
      return "global";
    case ExternKind::kTable:
      return "table";
    case ExternKind::kMemory:
      return "memory";
    case ExternKind::kTag:
      return "tag";
  }
  return "item";
}

base::Result<Module> Module::map(const Engine& engine, int descriptor) {
  // The path of the descriptor itself: what was hashed is what is mapped, whatever the file's name
  // points to by now.
  const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  wasmtime_module_t* module = nullptr;
  if (auto* error = wasmtime_module_deserialize_file(engine.get(), path.c_str(), &module);
      error != nullptr) {
    const std::string message = take_message(error);
    // So Rust ends the text of each errno; nothing that a module chooses is in these texts.
    const bool by_system = message.contains("os error ");
    return base::fail(by_system ? base::Code::kUnavailable : base::Code::kStorage,
                      "cannot load compiled code: " + message);
  }
  return Module(module);
}

std::vector<Import> Module::imports() const {
  wasm_importtype_vec_t list;
  wasmtime_module_imports(module_.get(), &list);
  std::vector<Import> imports;
  imports.reserve(list.size);
  for (std::size_t i = 0; i < list.size; ++i) {
    const wasm_externtype_t* type = wasm_importtype_type(list.data[i]);
    imports.push_back({text_of(wasm_importtype_module(list.data[i])),
                       text_of(wasm_importtype_name(list.data[i])), kind_of(type),
                       function_type_of(type)});
  }
  wasm_importtype_vec_delete(&list);
  return imports;
}

std::vector<Export> Module::exports() const {
  wasm_exporttype_vec_t list;
  wasmtime_module_exports(module_.get(), &list);
  std::vector<Export> exports;
  exports.reserve(list.size);
  for (std::size_t i = 0; i < list.size; ++i) {
    const wasm_externtype_t* type = wasm_exporttype_type(list.data[i]);
    exports.push_back({text_of(wasm_exporttype_name(list.data[i])), kind_of(type),
                       function_type_of(type), minimum_bytes_of(type)});
  }
  wasm_exporttype_vec_delete(&list);
  return exports;
}

}  // namespace wasm
