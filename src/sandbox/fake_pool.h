// For tests: a database that answers what it is told to, and notes what it was asked.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "database/pool.h"

namespace sandbox {

class FakePool final : public database::Pool {
 public:
  using Answer = database::SqlResult<std::vector<database::Rows>>;
  struct Asked {
    auth::Principal principal;
    std::vector<database::Statement> statements;
    database::Bounds bounds;
  };

  reactor::Task<Answer> run(reactor::Loop& loop, const database::GuestAccess& access,
                            const std::vector<database::Statement>& statements,
                            database::Bounds bounds) override {
    const Counted counted(running);
    {
      const std::lock_guard lock(mutex_);
      asked_.push_back({access.principal(), statements, bounds});
    }
    if (wait.count() > 0) {
      co_await loop.sleep_until(base::Deadline::after(wait).earlier(bounds.deadline));
    }
    if (bounds.deadline.expired()) {
      co_return database::sql_fail(database::SqlState::kQueryCanceled, "canceled");
    }
    co_return answer(statements);
  }
  reactor::Task<database::SqlResult<std::vector<std::vector<database::Row>>>> run(
      reactor::Loop&, database::SystemAccess, std::vector<database::Statement>,
      database::Bounds) override {
    co_return database::sql_fail(database::SqlState::kInternalError, "no guest asks for this");
  }
  reactor::Task<database::SqlResult<std::unique_ptr<database::PoolTransaction>>> begin(
      reactor::Loop&, database::SystemAccess, std::chrono::milliseconds, base::Deadline) override {
    co_return database::sql_fail(database::SqlState::kInternalError, "no guest asks for this");
  }

  void on_commit(std::function<void()>) override {}
  reactor::Task<Answer> administer(reactor::Loop&, database::SystemAccess, std::string,
                                   database::Bounds) override {
    co_return Answer();
  }
  reactor::Task<database::SqlResult<std::vector<std::uint64_t>>> migrate(
      reactor::Loop&, database::SystemAccess, std::vector<database::Migration>,
      database::Bounds) override {
    co_return std::vector<std::uint64_t>();
  }
  reactor::Task<database::SqlResult<std::vector<database::TableSecurity>>> security(
      reactor::Loop&, database::SystemAccess) override {
    co_return std::vector<database::TableSecurity>();
  }
  void stop() override {}

  std::vector<Asked> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

  // Set before the calls; both run on every loop.
  std::chrono::milliseconds wait{};
  std::function<Answer(const std::vector<database::Statement>&)> answer =
      [](const std::vector<database::Statement>& statements) -> Answer {
    return std::vector(statements.size(), database::Rows{R"([{"n":1}])", 1});
  };
  std::atomic<int> running{0};

 private:
  struct Counted {
    explicit Counted(std::atomic<int>& counter) : counter_(counter) { ++counter_; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() { --counter_; }
    std::atomic<int>& counter_;
  };

  std::mutex mutex_;
  std::vector<Asked> asked_;
};

}  // namespace sandbox
