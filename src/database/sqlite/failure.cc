#include "database/sqlite/failure.h"

#include <string>
#include <string_view>

#include <fmt/format.h>

namespace database::sqlite {
namespace {

base::Code code_of(int extended) {
  switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return base::Code::kAlreadyExists;
    default:
      break;
  }
  switch (extended & 0xff) {
    case SQLITE_ERROR:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
      return base::Code::kInternal;
    default:
      return base::Code::kStorage;
  }
}

std::string_view advice_for(int extended) {
  if (extended == SQLITE_IOERR_SHMSIZE) {
    return ": its disk is full, and opening it needs some 64 KiB; free some space";
  }
  switch (extended & 0xff) {
    case SQLITE_FULL:
      return ": free some space on its disk";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ": another process holds its lock; only one server may use a data folder";
    case SQLITE_CANTOPEN:
      return ": check that its folder exists and may be written";
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return ": check its owner and mode";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ": the file is damaged; restore it from a backup";
    case SQLITE_IOERR:
      return ": check its disk";
    default:
      return "";
  }
}

}  // namespace

// The index of the write-ahead log is made when a file is opened, and fails with a code of its own.
bool is_full_disk(int extended) {
  return (extended & 0xff) == SQLITE_FULL || extended == SQLITE_IOERR_SHMSIZE;
}

base::Error failure_of(sqlite3* connection, const char* file) {
  const int extended = sqlite3_extended_errcode(connection);
  const char* opened = sqlite3_db_filename(connection, "main");
  return {code_of(extended),
          fmt::format("{}: {} (SQLite {}){}", opened == nullptr ? file : opened,
                      sqlite3_errmsg(connection), extended, advice_for(extended))};
}

SqlError opening_error(const base::Error& error, const std::filesystem::path& file) {
  const std::string path = file.filename().string() + ": ";
  const auto at = error.message.find(path);
  const std::string why =
      at == std::string::npos ? error.message : error.message.substr(at + path.size());
  return {SqlState::kConnectionFailure, "the database cannot be opened: " + why, std::nullopt};
}

}  // namespace database::sqlite
