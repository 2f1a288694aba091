#include "host/assemblyscript.h"

#include <string>
#include <string_view>

namespace host {
namespace {

// A longer one is left out: cut short before it is redacted, it could end in half a secret.
constexpr std::uint32_t kMaxTextBytes = 1 << 20;
constexpr std::uint32_t kLengthBytes = 4;

void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += {static_cast<char>(0xc0U | (code >> 6U)), static_cast<char>(0x80U | (code & 0x3fU))};
  } else if (code < 0x10000) {
    out += {static_cast<char>(0xe0U | (code >> 12U)),
            static_cast<char>(0x80U | ((code >> 6U) & 0x3fU)),
            static_cast<char>(0x80U | (code & 0x3fU))};
  } else {
    out += {static_cast<char>(0xf0U | (code >> 18U)),
            static_cast<char>(0x80U | ((code >> 12U) & 0x3fU)),
            static_cast<char>(0x80U | ((code >> 6U) & 0x3fU)),
            static_cast<char>(0x80U | (code & 0x3fU))};
  }
}

// UTF-16LE to UTF-8 (RFC 2781), every character as it is: only then does redaction find a secret. A
// lone surrogate is U+FFFD.
std::string to_utf8(std::string_view bytes) {
  const auto unit = [bytes](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) |
           static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i + 1])) << 8U;
  };
  std::string text;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    std::uint32_t code = unit(i);
    const bool high = code >= 0xd800 && code < 0xdc00;
    if (high && i + 3 < bytes.size() && unit(i + 2) >= 0xdc00 && unit(i + 2) < 0xe000) {
      code = 0x10000 + ((code - 0xd800) << 10U) + (unit(i + 2) - 0xdc00);
      i += 2;
    } else if (code >= 0xd800 && code < 0xe000) {
      code = 0xfffd;
    }
    append_utf8(text, code);
  }
  return text;
}

std::string read_text(const GuestMemory& memory, std::uint32_t pointer) {
  if (pointer < kLengthBytes) return {};
  const auto length = memory.load<std::uint32_t>(pointer - kLengthBytes);
  if (!length || *length > kMaxTextBytes) return {};
  const auto bytes = memory.read(pointer, *length);
  return bytes ? to_utf8(*bytes) : std::string();
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
