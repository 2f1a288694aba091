#include "sandbox/code_store.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "base/encoding.h"
#include "base/id.h"

namespace sandbox {
namespace {

constexpr std::string_view kTemporary = "tmp-";

std::string big_endian(std::uint64_t value) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

std::optional<base::Sha256> hash_of(int fd) {
  base::Sha256Stream stream;
  std::array<char, 256 * 1024> chunk;
  off_t offset = 0;
  for (;;) {
    const ssize_t got = ::pread(fd, chunk.data(), chunk.size(), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) return stream.finish();
    stream.update({chunk.data(), static_cast<std::size_t>(got)});
    offset += got;
  }
}

// Empty when it cannot be read, whatever stands there in its place.
std::string read_seal(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 2 * sizeof(base::Sha256) + 1> text;
  const ssize_t got = ::read(file.get(), text.data(), text.size());
  return got > 0 ? std::string(text.data(), static_cast<std::size_t>(got)) : std::string();
}

// From the data folder on: callers of functions see it, and where that is on the server is no
// matter of theirs.
base::Error storage_error(const std::filesystem::path& path) {
  const auto shown = path.parent_path().filename() / path.filename();
  return {base::Code::kStorage, "cannot write " + shown.string() +
                                    " of the data folder: " + std::strerror(errno) +
                                    "; check the disk's space and the folder's permissions"};
}

Descriptor make_file(const std::filesystem::path& path) {
  return Descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
}

// The folder is a cache, so somebody may have deleted it.
Descriptor make_file_and_folder(const std::filesystem::path& path) {
  Descriptor file = make_file(path);
  if (file.valid() || errno != ENOENT) return file;
  std::error_code ignored;
  std::filesystem::create_directories(path.parent_path(), ignored);
  return make_file(path);  // says what is wrong
}

// Gone in the destructor unless it was moved to its place.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& folder)
      : path_(folder / (std::string(kTemporary) + base::make_uuid())),
        file_(make_file_and_folder(path_)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (file_.valid()) ::unlink(path_.c_str());
  }
  [[nodiscard]] bool valid() const { return file_.valid(); }
  [[nodiscard]] int fd() const { return file_.get(); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  bool move_to(const std::filesystem::path& place) {
    return ::rename(path_.c_str(), place.c_str()) == 0;
  }

 private:
  std::filesystem::path path_;
  Descriptor file_;
};

}  // namespace

CodeStore::CodeStore(std::filesystem::path folder, std::uint64_t compatibility, std::string key)
    : folder_(std::move(folder)), compatibility_(compatibility), key_(std::move(key)) {}

std::filesystem::path CodeStore::path(const base::Sha256& module, std::string_view ending) const {
  return folder_ / (base::to_hex(base::as_view(module)) + "-" +
                    base::to_hex(big_endian(compatibility_)) + std::string(ending));
}

std::string CodeStore::seal(const base::Sha256& module, const base::Sha256& code) const {
  std::string text(base::as_view(module));
  text += big_endian(compatibility_);
  text += base::as_view(code);
  return base::to_hex(base::as_view(base::hmac_sha256(key_, text)));
}

std::optional<Descriptor> CodeStore::open(const base::Sha256& module) const {
  Descriptor file(::open(path(module, ".code").c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return std::nullopt;
  const std::string found = read_seal(path(module, ".seal"));
  const std::optional<base::Sha256> hash = hash_of(file.get());
  if (!hash || !base::equal_constant_time(found, seal(module, *hash))) return std::nullopt;
  return file;
}

base::Result<void> CodeStore::put(
    const base::Sha256& module,
    const std::function<base::Result<void>(int descriptor)>& write) const {
  TemporaryFile code(folder_);
  if (!code.valid()) return base::fail(storage_error(code.path()));
  if (auto written = write(code.fd()); !written) return written;
  const std::optional<base::Sha256> hash = hash_of(code.fd());
  if (!hash) return base::fail(storage_error(code.path()));

  TemporaryFile seal_file(folder_);
  const std::string text = seal(module, *hash);
  if (!seal_file.valid() ||
      ::write(seal_file.fd(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return base::fail(storage_error(seal_file.path()));
  }
  // A crash between the two leaves code without its seal: as good as missing.
  if (!code.move_to(path(module, ".code"))) return base::fail(storage_error(code.path()));
  if (!seal_file.move_to(path(module, ".seal"))) return base::fail(storage_error(seal_file.path()));
  return {};
}

void CodeStore::remove(const base::Sha256& module) const {
  ::unlink(path(module, ".code").c_str());
  ::unlink(path(module, ".seal").c_str());
}

void CodeStore::keep_only(const std::set<base::Sha256>& modules, const Left& left) const {
  std::set<std::filesystem::path> kept;
  for (const base::Sha256& module : modules) kept.insert(path(module, "").filename());
  std::error_code error;
  for (const auto& file : left) {
    if (!kept.contains(file.stem())) std::filesystem::remove(file, error);
  }
}

CodeStore::Left CodeStore::sweep() const {
  const std::string ours = "-" + base::to_hex(big_endian(compatibility_));
  std::error_code error;
  std::vector<std::filesystem::path> useless;
  Left left;
  // A folder that cannot be read to its end is swept as far as it can; a range-for would throw.
  std::filesystem::directory_iterator entry(folder_, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::filesystem::path& path = entry->path();
    const std::string ending = path.extension().string();
    const bool code = ending == ".code" || ending == ".seal";
    const bool unfinished = path.filename().string().starts_with(kTemporary);
    const bool foreign = code && !path.stem().string().ends_with(ours);
    (unfinished || foreign ? useless : left).push_back(path);
  }
  for (const auto& file : useless) std::filesystem::remove(file, error);
  return left;
}

}  // namespace sandbox
