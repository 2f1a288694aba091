// Sizes and durations as people write them: "64MiB", "2s", "1500ms".
//
// Pure. A bare number is bytes or seconds. Errors (kInvalidArgument) say what was read and what
// fits.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace base {

inline constexpr std::uint64_t kKiB = 1024;
inline constexpr std::uint64_t kMiB = 1024 * kKiB;
inline constexpr std::uint64_t kGiB = 1024 * kMiB;

// B, KB, MB, GB (powers of 1000), KiB, MiB, GiB (powers of 1024); no fractions.
Result<std::uint64_t> parse_size(std::string_view text);
// us, ms, s, m, h; no fractions.
Result<std::chrono::microseconds> parse_duration(std::string_view text);

// As parse_duration reads it: "168h", "1500ms".
std::string spell_duration(std::chrono::microseconds span);

std::string format_size(std::uint64_t bytes);                 // "64 MiB", "1.5 KiB", "17 B"
std::string format_duration(std::chrono::microseconds span);  // "12 µs", "1.50 ms", "2.00 s"

}  // namespace base
