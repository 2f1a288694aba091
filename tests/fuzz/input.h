// An input of the fuzzer, read from the front, and what has to hold of it.
//
// Past the end there are zeros and empty texts, so every input is one. Views show the input.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <type_traits>

// What libFuzzer calls; each target is one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace fuzz {

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size)
      : left_(reinterpret_cast<const char*>(data), size) {}

  [[nodiscard]] bool empty() const { return left_.empty(); }

  // Its bytes in this machine's order.
  template <class T>
  T number() {
    static_assert(std::is_integral_v<T>);
    T value = 0;
    const std::string_view bytes = text(sizeof value);
    if (!bytes.empty()) std::memcpy(&value, bytes.data(), bytes.size());
    return value;
  }
  // At most so many bytes.
  std::string_view text(std::size_t size) {
    const std::string_view taken = left_.substr(0, size);
    left_.remove_prefix(taken.size());
    return taken;
  }
  // Up to the next LF, which is taken too.
  std::string_view line() {
    const std::string_view taken = text(std::min(left_.find('\n'), left_.size()));
    left_.remove_prefix(left_.empty() ? 0 : 1);
    return taken;
  }
  [[nodiscard]] std::string_view rest() const { return left_; }

 private:
  std::string_view left_;
};

// Ends the process, which libFuzzer and ctest take as a finding.
inline void require(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

}  // namespace fuzz
