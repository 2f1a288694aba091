#include "host/assemblyscript.h"

#include <algorithm>
#include <string>

namespace host {
namespace {

constexpr std::uint32_t kMaxTextBytes = 2048;
constexpr std::uint32_t kLengthBytes = 4;

// ASCII as it is and '?' for the rest: a message for a log, not a text to keep.
std::string read_text(const GuestMemory& memory, std::uint32_t pointer) {
  if (pointer < kLengthBytes) return {};
  const auto length = memory.load<std::uint32_t>(pointer - kLengthBytes);
  if (!length) return {};
  const auto bytes = memory.read(pointer, std::min(*length, kMaxTextBytes) & ~1U);
  if (!bytes) return {};
  std::string text;
  for (std::size_t i = 0; i < bytes->size(); i += 2) {
    const char low = (*bytes)[i];
    text += (*bytes)[i + 1] == 0 && low >= ' ' && low <= '~' ? low : '?';
  }
  return text;
}

}  // namespace

Answer<Unit> assemblyscript_abort(Call& call, GuestMemory memory, std::uint32_t message,
                                  std::uint32_t file, std::uint32_t line, std::uint32_t column) {
  std::string text = read_text(memory, message);
  if (text.empty()) text = "abort";
  if (const std::string name = read_text(memory, file); !name.empty()) {
    text += " at " + name + ":" + std::to_string(line) + ":" + std::to_string(column);
  }
  call.failure = base::Error{base::Code::kTrap, "the function aborted: " + text};
  return std::nullopt;
}

}  // namespace host
