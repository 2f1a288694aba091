#include "sandbox/program.h"

#include <algorithm>
#include <string>

#include "base/encoding.h"

namespace sandbox {
namespace {

// Of the ABI, but not in this server: named, so that the message can say so.
constexpr std::string_view kLater = "http_fetch";

std::string spell(const wasm::FunctionType& type) {
  const auto words = [](const std::string& letters) {
    std::string text;
    for (const char letter : letters) {
      if (!text.empty()) text += ", ";
      switch (letter) {
        case 'i':
          text += "i32";
          break;
        case 'I':
          text += "i64";
          break;
        case 'f':
          text += "f32";
          break;
        case 'F':
          text += "f64";
          break;
        case 'v':
          text += "v128";
          break;
        default:
          text += "ref";
          break;
      }
    }
    return "(" + text + ")";
  };
  return words(type.parameters) + " -> " + words(type.results);
}

base::Result<void> check_import(const wasm::Import& import, const wasm::Linker& linker) {
  // Chosen by whoever made the module: bounded, and fit for a terminal.
  const std::string whole = base::escape_controls(import.module + "." + import.name);
  const std::string name = "`" + whole.substr(0, 200) + "`";
  if (import.kind != wasm::ExternKind::kFunction) {
    return base::fail(base::Code::kInvalidModule,
                      "the module imports the " + std::string(wasm::name_of(import.kind)) + " " +
                          name + ": the host offers functions only; define it in the module");
  }
  const auto type = linker.type_of(import.module, import.name);
  if (!type && import.module == "roost" && import.name == kLater) {
    return base::fail(
        base::Code::kInvalidModule,
        "the module imports " + name + ", which this version of Roost does not have yet");
  }
  if (!type) {
    return base::fail(base::Code::kInvalidModule,
                      "the module imports " + name +
                          ", which the host does not have: docs/abi.md lists what it has");
  }
  if (*type != import.function) {
    return base::fail(base::Code::kInvalidModule, "the module imports " + name + " as " +
                                                      spell(import.function) + ", but it is " +
                                                      spell(*type));
  }
  return {};
}

base::Result<void> check_entry_point(const std::vector<wasm::Export>& exports) {
  const auto* wanted = "export `handle` of type () -> ()";
  const auto found = std::ranges::find(exports, kEntryPoint, &wasm::Export::name);
  if (found == exports.end()) {
    return base::fail(base::Code::kInvalidModule,
                      std::string("the module has no entry point: ") + wanted);
  }
  if (found->kind != wasm::ExternKind::kFunction || found->function != wasm::FunctionType{}) {
    return base::fail(base::Code::kInvalidModule, "the module's `handle` is a " +
                                                      std::string(wasm::name_of(found->kind)) +
                                                      " " + spell(found->function) + ": " + wanted);
  }
  return {};
}

// A module may do without one.
base::Result<void> check_initializer(const std::vector<wasm::Export>& exports) {
  const auto found = std::ranges::find(exports, kInitializer, &wasm::Export::name);
  if (found == exports.end()) return {};
  if (found->kind != wasm::ExternKind::kFunction || found->function != wasm::FunctionType{}) {
    return base::fail(base::Code::kInvalidModule,
                      "the module's `_initialize` must be a function of type () -> ()");
  }
  return {};
}

base::Result<std::uint64_t> declared_memory(const std::vector<wasm::Export>& exports) {
  const auto found = std::ranges::find(exports, "memory", &wasm::Export::name);
  if (found == exports.end() || found->kind != wasm::ExternKind::kMemory) {
    return base::fail(base::Code::kInvalidModule,
                      "the module does not export its memory: export it as `memory`");
  }
  return found->memory_minimum_bytes;
}

}  // namespace

base::Result<Program> make_program(const wasm::Module& module, const wasm::Linker& linker) {
  for (const wasm::Import& import : module.imports()) {
    if (auto checked = check_import(import, linker); !checked) return base::fail(checked.error());
  }
  const std::vector<wasm::Export> exports = module.exports();
  if (auto checked = check_entry_point(exports); !checked) return base::fail(checked.error());
  if (auto checked = check_initializer(exports); !checked) return base::fail(checked.error());
  const auto memory = declared_memory(exports);
  if (!memory) return base::fail(memory.error());
  auto entry_point = linker.link(module, kInitializer, kEntryPoint);
  if (!entry_point) return base::fail(entry_point.error());
  return Program{std::move(*entry_point), *memory};
}

}  // namespace sandbox
