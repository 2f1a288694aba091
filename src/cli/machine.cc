#include "cli/machine.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "sandbox/mappings.h"
#include "sandbox/node_memory.h"

namespace cli {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kPermissions = 07777;

FileFacts look_at(const fs::path& file) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0) return {};
  return {.exists = true, .mode = status.st_mode & kPermissions};
}

rlimit limit_of(decltype(RLIMIT_AS) which) {
  rlimit limit{};
  ::getrlimit(which, &limit);
  return limit;
}

// The nearest folder that is there: a data folder is made by the first start.
fs::path existing(fs::path folder) {
  std::error_code error;
  folder = fs::absolute(folder, error);
  while (!fs::exists(folder, error) && folder.has_relative_path()) folder = folder.parent_path();
  return folder;
}

}  // namespace

Machine look_at_machine() {
  Machine machine;
  utsname name{};
  ::uname(&name);
  machine.kernel = std::string(name.sysname) + " " + name.release;
  machine.max_mappings = sandbox::max_mappings();
  machine.open_files = limit_of(RLIMIT_NOFILE).rlim_max;
  machine.address_space_limited = limit_of(RLIMIT_AS).rlim_cur != RLIM_INFINITY;
  machine.memory_bytes = sandbox::node_memory_bytes();
  return machine;
}

FolderFacts look_at_folder(const fs::path& folder) {
  const fs::path there = existing(folder);
  std::error_code error;
  const auto space = fs::space(there, error);
  return {.folder = look_at(folder),
          .writable = ::access(there.c_str(), W_OK | X_OK) == 0,
          .free_bytes = error ? 0 : space.available,
          .master_key = look_at(folder / "master.key"),
          .keys_file = look_at(folder / server::kKeysFileName),
          .keys = server::read_keys_file(folder)};
}

}  // namespace cli
