// The user's database, as guests and administrators reach it.
//
// `run` executes guests' statements as their caller: with the grants of its role, under row-level
// security, within bounds. `administer`, `migrate` and `security` are the administrator's. One Pool
// per process; all its Tasks may be awaited on any loop, suspend, and resume on the loop that
// asked. A Task dropped or past its deadline leaves nothing behind: what it had not committed is
// rolled back. Where the database cannot be reached every call fails at once with
// kConnectionFailure while the breaker is open (breaker.h), and the server goes on.
//
// SQLite: one writer thread groups many callers' transactions into one commit; reads run where
// their plan says (sqlite/pool.cc).
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "database/access.h"
#include "database/migration.h"
#include "database/migrations.h"
#include "database/policy.h"
#include "database/sql_error.h"
#include "database/statement.h"
#include "reactor/blocking_pool.h"
#include "reactor/loop.h"
#include "reactor/task.h"

namespace database {

// A transaction that is held open over several steps. While it is, nobody else writes to a SQLite
// file: so it is bounded, and every step past that bound fails with kQueryCanceled. Deleting it
// rolls back what was not committed. Its Tasks as the Pool's, one at a time; it must not outlive
// the Pool.
class PoolTransaction {
 public:
  virtual ~PoolTransaction() = default;
  // All of the statements, or none; the transaction goes on either way.
  virtual reactor::Task<SqlResult<std::vector<Rows>>> run(reactor::Loop& loop,
                                                          const GuestAccess& access,
                                                          const std::vector<Statement>& statements,
                                                          Bounds bounds) = 0;
  virtual reactor::Task<SqlResult<std::vector<std::vector<Row>>>> run(
      reactor::Loop& loop, SystemAccess, std::vector<Statement> statements, Bounds bounds) = 0;
  virtual reactor::Task<SqlResult<void>> commit(reactor::Loop& loop) = 0;
};

class Pool {
 public:
  // Guests' reads that took no longer than this may have run on the loop that asked, with nothing
  // else in between: who runs one after another has to give way by itself. After a longer one the
  // loop has had its turn.
  static constexpr std::chrono::microseconds kShortRead{200};

  virtual ~Pool() = default;

  // All statements in one transaction; the first error rolls all of it back and is the answer.
  // Committed when the Task ends well. `access` and `statements` must outlive the Task.
  virtual reactor::Task<SqlResult<std::vector<Rows>>> run(reactor::Loop& loop,
                                                          const GuestAccess& access,
                                                          const std::vector<Statement>& statements,
                                                          Bounds bounds) = 0;

  // Roost's own statements, in the database's dialect with `$1` placeholders, in one transaction on
  // its own tables; it shares commits with guests' writes. The rows of each. The first error rolls
  // all of it back.
  virtual reactor::Task<SqlResult<std::vector<std::vector<Row>>>> run(
      reactor::Loop& loop, SystemAccess, std::vector<Statement> statements, Bounds bounds) = 0;

  // A transaction of at most so long, once the writers before it are done; kQueryCanceled when that
  // takes until `patience`.
  virtual reactor::Task<SqlResult<std::unique_ptr<PoolTransaction>>> begin(
      reactor::Loop& loop, SystemAccess, std::chrono::milliseconds at_most,
      base::Deadline patience) = 0;

  // Called after each commit that changed something, this process's or another's, on a thread of
  // the pool's: to look for what it may have left to do. To be set before the first use.
  virtual void on_commit(std::function<void()> committed) = 0;

  // A script in the database's own dialect, where policy statements (policy.h) may stand among the
  // others; one transaction. The Rows of each statement.
  virtual reactor::Task<SqlResult<std::vector<Rows>>> administer(reactor::Loop& loop, SystemAccess,
                                                                 std::string script,
                                                                 Bounds bounds) = 0;
  // Those of `migrations` that the database has not seen, in order (migration.h); the versions
  // applied.
  virtual reactor::Task<SqlResult<std::vector<std::uint64_t>>> migrate(
      reactor::Loop& loop, SystemAccess, std::vector<Migration> migrations, Bounds bounds) = 0;
  virtual reactor::Task<SqlResult<std::vector<TableSecurity>>> security(reactor::Loop& loop,
                                                                        SystemAccess) = 0;

  // Interrupts the statements of guests and administrators under way, on whichever thread, rolls
  // back transactions that are held open, and ends the writer after the rest of what was asked. No
  // Task may be awaited after it.
  virtual void stop() = 0;
};

// Never fails: a file that cannot be opened is tried again by every call that the breaker lets
// through. `system` are Roost's own tables there, made or migrated before anything else runs; it
// and `blocking` must outlive the Pool.
std::unique_ptr<Pool> open_sqlite_pool(std::filesystem::path file, unsigned loops,
                                       reactor::BlockingPool& blocking,
                                       std::vector<SystemSchema> system = {});

}  // namespace database
