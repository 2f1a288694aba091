// How much memory this node has: the machine's, or what its control groups grant if that is less.
//
// A group is bounded by those around it too, so all from the process's own up to the root count: a
// systemd unit's MemoryMax is in the unit's group, a container's limit at the root of what it sees.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace sandbox {

// Where the kernel says which groups this process is in, and where their limits are.
struct ControlGroups {
  std::filesystem::path membership = "/proc/self/cgroup";
  std::filesystem::path unified = "/sys/fs/cgroup";        // version 2
  std::filesystem::path memory = "/sys/fs/cgroup/memory";  // version 1
};

// Reads files, as does the next one.
std::uint64_t node_memory_bytes();
// The least limit; nothing when there is none.
std::optional<std::uint64_t> group_memory_bytes(const ControlGroups& groups = {});

}  // namespace sandbox
