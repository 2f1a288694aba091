// Why a guest stopped before its end, with what Wasmtime knows of it kept typed.
// A value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <roost_engine.h>

namespace wasm {

// Wasmtime's trap codes that core modules can raise (wasmtime/trap.h).
enum class TrapCode : std::uint8_t {
  kStackOverflow = WASMTIME_TRAP_CODE_STACK_OVERFLOW,
  kMemoryOutOfBounds = WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS,
  kTableOutOfBounds = WASMTIME_TRAP_CODE_TABLE_OUT_OF_BOUNDS,
  kIndirectCallToNull = WASMTIME_TRAP_CODE_INDIRECT_CALL_TO_NULL,
  kBadSignature = WASMTIME_TRAP_CODE_BAD_SIGNATURE,
  kIntegerOverflow = WASMTIME_TRAP_CODE_INTEGER_OVERFLOW,
  kIntegerDivisionByZero = WASMTIME_TRAP_CODE_INTEGER_DIVISION_BY_ZERO,
  kBadConversionToInteger = WASMTIME_TRAP_CODE_BAD_CONVERSION_TO_INTEGER,
  kUnreachable = WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED,
};

// One line for people, e.g. "call stack exhausted"; empty for a code that is not listed above.
std::string_view describe(TrapCode code);

struct Frame {
  std::string function;    // the name section's; "function 12" without one
  std::size_t offset = 0;  // in the module's file, in bytes
};

struct Trap {
  std::optional<TrapCode> code;  // none: an error of the host or of the engine
  std::string message;
  std::vector<Frame> frames;  // innermost first

  // Takes ownership of the error that a run ended with.
  static Trap adopt(wasmtime_error_t* error);

  // One frame a line: "  at inner (0x1f3)".
  [[nodiscard]] std::string backtrace() const;
};

// The text of an error, which is freed.
std::string take_message(wasmtime_error_t* error);
// The same text with its causes in one line: "cannot parse: unexpected end".
std::string in_one_line(std::string_view text);

}  // namespace wasm
