#include "server/private_file.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/units.h"
#include "sandbox/descriptor.h"

namespace server {
namespace {

using base::Result;
using sandbox::Descriptor;
namespace fs = std::filesystem;

std::unexpected<base::Error> failure(std::string_view verb, const fs::path& file) {
  const base::Code code = errno == ENOENT ? base::Code::kNotFound : base::Code::kStorage;
  return base::fail(code,
                    fmt::format("cannot {} {}: {}", verb, file.string(), std::strerror(errno)));
}

}  // namespace

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

void sync_folder(const fs::path& folder) {
  const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.valid()) ::fsync(fd.get());
}

Result<void> write_private_file(const fs::path& file, std::string_view content) {
  std::string temporary = file.string() + ".XXXXXX";
  const Descriptor fd(::mkostemp(temporary.data(), O_CLOEXEC));  // mode 0600
  if (!fd.valid()) return base::fail(base::Code::kStorage, failure("write", file).error().message);
  const bool written = write_all(fd.get(), content) && ::fsync(fd.get()) == 0 &&
                       ::rename(temporary.c_str(), file.c_str()) == 0;
  if (!written) {
    const auto failed = failure("write", file);
    ::unlink(temporary.c_str());
    return failed;
  }
  sync_folder(file.parent_path());
  return {};
}

Result<std::string> read_small_file(const fs::path& file) {
  const Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return failure("read", file);
  std::string content;
  std::array<char, 4096> chunk;
  for (;;) {
    const ssize_t got = ::read(fd.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure("read", file);
    if (got == 0) return content;
    content.append(chunk.data(), static_cast<std::size_t>(got));
    if (content.size() > base::kMiB) {
      return base::fail(base::Code::kStorage,
                        fmt::format("cannot read {}: it is longer than 1 MiB, so it is not what it "
                                    "should be",
                                    file.string()));
    }
  }
}

}  // namespace server
