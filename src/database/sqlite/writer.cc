#include "database/sqlite/writer.h"

#include <utility>

#include "database/sqlite/failure.h"

namespace database::sqlite {
namespace {

constexpr std::chrono::milliseconds kSlice{5};
constexpr std::size_t kMaxMembers = 256;
// How long another program's commit may go unnoticed.
constexpr std::chrono::milliseconds kWatch{5};

SqlError canceled() {
  return {SqlState::kQueryCanceled, "canceling statement: it ran until the call's deadline",
          std::nullopt};
}

}  // namespace

Writer::Writer(std::filesystem::path file, std::vector<SystemSchema> system,
               const Interruption* interruption)
    : file_(std::move(file)), system_(std::move(system)), interruption_(interruption) {
  static_cast<void>(administration());  // a first try; every job tries again
  thread_ = std::thread([this] { run(); });
}

void Writer::submit(JobPtr job) {
  const std::lock_guard lock(mutex_);
  queue_.push_back({std::move(job), nullptr});
  changed_.notify_one();
}

void Writer::submit(Work work) {
  const std::lock_guard lock(mutex_);
  queue_.push_back({nullptr, std::move(work)});
  changed_.notify_one();
}

void Writer::submit(std::shared_ptr<Session> session) {
  const std::lock_guard lock(mutex_);
  queue_.push_back({nullptr, nullptr, std::move(session)});
  changed_.notify_one();
}

void Writer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    // Their owners give no more steps: without this the thread waited for their deadlines.
    if (served_) served_->close();
    for (const Asked& asked : queue_) {
      if (asked.session) asked.session->close();
    }
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

bool Writer::take(Asked& asked) {
  std::unique_lock lock(mutex_);
  const auto asked_for = [this] { return stopping_ || !queue_.empty(); };
  while (!changed_.wait_for(lock, kWatch, asked_for)) {
    lock.unlock();
    watch_others();
    lock.lock();
  }
  if (queue_.empty()) return false;
  asked = std::move(queue_.front());
  queue_.pop_front();
  return true;
}

// Another program's commit, such as the sqlite3 shell's, is to be seen as ours are.
void Writer::watch_others() {
  if (!connection_) return;
  const auto version = connection_->data_version();
  if (!version || std::exchange(seen_version_, *version) == *version) return;
  tell_of_commit();
}

void Writer::on_commit(std::function<void()> committed) {
  const std::lock_guard lock(mutex_);
  committed_ = std::move(committed);
}

void Writer::tell_of_commit() {
  std::unique_lock lock(mutex_);
  const auto committed = committed_;
  lock.unlock();
  if (committed) committed();
}

// Null when nobody waits, or an administrator does, or somebody who needs the writer alone.
Writer::JobPtr Writer::take_next_member() {
  const std::lock_guard lock(mutex_);
  if (queue_.empty() || !queue_.front().job || queue_.front().alone) return nullptr;
  JobPtr job = std::move(queue_.front().job);
  queue_.pop_front();
  return job;
}

void Writer::run() {
  Asked asked;
  while (take(asked)) {
    if (asked.work) {
      asked.work(administration());
      asked.work = nullptr;
      tell_of_commit();
    } else if (asked.session) {
      serve(std::exchange(asked.session, nullptr));
    } else {
      write_batch(std::move(asked.job));
    }
  }
}

SqlResult<Administration*> Writer::administration() {
  if (!administration_) {
    std::error_code ignored;
    if (made_ && !std::filesystem::exists(file_, ignored)) {
      return sql_fail(SqlState::kConnectionFailure,
                      "the database's file is gone: put it back, or restore it from a backup");
    }
    auto opened = Administration::open(file_, interruption_);
    if (!opened) return sql_fail(std::move(opened.error()));
    if (auto prepared = prepare_file(); !prepared) return sql_fail(std::move(prepared.error()));
    administration_ = std::move(*opened);
    made_ = true;
    ready_ = true;
  }
  return administration_.get();
}

// Roost's own tables, by a connection that knows how to migrate them.
SqlResult<void> Writer::prepare_file() {
  if (system_.empty()) return {};
  auto connection = open_sqlite(file_, SystemAccess());
  if (!connection) return sql_fail(opening_error(connection.error(), file_));
  for (const SystemSchema& schema : system_) {
    if (auto migrated = migrate(**connection, schema.name, schema.scripts); !migrated) {
      return sql_fail(opening_error(migrated.error(), file_));
    }
  }
  return {};
}

SqlResult<void> Writer::open() {
  if (connection_) return {};
  if (auto prepared = administration(); !prepared) return sql_fail(std::move(prepared.error()));
  auto connection = GuestConnection::open(file_, Mode::kWrite, interruption_);
  if (!connection) return sql_fail(std::move(connection.error()));
  connection_ = std::move(*connection);
  return {};
}

// A file that failed is opened anew: it may be another one by then.
void Writer::note(const SqlResult<void>& result) {
  if (result || !is_database_failure(result.error().state)) return;
  connection_.reset();
  administration_.reset();
}

// In a savepoint, undone when it fails.
SqlResult<void> Writer::run_marked(WriterJob& job, base::Deadline deadline) {
  SqlResult<void> result = connection_->mark();
  if (!result) return result;
  result = job.run(*connection_, deadline);
  if (result) result = connection_->keep();
  if (!result && connection_->in_transaction()) connection_->undo();
  return result;
}

// False when the batch is over: the job took too long, or the transaction is lost.
bool Writer::run_member(std::vector<Member>& members, JobPtr job) {
  if (job->abandoned() || job->deadline().expired()) {
    members.push_back({std::move(job), sql_fail(canceled())});
    return true;
  }
  const bool first = members.empty();
  const base::Deadline deadline =
      first ? job->deadline() : job->deadline().earlier(base::Deadline::after(kSlice));
  SqlResult<void> result = run_marked(*job, deadline);
  if (result) {
    members.push_back({std::move(job), {}});
    return true;
  }
  const bool sliced =
      result.error().state == SqlState::kQueryCanceled && !first && !job->deadline().expired();
  const bool whole = connection_->in_transaction() || replay(members);
  if (sliced) {
    const std::lock_guard lock(mutex_);
    queue_.push_front({std::move(job), nullptr, nullptr, true});
    return false;
  }
  members.push_back({std::move(job), std::move(result)});
  return whole;
}

// The transaction is gone: those that had succeeded run again. False when it cannot be had back.
bool Writer::replay(std::vector<Member>& members) {
  // Each turn finds one more member that fails, so it ends.
  for (std::size_t turn = 0; turn <= members.size(); ++turn) {
    if (auto begun = connection_->begin(); !begun) return false;
    for (Member& member : members) {
      if (!member.result) continue;
      member.result = run_marked(*member.job, member.job->deadline());
      if (!connection_->in_transaction()) break;
    }
    if (connection_->in_transaction()) return true;
  }
  return false;
}

void Writer::write_batch(JobPtr first) {
  std::vector<Member> members;
  const auto end = base::Deadline::after(kSlice);
  auto begun = open();
  if (begun) begun = connection_->begin();
  if (!begun) {
    members.push_back({std::move(first), std::move(begun)});
    finish(members);
    return;
  }
  const std::int64_t before = connection_->total_changes();
  JobPtr job = std::move(first);
  while (job && run_member(members, std::move(job)) && !end.expired() &&
         members.size() < kMaxMembers) {
    job = take_next_member();
  }
  const bool changed = connection_->total_changes() != before;
  const bool committed = end_transaction(members);
  finish(members);
  if (committed && changed) tell_of_commit();
}

void Writer::serve(const std::shared_ptr<Session>& session) {
  {
    const std::lock_guard lock(mutex_);
    served_ = session;
    if (stopping_) session->close();
  }
  auto opened = open();
  const auto served = session->serve(opened ? SqlResult<GuestConnection*>(connection_.get())
                                            : sql_fail(std::move(opened.error())));
  {
    const std::lock_guard lock(mutex_);
    served_ = nullptr;
  }
  if (!served) note(sql_fail(served.error()));
  if (served && *served) tell_of_commit();
}

bool Writer::end_transaction(std::vector<Member>& members) {
  SqlResult<void> ended = connection_->in_transaction()
                              ? connection_->commit()
                              : sql_fail(SqlState::kIoError, "the transaction was lost");
  if (ended) return true;
  connection_->rollback();
  for (Member& member : members) {
    if (member.result) member.result = ended;
  }
  return false;
}

void Writer::finish(std::vector<Member>& members) {
  for (Member& member : members) {
    note(member.result);
    member.job->finish(std::move(member.result));
  }
}

}  // namespace database::sqlite
