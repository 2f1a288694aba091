#include "sandbox/node_memory.h"

#include <algorithm>
#include <fstream>
#include <string>
#include <string_view>

#include <unistd.h>

namespace sandbox {
namespace {

using Limit = std::optional<std::uint64_t>;

Limit lesser(Limit a, Limit b) { return a && b ? std::min(*a, *b) : (a ? a : b); }

// "max" is no number, and no limit.
Limit limit_in(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::uint64_t limit = 0;
  if (in >> limit && limit > 0) return limit;
  return std::nullopt;
}

// Of a group and those around it. A container may see the name that its group has outside: what
// is not there has no limit to read, and the root is there always.
Limit least_up_to(const std::filesystem::path& root, const std::filesystem::path& group,
                  const char* file) {
  const std::filesystem::path inside = group.relative_path().lexically_normal();
  std::filesystem::path folder = root;
  Limit least = limit_in(folder / file);
  for (const auto& name : inside) {
    folder /= name;
    least = lesser(least, limit_in(folder / file));
  }
  return least;
}

bool has_memory(std::string_view controllers) {
  return ("," + std::string(controllers) + ",").find(",memory,") != std::string::npos;
}

}  // namespace

Limit group_memory_bytes(const ControlGroups& groups) {
  constexpr const char* kUnified = "memory.max";
  constexpr const char* kMemory = "memory.limit_in_bytes";
  // Also where no group is named.
  Limit least = lesser(limit_in(groups.unified / kUnified), limit_in(groups.memory / kMemory));
  std::ifstream membership(groups.membership);
  // hierarchy ":" controllers ":" group; version 2 is hierarchy 0 and has no controllers' names.
  for (std::string line; std::getline(membership, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    if (line.starts_with("0:") && controllers.empty()) {
      least = lesser(least, least_up_to(groups.unified, group, kUnified));
    } else if (has_memory(controllers)) {
      least = lesser(least, least_up_to(groups.memory, group, kMemory));
    }
  }
  return least;
}

std::uint64_t node_memory_bytes() {
  const std::uint64_t bytes = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                              static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  // Version 1 says a huge number where there is no limit.
  return std::min(bytes, group_memory_bytes().value_or(bytes));
}

}  // namespace sandbox
