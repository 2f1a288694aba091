// How long the random tests run: briefly and with fixed seeds in ctest, and as long as one likes
// with new seeds when ROOST_SOAK says how many times as long (scripts/soak).
#pragma once

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <vector>

namespace differential {

inline int soak_factor() {
  const char* const factor = std::getenv("ROOST_SOAK");
  return factor == nullptr ? 0 : std::atoi(factor);
}

inline int soak_size(int usual) { return soak_factor() > 0 ? usual * soak_factor() : usual; }

// ROOST_SOAK_SEED repeats a run: its seeds are printed.
inline std::vector<std::uint64_t> soak_seeds(std::vector<std::uint64_t> fixed) {
  if (soak_factor() == 0) return fixed;
  const char* const given = std::getenv("ROOST_SOAK_SEED");
  const std::uint64_t first =
      given == nullptr ? std::random_device()() : std::strtoull(given, nullptr, 10);
  for (std::size_t i = 0; i < fixed.size(); ++i) fixed[i] = first + i;
  std::cout << "seeds " << first << " to " << first + fixed.size() - 1 << "\n";
  return fixed;
}

}  // namespace differential
