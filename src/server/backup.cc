#include "server/backup.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "database/copy.h"
#include "sandbox/descriptor.h"
#include "server/archive.h"
#include "server/private_file.h"

namespace server {
namespace {

using base::Result;
namespace fs = std::filesystem;

constexpr std::string_view kCatalog = "roost.db";
constexpr std::string_view kMasterKey = "master.key";
constexpr std::string_view kJournal = "journal/";
constexpr std::array<std::string_view, 4> kNames{kCatalog, "data.db", "roost.toml", kMasterKey};

std::unexpected<base::Error> storage(std::string message) {
  return base::fail(base::Code::kStorage, std::move(message));
}

// Beside the file that is made, so that a rename puts it in place; gone with everything in it.
class WorkFolder {
 public:
  static Result<WorkFolder> make(const fs::path& file) {
    std::string path = file.string() + ".XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) {
      return storage(fmt::format("cannot write {}: {}", file.string(), std::strerror(errno)));
    }
    return WorkFolder(std::move(path));
  }
  WorkFolder(WorkFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  WorkFolder& operator=(WorkFolder&&) = delete;
  ~WorkFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  [[nodiscard]] fs::path operator/(std::string_view name) const { return path_ / name; }

 private:
  explicit WorkFolder(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

// Of the journal's folder: what a backup takes is what a restore takes. A half-made file, a hidden
// one, or one that somebody else left under a name that no archive holds is none of it.
bool is_of_journal(std::string_view name) {
  constexpr std::size_t kMaxName = 100 - std::string_view("journal/").size();
  return !name.empty() && name.size() <= kMaxName && !name.starts_with('.') &&
         !name.ends_with(".tmp") && name.find('/') == std::string_view::npos;
}

class Backup {
 public:
  Backup(const fs::path& data, const WorkFolder& work, ArchiveWriter& archive)
      : data_(data), work_(work), archive_(archive) {}

  // At once deleted again: the disk holds one copy beside the archive at a time.
  Result<void> add_database(std::string_view name) {
    const fs::path copy = work_ / name;
    if (auto copied = database::copy_sqlite(data_ / name, copy, database::SystemAccess());
        !copied) {
      return copied;
    }
    if (auto added = add(name, copy); !added) return added;
    std::error_code ignored;
    fs::remove(copy, ignored);
    return {};
  }

  Result<void> add_if_there(std::string_view name) {
    std::error_code error;
    if (!fs::exists(data_ / name, error)) return {};
    return add(name, data_ / name);
  }

  // Of a server that runs: what is half-made gets another name in a moment.
  Result<void> add_journal() {
    std::error_code error;
    for (fs::directory_iterator entry(data_ / "journal", error);
         !error && entry != fs::directory_iterator(); entry.increment(error)) {
      if (!is_of_journal(entry->path().filename().string())) continue;
      if (auto added = add_journal_file(entry->path()); !added) return added;
    }
    if (!error || error == std::errc::no_such_file_or_directory) return {};
    return storage(fmt::format("cannot read {}/journal: {}", data_.string(), error.message()));
  }

  std::vector<std::string> names() && { return std::move(names_); }

 private:
  // A file that goes while this looks was forgotten in time. One that is cut to its length when it
  // is sealed has zeros behind that before (journal/segment.h), and so it has them here.
  Result<void> add_journal_file(const fs::path& source) {
    const sandbox::Descriptor fd(::open(source.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd.valid() && errno == ENOENT) return {};
    struct stat status{};
    if (!fd.valid() || ::fstat(fd.get(), &status) != 0) {
      return storage(fmt::format("cannot read {}: {}", source.string(), std::strerror(errno)));
    }
    if (!S_ISREG(status.st_mode)) return {};
    names_.push_back(std::string(kJournal) + source.filename().string());
    return archive_.add_shrinking(names_.back(), fd, static_cast<std::uint64_t>(status.st_size));
  }

  Result<void> add(std::string_view name, const fs::path& source) {
    names_.emplace_back(name);
    return archive_.add(names_.back(), source);
  }

  const fs::path& data_;
  const WorkFolder& work_;
  ArchiveWriter& archive_;
  std::vector<std::string> names_;
};

Result<std::vector<std::string>> collect(const fs::path& data, const WorkFolder& work,
                                         ArchiveWriter& archive, BackupParts parts) {
  Backup backup(data, work, archive);
  if (auto added = backup.add_database(kCatalog); !added) return base::fail(added.error());
  std::error_code error;
  if (fs::exists(data / "data.db", error)) {
    if (auto added = backup.add_database("data.db"); !added) return base::fail(added.error());
  }
  if (auto added = backup.add_if_there("roost.toml"); !added) return base::fail(added.error());
  if (parts.master_key == MasterKeyPart::kIncluded) {
    if (auto added = backup.add_if_there(kMasterKey); !added) return base::fail(added.error());
  }
  if (parts.journal == JournalPart::kIncluded) {
    if (auto added = backup.add_journal(); !added) return base::fail(added.error());
  }
  return std::move(backup).names();
}

// An archive is anybody's: only names that a backup has, and no way out of the folder.
bool is_part(std::string_view name) {
  if (std::ranges::find(kNames, name) != kNames.end()) return true;
  if (!name.starts_with(kJournal)) return false;
  name.remove_prefix(kJournal.size());
  return is_of_journal(name);
}

Result<void> check_parts(const Archive& archive, const fs::path& file) {
  std::set<std::string_view> names;
  for (const auto& member : archive.members()) {
    if (!is_part(member.name) || !names.insert(member.name).second) {
      return storage(
          fmt::format("{} is not a backup of roost: it has a file {}", file.string(), member.name));
    }
  }
  if (names.contains(kCatalog)) return {};
  return storage(fmt::format("{} is not a backup of roost: it has no {}", file.string(), kCatalog));
}

Result<void> make_empty_folder(const fs::path& data) {
  std::error_code error;
  if (fs::exists(data, error) && !fs::is_empty(data, error)) {
    return base::fail(base::Code::kAlreadyExists,
                      fmt::format("{} is not an empty folder: name another one with --data, or "
                                  "move away what is in it",
                                  data.string()));
  }
  error.clear();
  fs::create_directories(data / kRestoringName, error);
  if (!error) fs::permissions(data, fs::perms::owner_all, error);
  if (!error) return {};
  return storage(fmt::format("cannot make {}: {}", data.string(), error.message()));
}

// Within the folder first: who stops this half-way leaves a folder that no server takes.
Result<void> extract_all(const Archive& archive, const fs::path& data) {
  const fs::path restoring = data / kRestoringName;
  std::error_code error;
  fs::create_directory(restoring / "journal", error);
  for (const auto& member : archive.members()) {
    if (auto extracted = archive.extract(member, restoring / member.name); !extracted) {
      return extracted;
    }
  }
  std::vector<fs::path> parts;
  for (fs::directory_iterator entry(restoring, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    parts.push_back(entry->path());
  }
  for (const fs::path& part : parts) {
    if (!error) fs::rename(part, data / part.filename(), error);
  }
  if (!error) sync_folder(data);
  if (!error) fs::remove(restoring, error);
  if (!error) return {};
  return storage(fmt::format("cannot fill {}: {}", data.string(), error.message()));
}

}  // namespace

Result<std::vector<std::string>> back_up(const fs::path& data, const fs::path& file,
                                         BackupParts parts) {
  std::error_code error;
  const bool there = fs::exists(data / kCatalog, error);
  if (error) {
    return storage(fmt::format("cannot look into {}: {}", data.string(), error.message()));
  }
  if (!there) {
    return base::fail(base::Code::kNotFound,
                      fmt::format("there is no {} in {}: name the server's folder with --data",
                                  kCatalog, data.string()));
  }
  const auto work = WorkFolder::make(file);
  if (!work) return base::fail(work.error());
  const fs::path made = *work / "backup.tar";
  auto archive = ArchiveWriter::create(made);
  if (!archive) return base::fail(std::move(archive.error()));
  auto names = collect(data, *work, *archive, parts);
  if (!names) return names;
  if (auto finished = archive->finish(); !finished) return base::fail(finished.error());
  fs::rename(made, file, error);
  if (error) return storage(fmt::format("cannot make {}: {}", file.string(), error.message()));
  sync_folder(fs::absolute(file, error).parent_path());
  return names;
}

Result<std::vector<std::string>> restore(const fs::path& file, const fs::path& data) {
  const auto archive = Archive::open(file);
  if (!archive) return base::fail(archive.error());
  if (auto checked = check_parts(*archive, file); !checked) return base::fail(checked.error());
  if (auto made = make_empty_folder(data); !made) return base::fail(made.error());
  if (auto extracted = extract_all(*archive, data); !extracted) {
    return base::fail(base::Code::kStorage,
                      extracted.error().message + "; empty the folder and restore again");
  }
  std::vector<std::string> names;
  for (const auto& member : archive->members()) names.push_back(member.name);
  return names;
}

}  // namespace server
