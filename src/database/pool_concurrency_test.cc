// Many callers at once over one SQLite file. A second in ordinary runs; ROOST_SOAK_SECONDS says how
// long else.
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <future>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/post.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "database/pool.h"
#include "database/test_folder.h"
#include "reactor/reactor.h"

namespace database {
namespace {

namespace json = boost::json;
using reactor::Task;

constexpr unsigned kLoops = 2;

std::chrono::seconds span() {
  const char* const asked = std::getenv("ROOST_SOAK_SECONDS");
  return std::chrono::seconds(asked == nullptr ? 1 : std::max(1, std::atoi(asked)));
}

GuestAccess user(const std::string& id) {
  return GuestAccess(
      {auth::Role::kAuthenticated, id, R"({"role":"authenticated","sub":")" + id + "\"}"});
}

class Concurrency : public ::testing::Test {
 protected:
  Concurrency() : pool_(open_sqlite_pool(folder_ / "data.db", kLoops, reactor_.blocking())) {
    reactor_.start();
    administer(
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, owner TEXT NOT NULL, body TEXT NOT NULL, "
        "version INTEGER NOT NULL DEFAULT 0) STRICT;"
        "CREATE INDEX notes_by_owner ON notes (owner);"
        "GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO authenticated, service_role;"
        "ALTER TABLE notes ENABLE ROW LEVEL SECURITY;"
        "CREATE POLICY own ON notes TO authenticated USING (owner = auth.uid())");
  }
  ~Concurrency() override {
    pool_->stop();
    reactor_.stop();
  }

  template <class T>
  T await(Task<T> task) {
    std::promise<T> promise;
    auto future = promise.get_future();
    reactor_.loop(0).spawn([](Task<T> inner, std::promise<T>& out) -> Task<void> {
      out.set_value(co_await std::move(inner));
    }(std::move(task), promise));
    return future.get();
  }
  void administer(const std::string& script) {
    auto done = await(pool_->administer(reactor_.loop(0), SystemAccess(), script, {}));
    ASSERT_TRUE(done) << done.error().message;
  }
  std::int64_t count(const std::string& sql) {
    auto rows = await(pool_->run(reactor_.loop(0), SystemAccess(), {{sql, {}}}, {}));
    EXPECT_TRUE(rows) << rows.error().message;
    return rows ? std::get<std::int64_t>(rows->front().front().front()) : -1;
  }

  // Starts one Task for each, and waits until all have ended.
  template <class Make>
  void run_all(std::size_t number, const Make& make) {
    std::atomic<std::size_t> left = number;
    std::promise<void> all;
    for (std::size_t i = 0; i < number; ++i) {
      reactor::Loop& loop = reactor_.loop(i % kLoops);
      loop.spawn([](Task<void> inner, std::atomic<std::size_t>& remaining,
                    std::promise<void>& done) -> Task<void> {
        co_await std::move(inner);
        if (--remaining == 0) done.set_value();
      }(make(i, loop), left, all));
    }
    all.get_future().wait();
  }

