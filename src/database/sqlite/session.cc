#include "database/sqlite/session.h"

#include <utility>

#include <fmt/format.h>

namespace database::sqlite {
namespace {

SqlError rolled_back() {
  return {SqlState::kInternalError, "the transaction was closed before it was committed",
          std::nullopt};
}

}  // namespace

void Session::submit(Step step, Ended ended) {
  {
    const std::lock_guard lock(mutex_);
    if (!over_) {
      queue_.push_back({std::move(step), std::move(ended)});
      changed_.notify_one();
      return;
    }
  }
  ended(sql_fail(*over_));  // written once, before any thread could see it
}

void Session::commit(Ended ended) { submit(nullptr, std::move(ended)); }

void Session::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_one();
}

// False when nothing more is to be done: closed, or past the deadline.
bool Session::take(Asked& asked, base::Deadline deadline) {
  std::unique_lock lock(mutex_);
  const auto ready = [this] { return closed_ || !queue_.empty(); };
  if (!changed_.wait_until(lock, deadline.when(), ready) || queue_.empty()) return false;
  asked = std::move(queue_.front());
  queue_.pop_front();
  return true;
}

void Session::end(SqlError why) {
  std::deque<Asked> left;
  {
    const std::lock_guard lock(mutex_);
    over_ = why;
    left.swap(queue_);
  }
  for (Asked& asked : left) asked.ended(sql_fail(why));
}

SqlResult<void> Session::run_step(GuestConnection& connection, const Step& step,
                                  base::Deadline deadline) {
  if (auto marked = connection.mark(); !marked) return marked;
  auto result = step(connection, deadline);
  if (result) result = connection.keep();
  if (!result && connection.in_transaction()) connection.undo();
  return result;
}

SqlResult<bool> Session::serve(SqlResult<GuestConnection*> connection) {
  SqlResult<void> begun;
  if (!connection) {
    begun = sql_fail(std::move(connection.error()));
  } else {
    begun = (*connection)->begin();
  }
  if (!begun) {
    end(begun.error());
    opened_(begun);
    return sql_fail(std::move(begun.error()));
  }
  const auto deadline = base::Deadline::after(at_most_);
  opened_({});
  auto committed = serve_open(**connection, deadline);
  if ((*connection)->in_transaction()) (*connection)->rollback();
  return committed;
}

SqlResult<bool> Session::serve_open(GuestConnection& connection, base::Deadline deadline) {
  const std::int64_t before = connection.total_changes();
  Asked asked;
  while (take(asked, deadline)) {
    if (!connection.in_transaction()) {
      const SqlError lost{SqlState::kIoError, "the transaction was lost", std::nullopt};
      asked.ended(sql_fail(lost));
      end(lost);
      return sql_fail(lost);
    }
    if (asked.step) {
      asked.ended(run_step(connection, asked.step, deadline));
      continue;
    }
    auto committed = connection.commit();
    if (!committed) connection.rollback();
    asked.ended(committed);
    end(rolled_back());
    if (!committed) return sql_fail(std::move(committed.error()));
    return connection.total_changes() != before;
  }
  if (deadline.expired()) {
    end({SqlState::kQueryCanceled,
         fmt::format("the transaction was rolled back: it may take {} ms", at_most_.count()),
         std::nullopt});
  } else {
    end(rolled_back());
  }
  return false;
}

}  // namespace database::sqlite
