#include "base/id.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/crypto.h"

namespace base {
namespace {

constexpr std::size_t kUuidBytes = 16;
constexpr std::size_t kTimeBytes = 6;
constexpr std::size_t kRandomBytes = kUuidBytes - kTimeBytes;

// Each invocation gets an id, and one call of the generator costs as much as a hundred bytes of it:
// each thread draws for 64 ids at once.
class RandomPool {
 public:
  void take(std::uint8_t* out) {
    if (used_ == bytes_.size()) refill();
    std::memcpy(out, bytes_.data() + used_, kRandomBytes);
    used_ += kRandomBytes;
  }

 private:
  void refill() {
    fill_random(bytes_.data(), bytes_.size());
    used_ = 0;
  }

  std::array<std::uint8_t, 64 * kRandomBytes> bytes_{};
  std::size_t used_ = 64 * kRandomBytes;
};

std::string format_uuid(const std::array<std::uint8_t, kUuidBytes>& bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text.push_back('-');
    text.push_back(kDigits[bytes[i] >> 4U]);
    text.push_back(kDigits[bytes[i] & 0xFU]);
  }
  return text;
}

}  // namespace

std::string make_uuid(std::chrono::system_clock::time_point now) {
  thread_local RandomPool pool;
  std::array<std::uint8_t, kUuidBytes> bytes{};
  const auto since_epoch = std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch());
  const auto millis = static_cast<std::uint64_t>(since_epoch.count());
  for (std::size_t i = 0; i < kTimeBytes; ++i) {
    bytes[i] = static_cast<std::uint8_t>(millis >> (8 * (kTimeBytes - 1 - i)));
  }
  pool.take(bytes.data() + kTimeBytes);
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0FU) | 0x70U);  // version 7
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3FU) | 0x80U);  // RFC 9562's variant
  return format_uuid(bytes);
}

}  // namespace base