  TestFolder folder_;
  reactor::Reactor reactor_{kLoops, 2};
  std::unique_ptr<Pool> pool_;
};

// What one identity did, and what it saw that it must not.
struct Account {
  std::string name;
  std::atomic<int> inserted = 0;
  std::atomic<int> updated = 0;
  std::atomic<int> foreign_rows = 0;
  std::atomic<int> wrong_answers = 0;
};

Task<void> look(Pool& pool, reactor::Loop& loop, Account& account, const GuestAccess& access) {
  const std::vector<Statement> statements{
      {"SELECT owner, body FROM notes ORDER BY id DESC LIMIT 50", {}}};
  auto rows = co_await pool.run(loop, access, statements, {});
  if (!rows) {
    ++account.wrong_answers;
    co_return;
  }
  for (const json::value& row : json::parse(rows->front().json).as_array()) {
    if (row.at("owner").as_string() != account.name) ++account.foreign_rows;
  }
}

Task<void> add(Pool& pool, reactor::Loop& loop, Account& account, const GuestAccess& access,
               int number) {
  const std::vector<Statement> statements{
      {"INSERT INTO notes (owner, body) VALUES ($1, $2)",
       {account.name, fmt::format("{} {} {}", account.name, loop.index(), number)}}};
  auto rows = co_await pool.run(loop, access, statements, {});
  ++(rows ? account.inserted : account.wrong_answers);
}

// The second statement is refused, and takes the first with it, and nobody else.
Task<void> fail(Pool& pool, reactor::Loop& loop, Account& account, const GuestAccess& access) {
  const std::vector<Statement> statements{
      {"INSERT INTO notes (owner, body) VALUES ($1, 'never')", {account.name}},
      {"INSERT INTO notes (owner, body) VALUES ('somebody', 'never')", {}}};
  auto rows = co_await pool.run(loop, access, statements, {});
  if (rows || rows.error().state != SqlState::kInsufficientPrivilege) ++account.wrong_answers;
}

Task<void> change(Pool& pool, reactor::Loop& loop, Account& account, const GuestAccess& access) {
  const std::vector<Statement> statements{
      {"UPDATE notes SET version = version + 1 WHERE id = (SELECT max(id) FROM notes) RETURNING "
       "owner",
       {}}};
  auto rows = co_await pool.run(loop, access, statements, {});
  if (!rows) {
    ++account.wrong_answers;
    co_return;
  }
  for (const json::value& row : json::parse(rows->front().json).as_array()) {
    ++account.updated;
    if (row.at("owner").as_string() != account.name) ++account.foreign_rows;
  }
}

TEST_F(Concurrency, IdentitiesDoNotMeetAndNothingIsLostOrDoubled) {
  constexpr std::size_t kIdentities = 12;
  std::vector<std::unique_ptr<Account>> accounts;
  for (std::size_t i = 0; i < kIdentities; ++i) {
    accounts.push_back(std::make_unique<Account>());
    accounts.back()->name = fmt::format("user-{}", i);
  }
  const auto end = base::Deadline::after(span());
  run_all(kIdentities * kLoops, [&](std::size_t number, reactor::Loop& loop) {
    // Each identity on both loops.
    return [](Pool& pool, reactor::Loop& on, Account& account, base::Deadline until) -> Task<void> {
      const GuestAccess access = user(account.name);
      for (int i = 0; !until.expired(); ++i) {
        co_await add(pool, on, account, access, i);
        co_await look(pool, on, account, access);
        if (i % 3 == 0) co_await fail(pool, on, account, access);
        if (i % 2 == 0) co_await change(pool, on, account, access);
      }
    }(*pool_, loop, *accounts[number / kLoops], end);
  });
  std::int64_t updated = 0;
  for (const auto& account : accounts) {
    EXPECT_EQ(account->foreign_rows, 0) << account->name;
    EXPECT_EQ(account->wrong_answers, 0) << account->name;
    EXPECT_GT(account->inserted, 0) << account->name;
    EXPECT_EQ(count(fmt::format("SELECT count(*) FROM notes WHERE owner = '{}'", account->name)),
              account->inserted);
    updated += account->updated;
  }
  EXPECT_EQ(count("SELECT count(*) - count(DISTINCT body) FROM notes"), 0);
  EXPECT_EQ(count("SELECT count(*) FROM notes WHERE body = 'never'"), 0);
  EXPECT_EQ(count("SELECT sum(version) FROM notes"), updated);
}

// Whoever asks after the answer of a change of policies is answered by the new ones.
TEST_F(Concurrency, PolicyChangesHoldUnderLoad) {
  administer("INSERT INTO notes (owner, body) VALUES ('other', 'secret')");
  // Odd: everyone may read; even: nobody but the owner. Moves only between two changes.
  std::atomic<int> era = 0;
  std::atomic<int> wrong = 0;
  std::atomic<int> sure = 0;
  std::atomic<bool> over = false;
  auto readers = std::async(std::launch::async, [&] {
    run_all(6, [&](std::size_t, reactor::Loop& loop) {
      return [](Pool& pool, reactor::Loop& on, std::atomic<int>& now, std::atomic<int>& bad,
                std::atomic<int>& certain, std::atomic<bool>& stop) -> Task<void> {
        const GuestAccess access = user("reader");
        const std::vector<Statement> statements{{"SELECT count(*) AS n FROM notes", {}}};
        while (!stop) {
          // A read need not suspend; whoever changes policies needs the loop, too.
          co_await boost::asio::post(on.executor(), reactor::kAwait);
          const int before = now;
          auto rows = co_await pool.run(on, access, statements, {});
          const int after = now;
          if (!rows) ++bad;
          if (!rows || before != after || before < 0) continue;
          ++certain;
          if (rows->front().json != (before % 2 == 1 ? R"([{"n":1}])" : R"([{"n":0}])")) ++bad;
        }
      }(*pool_, loop, era, wrong, sure, over);
    });
  });
  const auto end = base::Deadline::after(span());
  for (int next = 1; !end.expired() || next < 10; ++next) {
    era = -next;  // uncertain until the answer
    administer(next % 2 == 1 ? "CREATE POLICY everyone ON notes FOR SELECT USING (true)"
                             : "DROP POLICY everyone ON notes");
    era = next;
    // Long enough for some reads within this era.
    const auto pause = base::Deadline::after(std::chrono::milliseconds(5));
    while (!pause.expired()) std::this_thread::yield();
  }
  over = true;
  readers.wait();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(sure, 10);
}

// The disk is full for a while: who was told that it is written finds it written, and nobody else.
TEST_F(Concurrency, AFailedCommitTakesOnlyWhatItWasToWrite) {
  std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  struct rlimit small = before;
  small.rlim_cur = 512 * 1024;  // of the write-ahead log
  std::atomic<int> written = 0;
  std::atomic<int> refused = 0;
  const auto write = [&](int each) {
    run_all(8, [&, each](std::size_t writer, reactor::Loop& loop) {
      return [](Pool& pool, reactor::Loop& on, std::size_t who, int times, std::atomic<int>& good,
                std::atomic<int>& bad) -> Task<void> {
        const std::string name = fmt::format("writer-{}", who);
        const GuestAccess access = user(name);
        for (int i = 0; i < times; ++i) {
          const std::vector<Statement> statements{
              {"INSERT INTO notes (owner, body) VALUES ($1, $2)",
               {name, std::string(20'000, 'x')}}};
          ++(co_await pool.run(on, access, statements, {}) ? good : bad);
        }
      }(*pool_, loop, writer, each, written, refused);
    });
  };
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  write(10);
  EXPECT_GT(refused, 0) << "the disk was full";
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  // The breaker that it opened closes by itself.
  const auto end = base::Deadline::after(std::chrono::seconds(20));
  const int during = written;
  while (written == during && !end.expired()) write(1);
  EXPECT_GT(written, during);
  EXPECT_EQ(count("SELECT count(*) FROM notes"), written);
  std::signal(SIGXFSZ, SIG_DFL);
}

}  // namespace
}  // namespace database
