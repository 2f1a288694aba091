// Files in one: a tar file (POSIX ustar) whose last member, SHA256SUMS, has the digest of each
// other one, so that `tar -xf FILE && sha256sum -c SHA256SUMS` reads it without Roost.
//
// Names are relative, at most 100 bytes; all are regular files of their owner's alone. One thread
// at a time; every call blocks. Errors: kStorage, naming the file and what is wrong with it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "sandbox/descriptor.h"

namespace server {

class ArchiveWriter {
 public:
  // Makes the file, mode 0600; it must not exist.
  static base::Result<ArchiveWriter> create(const std::filesystem::path& file);

  // As many bytes of `source` as it has when this begins: it may grow meanwhile.
  base::Result<void> add(const std::string& name, const std::filesystem::path& source);
  // The same of a file that is open, which may also have become shorter since it had `size` bytes:
  // what is missing is zeros.
  base::Result<void> add_shrinking(const std::string& name, const sandbox::Descriptor& source,
                                   std::uint64_t size);
  // Writes the digests and waits until the disk has all of it.
  base::Result<void> finish();

 private:
  ArchiveWriter(std::filesystem::path file, sandbox::Descriptor fd)
      : file_(std::move(file)), fd_(std::move(fd)) {}
  enum class Missing { kIsAnError, kIsZeros };
  base::Result<void> copy(const std::string& name, const sandbox::Descriptor& source,
                          std::uint64_t size, Missing missing);
  base::Result<void> write(std::string_view bytes);
  base::Result<void> begin_member(const std::string& name, std::uint64_t size);
  base::Result<void> pad(std::uint64_t size);

  std::filesystem::path file_;
  sandbox::Descriptor fd_;
  std::string sums_;
};

// Enough to tell an older one, whole or not, from another kind of file.
[[nodiscard]] bool begins_as_archive(const std::filesystem::path& file);

class Archive {
 public:
  struct Member {
    std::string name;
    std::uint64_t size = 0;
    std::uint64_t offset = 0;
  };

  // Reads all of it: what is returned is whole, and every digest holds.
  static base::Result<Archive> open(const std::filesystem::path& file);

  [[nodiscard]] const std::vector<Member>& members() const { return members_; }  // not the digests
  // Into a new file, mode 0600, which the disk has when this returns.
  [[nodiscard]] base::Result<void> extract(const Member& member,
                                           const std::filesystem::path& target) const;

 private:
  Archive(std::filesystem::path file, sandbox::Descriptor fd)
      : file_(std::move(file)), fd_(std::move(fd)) {}
  base::Result<void> read_members();
  [[nodiscard]] base::Result<void> check_end(std::uint64_t offset) const;
  base::Result<void> check_digests();
  [[nodiscard]] std::unexpected<base::Error> damaged(std::string_view what) const;

  std::filesystem::path file_;
  sandbox::Descriptor fd_;
  std::vector<Member> members_;
};

}  // namespace server
