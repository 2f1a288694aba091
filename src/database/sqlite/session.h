// A transaction that somebody holds open: the writer's thread serves it alone until it ends.
//
// Steps are submitted from any thread and run one after another on the writer's, each in a
// savepoint, so that one that fails leaves the transaction as it was. It ends with `commit`,
// `close`, or at its deadline, from when on every step fails; nothing else is written meanwhile,
// so the deadline is short.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

#include "base/deadline.h"
#include "database/sql_error.h"
#include "database/sqlite/guest_connection.h"

namespace database::sqlite {

class Session {
 public:
  // What to do in the transaction, until the deadline at the latest.
  using Step = std::function<SqlResult<void>(GuestConnection&, base::Deadline)>;
  // Of a step, the commit or the opening: once, on the writer's thread, or on that of who submits
  // to a session that is over.
  using Ended = std::function<void(SqlResult<void>)>;

  Session(std::chrono::milliseconds at_most, Ended opened)
      : at_most_(at_most), opened_(std::move(opened)) {}

  // Any thread.
  void submit(Step step, Ended ended);
  void commit(Ended ended);
  void close();  // what is not committed is rolled back

  // On the writer's thread; null when the file cannot be opened. Whether it committed a change.
  SqlResult<bool> serve(SqlResult<GuestConnection*> connection);

 private:
  struct Asked {
    Step step;  // empty: commit
    Ended ended;
  };
  bool take(Asked& asked, base::Deadline deadline);
  void end(SqlError why);
  SqlResult<bool> serve_open(GuestConnection& connection, base::Deadline deadline);
  static SqlResult<void> run_step(GuestConnection& connection, const Step& step,
                                  base::Deadline deadline);

  const std::chrono::milliseconds at_most_;
  Ended opened_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Asked> queue_;
  bool closed_ = false;
  std::optional<SqlError> over_;
};

}  // namespace database::sqlite
