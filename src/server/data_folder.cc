#include "server/data_folder.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/backup.h"
#include "server/private_file.h"

namespace server {
namespace {

using base::Result;
using sandbox::Descriptor;
namespace fs = std::filesystem;

constexpr mode_t kOwnerOnly = 0700;
constexpr mode_t kOthers = 0077;

std::unexpected<base::Error> storage(std::string message) {
  return base::fail(base::Code::kStorage, std::move(message));
}

Result<void> make_folder(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return {};
  error.clear();  // "no such file" is what is mended here
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
  if (error || ::mkdir(path.c_str(), kOwnerOnly) != 0) {
    const std::string reason = error ? error.message() : std::strerror(errno);
    return storage(fmt::format("cannot make the data folder {}: {}", path.string(), reason));
  }
  return {};
}

// Who holds the lock; it may not have written its pid yet.
std::string holder_of(const fs::path& file) {
  const auto pid = read_small_file(file);
  if (!pid || pid->empty()) return "another server";
  return fmt::format("another server (pid {})", pid->substr(0, pid->find('\n')));
}

Result<Descriptor> lock(const fs::path& folder) {
  const fs::path file = folder / "lock";
  Descriptor fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) {
    return storage(fmt::format("cannot open {}: {}", file.string(), std::strerror(errno)));
  }
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return storage(fmt::format("cannot lock {}: {}", file.string(), std::strerror(errno)));
    }
    return base::fail(base::Code::kUnavailable,
                      fmt::format("{} uses {}: stop it, or give this one a folder of its own with "
                                  "--data",
                                  holder_of(file), folder.string()));
  }
  // Only what the others are told: a disk too full for it is no reason not to start. Written before
  // it is cut, so that it needs no new block.
  const std::string pid = fmt::format("{}\n", ::getpid());
  const ssize_t written = ::pwrite(fd.get(), pid.data(), pid.size(), 0);
  static_cast<void>(::ftruncate(fd.get(), written < 0 ? 0 : written));
  return fd;
}

Result<auth::MasterKey> parse(std::string_view hex, std::string_view source) {
  auto key = auth::MasterKey::parse(hex);
  if (key) return key;
  return base::fail(base::Code::kInvalidArgument,
                    fmt::format("{}: {}", source, key.error().message));
}

Result<void> check_private(const fs::path& file) {
  struct stat status{};
  if (::stat(file.c_str(), &status) == 0 && (status.st_mode & kOthers) != 0) {
    return storage(fmt::format("others may read {} (mode {:04o}): run chmod 600 on it",
                               file.string(), status.st_mode & 07777U));
  }
  return {};
}

}  // namespace

Result<DataFolder> DataFolder::open(const fs::path& path) {
  if (const auto made = make_folder(path); !made) return base::fail(made.error());
  auto locked = lock(path);
  if (!locked) return base::fail(std::move(locked.error()));
  std::error_code error;
  if (fs::exists(path / kRestoringName, error)) {
    return storage(fmt::format("a restore into {} did not end: empty the folder and restore again",
                               path.string()));
  }
  return DataFolder(path, std::move(*locked));
}

bool DataFolder::is_open_to_others() const {
  struct stat status{};
  return ::stat(path_.c_str(), &status) == 0 && (status.st_mode & kOthers) != 0;
}

// keys.json is the last that a first start writes: without it, what is missing was never there.
bool DataFolder::served_before() const {
  std::error_code error;
  return fs::exists(path_ / kKeysFileName, error);
}

Result<auth::MasterKey> DataFolder::master_key(const std::optional<std::string>& given) const {
  if (given) return parse(*given, "ROOST_MASTER_KEY");
  const fs::path file = path_ / "master.key";
  if (const auto checked = check_private(file); !checked) return base::fail(checked.error());
  const auto stored = read_small_file(file);
  if (stored) return parse(*stored, file.string());
  if (stored.error().code != base::Code::kNotFound) return base::fail(stored.error());
  std::error_code error;
  if (fs::exists(database(), error)) {
    return storage(
        fmt::format("{} is missing, and the keys in {} are sealed with it: restore it, "
                    "or set ROOST_MASTER_KEY",
                    file.string(), database().string()));
  }
  auth::MasterKey made = auth::MasterKey::generate();
  if (const auto written = write_private_file(file, made.hex() + "\n"); !written) {
    return base::fail(written.error());
  }
  return made;
}

Result<void> DataFolder::write_keys_file(const KeysFile& keys) const {
  const fs::path file = path_ / kKeysFileName;
  const std::string text = to_json(keys);
  const auto there = read_small_file(file);
  if (there && *there == text && check_private(file)) return {};
  return write_private_file(file, text);
}

}  // namespace server
