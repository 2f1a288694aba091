// How many memory mappings the kernel grants this process, and what of them compiled code may have.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sandbox {

// vm.max_map_count; the kernel's own default where it does not say. Reads a file.
std::uint64_t max_mappings();

// A quarter of them, at about five for each program; at least one program.
constexpr std::size_t max_programs(std::uint64_t mappings) {
  const auto programs = static_cast<std::size_t>(mappings / 4 / 5);
  return programs > 0 ? programs : 1;
}

}  // namespace sandbox
