// What every Pool must do, whatever database is behind it: a suite that each driver runs.
//
//   INSTANTIATE_TEST_SUITE_P(Sqlite, PoolContract, testing::Values(&make_sqlite_database));
//
// A TestDatabase makes the contract's tables in its own dialect; the rest of the suite speaks
// PostgreSQL's grammar only. pool_contract.cc has the tests.
#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "database/pool.h"
#include "reactor/reactor.h"

namespace database {

class TestDatabase {
 public:
  virtual ~TestDatabase() = default;
  virtual std::unique_ptr<Pool> open(unsigned loops, reactor::BlockingPool& blocking) = 0;
  // notes(id integer key made by the database, owner text not null, body text, stars integer),
  // unique(owner, body); counters(name text key, value integer); values_of(id integer key, number
  // integer, real, text, bytes). No grants, no policies.
  [[nodiscard]] virtual std::string schema() const = 0;
};
using MakeTestDatabase = std::unique_ptr<TestDatabase> (*)();

class PoolContract : public testing::TestWithParam<MakeTestDatabase> {
 protected:
  static constexpr unsigned kLoops = 2;

  void SetUp() override {
    database_ = GetParam()();
    pool_ = database_->open(kLoops, reactor_.blocking());
    reactor_.start();
    ASSERT_TRUE(administer(database_->schema()));
    ASSERT_TRUE(administer(R"(
      GRANT SELECT, INSERT, UPDATE, DELETE ON notes, counters, values_of TO authenticated, service_role;
      GRANT SELECT ON notes TO anon;
      ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
      CREATE POLICY own ON notes TO authenticated USING (owner = auth.uid()))"));
  }
  void TearDown() override { stop(); }

  void stop() {
    if (!pool_) return;
    pool_->stop();
    reactor_.stop();
    reactor_.blocking().join();
    pool_.reset();
  }

  // Runs a Task of the pool on a loop and waits for it.
  template <class T>
  T await(unsigned loop, reactor::Task<T> task) {
    std::promise<T> promise;
    auto future = promise.get_future();
    reactor_.loop(loop).spawn(
        [](reactor::Task<T> inner, std::promise<T>& out) -> reactor::Task<void> {
          out.set_value(co_await std::move(inner));
        }(std::move(task), promise));
    if (future.wait_for(std::chrono::seconds(30)) != std::future_status::ready) {
      ADD_FAILURE() << "the pool does not answer";
      std::terminate();
    }
    return future.get();
  }

  SqlResult<std::vector<Rows>> administer(std::string script) {
    return await(0, pool_->administer(reactor_.loop(0), SystemAccess(), std::move(script), {}));
  }
  SqlResult<std::vector<Rows>> batch(const GuestAccess& access, std::vector<Statement> statements,
                                     Bounds bounds = {}, unsigned loop = 0) {
    return await(loop, pool_->run(reactor_.loop(loop), access, statements, bounds));
  }
  SqlResult<Rows> query(const GuestAccess& access, std::string sql,
                        std::vector<Value> parameters = {}, Bounds bounds = {}, unsigned loop = 0) {
    auto answers = batch(access, {{std::move(sql), std::move(parameters)}}, bounds, loop);
    if (!answers) return sql_fail(std::move(answers.error()));
    return std::move(answers->front());
  }
  // The rows, or the error's name.
  std::string json(const GuestAccess& access, std::string sql, std::vector<Value> parameters = {}) {
    auto rows = query(access, std::move(sql), std::move(parameters));
    return rows ? rows->json : std::string(name_of(rows.error().state));
  }

  static GuestAccess user(std::string id) {
    std::string claims = R"({"role":"authenticated","sub":")" + id + "\"}";
    return GuestAccess({auth::Role::kAuthenticated, std::move(id), std::move(claims)});
  }
  static GuestAccess anonymous() { return GuestAccess(auth::Principal::anonymous()); }
  static GuestAccess service() { return GuestAccess(auth::Principal::service()); }

  reactor::Reactor reactor_{kLoops, 2};
  std::unique_ptr<TestDatabase> database_;
  std::unique_ptr<Pool> pool_;
};

}  // namespace database
