// A file of the journal: opened, read, written, closed when it goes. Every error is kStorage and
// names the file, the reason and what to look at. Belongs to one thread at a time; `read` may be
// called on several.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace journal {

class File {
 public:
  File() = default;
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  // A new one, for its owner only.
  static base::Result<File> create(std::filesystem::path path);
  // Nothing when there is none, as when retention has deleted it.
  static base::Result<std::optional<File>> open(std::filesystem::path path);
  // The same, all of it at once.
  static base::Result<std::optional<std::string>> content_of(const std::filesystem::path& path);
  // Makes or replaces `path` by a file of this content, which is on disk when this returns.
  static base::Result<void> replace(const std::filesystem::path& path, std::string_view content);

  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] base::Result<std::uint64_t> size() const;
  // The bytes from `offset`; fewer where the file ends before.
  [[nodiscard]] base::Result<std::string> read(std::uint64_t offset, std::uint64_t size) const;
  base::Result<void> write(std::string_view bytes, std::uint64_t offset);
  // Room on the disk for all of it: what is written through a mapping then needs no more.
  base::Result<void> preallocate(std::uint64_t size);
  base::Result<void> truncate(std::uint64_t size);
  [[nodiscard]] base::Result<void> sync() const;

 private:
  File(std::filesystem::path path, int descriptor)
      : path_(std::move(path)), descriptor_(descriptor) {}

  std::filesystem::path path_;
  int descriptor_ = -1;
};

// Of a folder: the names that were made, changed and deleted in it are on disk.
base::Result<void> sync_folder(const std::filesystem::path& folder);

}  // namespace journal
