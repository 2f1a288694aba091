// A guest's linear memory for the length of one host call.
//
// Made by the sandbox at the beginning of a callback and gone at its end: growing the memory moves
// or resizes it, so nobody keeps a GuestMemory or a span of it across a suspension. All access goes
// through `read` and `write`, which check the whole range in 64 bits first.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

namespace host {

class GuestMemory {
 public:
  explicit GuestMemory(std::span<std::uint8_t> bytes) : bytes_(bytes) {}

  // Nothing when any byte of [pointer, pointer + length) is outside.
  [[nodiscard]] std::optional<std::string_view> read(std::uint32_t pointer,
                                                     std::uint32_t length) const {
    if (!fits(pointer, length)) return std::nullopt;
    return std::string_view(reinterpret_cast<const char*>(bytes_.data()) + pointer, length);
  }
  [[nodiscard]] std::optional<std::span<std::uint8_t>> writable(std::uint32_t pointer,
                                                                std::uint32_t length) const {
    if (!fits(pointer, length)) return std::nullopt;
    return bytes_.subspan(pointer, length);
  }
  [[nodiscard]] bool write(std::uint32_t pointer, std::string_view from) const {
    const auto target = writable(pointer, static_cast<std::uint32_t>(from.size()));
    if (!target || from.size() > UINT32_MAX) return false;
    if (!from.empty()) std::memcpy(target->data(), from.data(), from.size());
    return true;
  }
  // Little-endian integers, as WebAssembly stores them (and so does every host we build for).
  template <class T>
  [[nodiscard]] bool store(std::uint32_t pointer, T value) const {
    return write(pointer, {reinterpret_cast<const char*>(&value), sizeof value});
  }
  template <class T>
  [[nodiscard]] std::optional<T> load(std::uint32_t pointer) const {
    const auto from = read(pointer, sizeof(T));
    if (!from) return std::nullopt;
    T value;
    std::memcpy(&value, from->data(), sizeof value);
    return value;
  }

 private:
  [[nodiscard]] bool fits(std::uint32_t pointer, std::uint32_t length) const {
    return static_cast<std::uint64_t>(pointer) + length <= bytes_.size();
  }
  std::span<std::uint8_t> bytes_;
};

}  // namespace host
