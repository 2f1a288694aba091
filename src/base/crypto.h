// Digests, MACs and randomness (OpenSSL underneath; named nowhere else).
//
// Pure functions, safe on any thread. Nothing here keeps state or does I/O.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace base {

using Sha256 = std::array<std::uint8_t, 32>;

// FIPS 180-4.
Sha256 sha256(std::string_view bytes);
// RFC 2104 with SHA-256.
Sha256 hmac_sha256(std::string_view key, std::string_view message);

// The same digest over pieces; `finish` may be called once.
class Sha256Stream {
 public:
  Sha256Stream();
  Sha256Stream(const Sha256Stream&) = delete;
  Sha256Stream& operator=(const Sha256Stream&) = delete;
  ~Sha256Stream();
  void update(std::string_view bytes);
  Sha256 finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// From the system's generator; aborts the process if that fails (nothing safe could follow).
void fill_random(void* out, std::size_t size);
std::string random_bytes(std::size_t size);

// Time does not depend on where the two differ; unequal lengths are unequal.
bool equal_constant_time(std::string_view a, std::string_view b);

inline std::string_view as_view(const Sha256& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace base
