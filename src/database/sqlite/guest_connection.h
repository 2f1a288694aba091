// The pair of connections through which guests' statements run (rls.md, "Mechanics").
//
// The guest's own connection is an empty database in memory: what a statement can name there are
// guarded, read-only virtual tables (guarded_table.h), whose scans run on the keeper's connection
// to the file with the caller's policies in them. Writes are read on the guest's side and applied
// by the keeper, which checks every row again (keeper.h). The caller is set for one statement and
// reset after it.
//
// Belongs to one thread at a time; every call may block on the disk. A transaction is open between
// `begin` and `commit` or `rollback`; when schema or policies have changed, `begin` sees it and the
// pair is made anew.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "database/access.h"
#include "database/sql_error.h"
#include "database/sqlite/interruption.h"
#include "database/statement.h"

namespace database::sqlite {

enum class Mode { kRead, kWrite };

class GuestConnection {
 public:
  // kRead waits for nobody and refuses statements that write (kInternalError).
  static SqlResult<std::unique_ptr<GuestConnection>> open(
      std::filesystem::path file, Mode mode, const Interruption* interruption = nullptr);
  virtual ~GuestConnection() = default;

  // kWrite takes the write lock.
  virtual SqlResult<void> begin() = 0;
  virtual SqlResult<void> commit() = 0;
  virtual void rollback() = 0;
  // Some failures (a full disk, an interrupted write) end the whole transaction by themselves.
  [[nodiscard]] virtual bool in_transaction() const = 0;

  // A savepoint, for one of several members of a transaction: `undo` takes back what was done since
  // `mark`, `keep` leaves it to the transaction.
  virtual SqlResult<void> mark() = 0;
  virtual SqlResult<void> keep() = 0;
  virtual void undo() = 0;

  // After an error the transaction is to be rolled back, or to `mark`.
  virtual SqlResult<Rows> run(const GuestAccess& access, const Statement& statement,
                              const Bounds& bounds) = 0;

  // A statement of Roost's own, with `$1` placeholders, on the file itself. kWrite only.
  virtual SqlResult<std::vector<Row>> run(SystemAccess, const Statement& statement,
                                          base::Deadline deadline) = 0;

  // Rows changed through this connection so far.
  [[nodiscard]] virtual std::int64_t total_changes() const = 0;
  // Changes when another connection has committed (PRAGMA data_version).
  virtual SqlResult<std::int64_t> data_version() = 0;

  // Whether the statement is anything but a SELECT; errors are those that `run` would have.
  virtual SqlResult<bool> writes(std::string_view sql) = 0;

  // begin, run, and commit or rollback: for tests and tools.
  SqlResult<Rows> run_alone(const GuestAccess& access, const Statement& statement,
                            const Bounds& bounds = {});
};

}  // namespace database::sqlite
