// What `roost doctor` looks at: facts about this machine and one data folder, without judgement.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/error.h"
#include "server/keys_file.h"

namespace cli {

struct Machine {
  std::string kernel;                  // "Linux 6.1.0"
  std::uint64_t max_mappings = 0;      // vm.max_map_count
  std::uint64_t open_files = 0;        // the hard limit: `serve` raises the soft one to it
  bool address_space_limited = false;  // ulimit -v
  std::uint64_t memory_bytes = 0;      // or what the control group grants, if that is less
};

struct FileFacts {
  bool exists = false;
  unsigned mode = 0;  // permissions only
};

struct FolderFacts {
  FileFacts folder;
  bool writable = false;
  std::uint64_t free_bytes = 0;  // of its file system
  FileFacts master_key;
  FileFacts keys_file;
  base::Result<server::KeysFile> keys;
};

Machine look_at_machine();
FolderFacts look_at_folder(const std::filesystem::path& folder);

}  // namespace cli
