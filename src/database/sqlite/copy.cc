#include "database/copy.h"

#include <memory>

#include <fmt/format.h>
#include <sqlite3.h>

#include "database/sqlite/failure.h"

namespace database {
namespace {

constexpr int kBusyMilliseconds = 5000;
constexpr int kAllPages = -1;

struct Close {
  void operator()(sqlite3* connection) const noexcept { sqlite3_close_v2(connection); }
};
using Handle = std::unique_ptr<sqlite3, Close>;

base::Result<Handle> open(const std::filesystem::path& file, int flags) {
  sqlite3* raw = nullptr;
  const int status = sqlite3_open_v2(file.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  Handle handle(raw);
  if (raw == nullptr) return base::fail(base::Code::kStorage, "SQLite: out of memory");
  if (status != SQLITE_OK) return base::fail(sqlite::failure_of(raw, file.c_str()));
  sqlite3_busy_timeout(raw, kBusyMilliseconds);
  return handle;
}

// A file with a write-ahead log is read by way of files that SQLite makes beside it.
std::string_view advice_for(int status) {
  const bool refused = status == SQLITE_CANTOPEN || status == SQLITE_READONLY;
  return refused ? ": SQLite writes beside a database to read it; where that is not possible, copy "
                   "the folder to where it is"
                 : "";
}

}  // namespace

// All pages in one step: that is one read transaction, so what others write meanwhile neither gets
// into the copy nor makes it begin again. Page by page, and not by VACUUM INTO, which gives rows
// new rowids where a table has no INTEGER PRIMARY KEY.
base::Result<void> copy_sqlite(const std::filesystem::path& source,
                               const std::filesystem::path& target, SystemAccess) {
  std::error_code error;
  if (!std::filesystem::exists(source, error)) {
    return base::fail(base::Code::kNotFound, fmt::format("there is no {}", source.string()));
  }
  const auto from = open(source, SQLITE_OPEN_READWRITE);
  if (!from) return base::fail(from.error());
  const auto to = open(target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  if (!to) return base::fail(to.error());
  sqlite3_backup* const backup = sqlite3_backup_init(to->get(), "main", from->get(), "main");
  if (backup == nullptr) return base::fail(sqlite::failure_of(to->get()));
  const int step = sqlite3_backup_step(backup, kAllPages);
  // It leaves its error in the target's connection, whichever file it was about.
  const int finished = sqlite3_backup_finish(backup);
  if (step == SQLITE_DONE && finished == SQLITE_OK) return {};
  const int status = finished == SQLITE_OK ? step : finished;
  return base::fail(base::Code::kStorage,
                    fmt::format("cannot copy {} to {}: {}{}", source.string(), target.string(),
                                sqlite3_errstr(status), advice_for(status & 0xff)));
}

}  // namespace database
