// The one thread that writes to the file: many callers' transactions in one commit.
//
// Members of a batch run one after another, each in a savepoint; what they answer is withheld until
// the commit, errors too, because they may have seen what others wrote. A member that fails is
// undone alone; where its failure ends the whole transaction, the others run again without it. A
// member that takes longer than a slice closes the batch and runs alone. An administrator's work
// runs between two batches, on a connection of its own, and so does a transaction that somebody
// holds open (session.h).
//
// `submit` may be called from any thread; every job is finished once, from within `stop` at the
// latest.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "database/migrations.h"
#include "database/sql_error.h"
#include "database/sqlite/administration.h"
#include "database/sqlite/guest_connection.h"
#include "database/sqlite/interruption.h"
#include "database/sqlite/session.h"

namespace database::sqlite {

// One member of a batch. Called on the writer's thread.
class WriterJob {
 public:
  explicit WriterJob(base::Deadline deadline) : deadline_(deadline) {}
  virtual ~WriterJob() = default;

  // In the open transaction. Called again when the transaction had to begin anew: what an earlier
  // call found is then void.
  virtual SqlResult<void> run(GuestConnection& connection, base::Deadline deadline) = 0;
  // Once: after the commit, or why there is none.
  virtual void finish(SqlResult<void> result) = 0;

  [[nodiscard]] base::Deadline deadline() const { return deadline_; }
  // By who no longer waits, on any thread: a job that has not begun is then dropped.
  void abandon() { abandoned_ = true; }
  [[nodiscard]] bool abandoned() const { return abandoned_; }

 private:
  const base::Deadline deadline_;
  std::atomic<bool> abandoned_ = false;
};

class Writer {
 public:
  using JobPtr = std::shared_ptr<WriterJob>;
  // With the administrator's connection, or why there is none.
  using Work = std::function<void(SqlResult<Administration*>)>;

  Writer(std::filesystem::path file, std::vector<SystemSchema> system,
         const Interruption* interruption = nullptr);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() { stop(); }

  void submit(JobPtr job);
  void submit(Work work);
  void submit(std::shared_ptr<Session> session);
  // After what was submitted; sessions are closed.
  void stop();

  // Called on the writer's thread after each commit, another program's as well.
  void on_commit(std::function<void()> committed);

  // Whether the file was found and prepared; guests' readers need that.
  [[nodiscard]] bool ready() const { return ready_; }

 private:
  struct Member {
    JobPtr job;
    SqlResult<void> result;
  };
  // One of the three.
  struct Asked {
    JobPtr job;
    Work work;
    std::shared_ptr<Session> session = nullptr;
    bool alone = false;  // a job that has taken longer than a slice
  };

  void run();
  void watch_others();
  void tell_of_commit();
  bool take(Asked& asked);
  JobPtr take_next_member();
  void write_batch(JobPtr first);
  void serve(const std::shared_ptr<Session>& session);
  bool run_member(std::vector<Member>& members, JobPtr job);
  bool replay(std::vector<Member>& members);
  SqlResult<void> run_marked(WriterJob& job, base::Deadline deadline);
  bool end_transaction(std::vector<Member>& members);
  void finish(std::vector<Member>& members);
  SqlResult<void> open();
  SqlResult<void> prepare_file();
  SqlResult<Administration*> administration();
  void note(const SqlResult<void>& result);

  const std::filesystem::path file_;
  const std::vector<SystemSchema> system_;
  const Interruption* const interruption_;
  std::unique_ptr<Administration> administration_;
  std::unique_ptr<GuestConnection> connection_;
  std::int64_t seen_version_ = 0;  // PRAGMA data_version
  bool made_ = false;              // the file is not made a second time: its loss is to be seen
  std::atomic<bool> ready_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Asked> queue_;
  std::function<void()> committed_;
  std::shared_ptr<Session> served_;  // which waits for its owner's steps
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace database::sqlite
