#include "journal/file.h"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace journal {
namespace {

std::unexpected<base::Error> failed(std::string_view what, const std::filesystem::path& path,
                                    int error) {
  return base::fail(base::Code::kStorage,
                    fmt::format("cannot {} the journal's {}: {}; check space and permissions", what,
                                path.string(), std::generic_category().message(error)));
}

// Calls again what a signal interrupted.
template <class Call>
auto persist(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

}  // namespace

File::File(File&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

File& File::operator=(File&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

base::Result<File> File::create(std::filesystem::path path) {
  const int descriptor = persist(
      [&path] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600); });
  if (descriptor < 0) return failed("make", path, errno);
  return File(std::move(path), descriptor);
}

base::Result<std::optional<File>> File::open(std::filesystem::path path) {
  const int descriptor = persist([&path] { return ::open(path.c_str(), O_RDWR | O_CLOEXEC); });
  if (descriptor < 0 && errno == ENOENT) return std::nullopt;
  if (descriptor < 0) return failed("open", path, errno);
  return File(std::move(path), descriptor);
}

base::Result<std::optional<std::string>> File::content_of(const std::filesystem::path& path) {
  const auto file = open(path);
  if (!file) return base::fail(file.error());
  if (!*file) return std::nullopt;
  const auto size = (*file)->size();
  if (!size) return base::fail(size.error());
  return (*file)->read(0, *size);
}

base::Result<void> File::replace(const std::filesystem::path& path, std::string_view content) {
  std::filesystem::path next = path;
  next += ".tmp";
  std::error_code error;
  std::filesystem::remove(next, error);
  auto file = create(next);
  if (!file) return base::fail(file.error());
  auto done = file->write(content, 0);
  if (done) done = file->sync();
  if (done) {
    std::filesystem::rename(next, path, error);
    if (!error) return {};
    done = failed("rename", next, error.value());
  }
  std::filesystem::remove(next, error);
  return done;
}

base::Result<std::uint64_t> File::size() const {
  struct stat status{};
  if (::fstat(descriptor_, &status) != 0) return failed("look at", path_, errno);
  return static_cast<std::uint64_t>(status.st_size);
}

base::Result<std::string> File::read(std::uint64_t offset, std::uint64_t size) const {
  std::string bytes(size, '\0');
  std::uint64_t filled = 0;
  while (filled < size) {
    const ssize_t got = persist([&] {
      return ::pread(descriptor_, bytes.data() + filled, size - filled,
                     static_cast<off_t>(offset + filled));
    });
    if (got < 0) return failed("read", path_, errno);
    if (got == 0) break;
    filled += static_cast<std::uint64_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

base::Result<void> File::write(std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t written = persist([&] {
      return ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    });
    if (written < 0) return failed("write", path_, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

base::Result<void> File::preallocate(std::uint64_t size) {
  int error = EINTR;
  while (error == EINTR) error = ::posix_fallocate(descriptor_, 0, static_cast<off_t>(size));
  if (error != 0) return failed("make room for", path_, error);
  return {};
}

base::Result<void> File::truncate(std::uint64_t size) {
  if (persist([&] { return ::ftruncate(descriptor_, static_cast<off_t>(size)); }) == 0) return {};
  return failed("shorten", path_, errno);
}

base::Result<void> File::sync() const {
  if (persist([this] { return ::fdatasync(descriptor_); }) == 0) return {};
  return failed("sync", path_, errno);
}

base::Result<void> sync_folder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return failed("open", folder, errno);
  const int synced = ::fsync(descriptor);
  const int error = errno;
  ::close(descriptor);
  if (synced != 0) return failed("sync", folder, error);
  return {};
}

}  // namespace journal
