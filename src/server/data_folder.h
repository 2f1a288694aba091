// The folder that holds everything one server keeps, and the lock that makes it one server's.
//
//   roost-data/             0700 where it is made here
//     lock                  held (flock) while the server runs; contains its pid
//     master.key            0600, made on the first start; see auth/seal.h
//     keys.json             0600, brought up to date at each start; see keys_file.h
//     roost.toml            the configuration, if there is any
//     roost.db              functions, modules, signing keys
//     data.db               the user's tables, which functions query
//     journal/, code/       invocations; compiled code, a cache
//     tmp/                  backups on their way to who asked for them
//
// Movable; the lock is let go with it, or with the process, however that ends. All calls block.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "auth/seal.h"
#include "base/error.h"
#include "sandbox/descriptor.h"
#include "server/keys_file.h"

namespace server {

class DataFolder {
 public:
  // Makes it when missing. kUnavailable when another server has it (names its pid); kStorage, also
  // when a restore into it did not end.
  static base::Result<DataFolder> open(const std::filesystem::path& path);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path database() const { return path_ / "roost.db"; }
  [[nodiscard]] std::filesystem::path user_database() const { return path_ / "data.db"; }
  [[nodiscard]] std::filesystem::path journal() const { return path_ / "journal"; }
  [[nodiscard]] std::filesystem::path code() const { return path_ / "code"; }
  // For files of this run; emptied by the next.
  [[nodiscard]] std::filesystem::path temporary() const { return path_ / "tmp"; }

  // Whether others of this machine may look into it, as into one that was made with other rights:
  // its files are private, their names and sizes are not.
  [[nodiscard]] bool is_open_to_others() const;

  // Whether a server has run here: then its signing keys are in roost.db, or lost.
  [[nodiscard]] bool served_before() const;

  // `given` is ROOST_MASTER_KEY; without it the key in master.key, made on the first start.
  // kInvalidArgument when a key is malformed, kStorage when master.key is missing beside a
  // database that it sealed, or can be read by others.
  [[nodiscard]] base::Result<auth::MasterKey> master_key(
      const std::optional<std::string>& given) const;

  // One that says the same already stays as it is, so that a start needs no room on a full disk.
  [[nodiscard]] base::Result<void> write_keys_file(const KeysFile& keys) const;

 private:
  DataFolder(std::filesystem::path path, sandbox::Descriptor lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}

  std::filesystem::path path_;
  sandbox::Descriptor lock_;
};

}  // namespace server
