// Small files that only their owner may read, written whole or not at all, and what writing whole
// files takes. All calls block.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"

namespace server {

// Mode 0600, synced, and put in place by rename: readers see the old content or the new one.
// kStorage.
base::Result<void> write_private_file(const std::filesystem::path& file, std::string_view content);

// kNotFound when there is no such file, kStorage when it cannot be read or is over 1 MiB.
base::Result<std::string> read_small_file(const std::filesystem::path& file);

// False, and errno, when not all of it could be written.
bool write_all(int fd, std::string_view bytes);

// A name that is new in the folder is there after a power failure only once this was called.
void sync_folder(const std::filesystem::path& folder);

}  // namespace server
