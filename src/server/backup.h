// A server's data in one file, and back (archive.h has the form).
//
//   roost.db, data.db   each as it was at one moment, roost.db first: what a deployment in between
//                       left apart, the start makes good as after a crash
//   roost.toml          the configuration, if there is any
//   master.key          unless it is left out, or the server has it from the environment
//   journal/…           if asked for: invocations, as `kill -9` would leave them
// Compiled code and keys.json are not in it: the start makes them again. Everything that was
// committed before `back_up` began is in the file. All calls block.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"

namespace server {

enum class MasterKeyPart { kIncluded, kLeftOut };
enum class JournalPart { kIncluded, kLeftOut };

struct BackupParts {
  MasterKeyPart master_key = MasterKeyPart::kLeftOut;
  JournalPart journal = JournalPart::kLeftOut;
};

// Of a server that runs or not, by this process or another. `file` is replaced once all of the new
// one is on the disk; mode 0600. The names of what is in it. kNotFound when `data` was never
// served.
base::Result<std::vector<std::string>> back_up(const std::filesystem::path& data,
                                               const std::filesystem::path& file,
                                               BackupParts parts);

// Reads and checks all of `file` before it touches `data`, which is made or must be empty. The
// names of what was in it. kAlreadyExists; kStorage.
base::Result<std::vector<std::string>> restore(const std::filesystem::path& file,
                                               const std::filesystem::path& data);

// Where a restore puts its files before it is done; a folder that has it was not restored whole.
inline constexpr const char* kRestoringName = "restoring";

}  // namespace server
