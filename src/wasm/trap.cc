#include "wasm/trap.h"

#include <algorithm>
#include <cstdio>

namespace wasm {
namespace {

std::string text_of(const wasm_byte_vec_t& bytes) { return {bytes.data, bytes.size}; }

std::vector<Frame> take_frames(wasm_frame_vec_t& list) {
  std::vector<Frame> frames;
  frames.reserve(list.size);
  for (std::size_t i = 0; i < list.size; ++i) {
    const wasm_name_t* name = wasmtime_frame_func_name(list.data[i]);
    frames.push_back({name != nullptr
                          ? text_of(*name)
                          : "function " + std::to_string(wasm_frame_func_index(list.data[i])),
                      wasm_frame_module_offset(list.data[i])});
  }
  wasm_frame_vec_delete(&list);
  return frames;
}

// Wasmtime's text goes on with the backtrace, which `frames` has: the first line is the message.
std::string first_line(std::string text) {
  if (const auto end = text.find_first_of(std::string_view("\n\0", 2)); end != std::string::npos) {
    text.resize(end);
  }
  return text;
}

// The text after "Caused by:" is the cause itself; the first line only says that wasm was running.
std::string cause_of(const std::string& text) {
  constexpr std::string_view kMark = "Caused by:\n";
  const auto mark = text.rfind(kMark);
  if (mark == std::string::npos) return first_line(text);
  const auto begin = text.find_first_not_of(" 0123456789:", mark + kMark.size());
  return begin == std::string::npos ? first_line(text) : first_line(text.substr(begin));
}

}  // namespace

std::string_view describe(TrapCode code) {
  switch (code) {
    case TrapCode::kStackOverflow:
      return "call stack exhausted";
    case TrapCode::kMemoryOutOfBounds:
      return "memory access out of bounds";
    case TrapCode::kTableOutOfBounds:
      return "table access out of bounds";
    case TrapCode::kIndirectCallToNull:
      return "indirect call to a null function";
    case TrapCode::kBadSignature:
      return "indirect call with a wrong signature";
    case TrapCode::kIntegerOverflow:
      return "integer overflow";
    case TrapCode::kIntegerDivisionByZero:
      return "integer division by zero";
    case TrapCode::kBadConversionToInteger:
      return "conversion of a float that no integer holds";
    case TrapCode::kUnreachable:
      return "unreachable code reached";
  }
  return {};
}

Trap Trap::adopt(wasmtime_error_t* error) {
  Trap result;
  wasmtime_trap_code_t code = 0;
  if (roost_error_trap_code(error, &code)) result.code = static_cast<TrapCode>(code);
  wasm_frame_vec_t frames;
  wasmtime_error_wasm_trace(error, &frames);
  result.frames = take_frames(frames);
  const std::string text = take_message(error);
  if (result.code) result.message = describe(*result.code);
  // Of a code that is not listed Wasmtime has words too.
  if (result.message.empty()) {
    constexpr std::string_view kPrefix = "wasm trap: ";
    result.message = cause_of(text);
    if (result.message.starts_with(kPrefix)) result.message.erase(0, kPrefix.size());
  }
  return result;
}

std::string Trap::backtrace() const {
  std::string text;
  for (const Frame& frame : frames) {
    char offset[32];
    std::snprintf(offset, sizeof offset, " (0x%zx)", frame.offset);
    if (!text.empty()) text += '\n';
    text += "  at " + frame.function + offset;
  }
  return text;
}

std::string in_one_line(std::string_view text) {
  constexpr std::string_view kMark = "\n\nCaused by:";
  constexpr std::string_view kNumbers = " 0123456789:";  // "   1: " before each of several causes
  const auto mark = text.find(kMark);
  if (mark == std::string_view::npos) return std::string(text);
  std::string line(text.substr(0, mark));
  text.remove_prefix(mark + kMark.size());
  while (!text.empty()) {
    text.remove_prefix(1);  // an LF
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view cause = text.substr(0, end);
    const auto begin = cause.find_first_not_of(kNumbers);
    if (begin != std::string_view::npos) line.append(": ").append(cause.substr(begin));
    text.remove_prefix(end);
  }
  return line;
}

std::string take_message(wasmtime_error_t* error) {
  wasm_name_t text;
  wasmtime_error_message(error, &text);
  std::string message = text_of(text);
  wasm_name_delete(&text);
  wasmtime_error_delete(error);
  return message;
}

}  // namespace wasm
