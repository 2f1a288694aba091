// How much memory this node has: the machine's, or what its control group grants if that is less.
#pragma once

#include <cstdint>

namespace sandbox {

std::uint64_t node_memory_bytes();

}  // namespace sandbox
