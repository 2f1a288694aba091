// The pair of connections through which guests' statements run (rls.md, "Mechanics").
//
// The guest's own connection G is an empty database in memory: what a statement can name there are
// guarded, read-only virtual tables (guarded_table.h), whose scans run on the keeper's connection K
// to the file with the caller's policies in them. Writes are read on G and applied on K by the
// keeper, which checks every row again (keeper.h). The caller is set for one statement and reset
// after it.
//
// Belongs to one thread at a time; every call may block on the disk. A transaction is open between
// `begin` and `commit` or `rollback`; each `run` is atomic in it. When the schema or the policies
// have changed, `begin` sees it and G is made anew.
#pragma once

#include <filesystem>
#include <memory>

#include "database/access.h"
#include "database/sql_error.h"
#include "database/statement.h"

namespace database::sqlite {

enum class Mode { kRead, kWrite };

class GuestConnection {
 public:
  // kRead: its transactions refuse INSERT, UPDATE and DELETE (kInternalError), and wait for nobody.
  static SqlResult<std::unique_ptr<GuestConnection>> open(const std::filesystem::path& file,
                                                          Mode mode);
  virtual ~GuestConnection() = default;

  // kWrite takes the write lock.
  virtual SqlResult<void> begin() = 0;
  virtual SqlResult<void> commit() = 0;
  virtual void rollback() = 0;
  // Some failures (a full disk, an interrupted write) end the whole transaction by themselves.
  [[nodiscard]] virtual bool in_transaction() const = 0;

  virtual SqlResult<Rows> run(const GuestAccess& access, const Statement& statement,
                              const Bounds& bounds) = 0;

  // What is known of a statement from its plan, without running it: whether it writes, and whether
  // every table is reached by an index.
  struct Plan {
    bool writes = false;
    bool indexed = false;
  };
  virtual SqlResult<Plan> plan(const GuestAccess& access, const Statement& statement) = 0;

  // begin, run, commit: for tests and tools.
  SqlResult<Rows> run_alone(const GuestAccess& access, const Statement& statement,
                            const Bounds& bounds = {});
};

}  // namespace database::sqlite
