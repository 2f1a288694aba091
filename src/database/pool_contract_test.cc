#include "database/pool_contract.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "database/test_folder.h"

namespace database {
namespace {

class SqliteDatabase final : public TestDatabase {
 public:
  std::unique_ptr<Pool> open(unsigned loops, reactor::BlockingPool& blocking) override {
    return open_sqlite_pool(folder_ / "data.db", loops, blocking);
  }
  [[nodiscard]] std::string schema() const override {
    return R"(
      CREATE TABLE notes (id INTEGER PRIMARY KEY, owner TEXT NOT NULL, body TEXT, stars INTEGER,
                          UNIQUE (owner, body)) STRICT;
      CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
      CREATE TABLE values_of (id INTEGER PRIMARY KEY, number INTEGER, real REAL, text TEXT,
                              bytes BLOB) STRICT;)";
  }

 private:
  TestFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(Sqlite, PoolContract,
                         testing::Values(MakeTestDatabase([]() -> std::unique_ptr<TestDatabase> {
                           return std::make_unique<SqliteDatabase>();
                         })));

constexpr auto kAdd = "INSERT INTO notes (owner, body) VALUES ($1, $2)";

TEST_P(PoolContract, CallersSeeTheirOwnRows) {
  const auto ann = user("ann");
  const auto ben = user("ben");
  EXPECT_EQ(json(ann, kAdd, {"ann", "a"}), "[]");
  EXPECT_EQ(json(ben, kAdd, {"ben", "b"}), "[]");
  EXPECT_EQ(json(ann, "SELECT body FROM notes"), R"([{"body":"a"}])");
  EXPECT_EQ(json(ben, "SELECT body FROM notes"), R"([{"body":"b"}])");
  EXPECT_EQ(json(service(), "SELECT body FROM notes ORDER BY id"),
            R"([{"body":"a"},{"body":"b"}])");
  EXPECT_EQ(json(anonymous(), "SELECT body FROM notes"), "[]");
}

TEST_P(PoolContract, ChecksWhatIsWritten) {
  EXPECT_EQ(json(user("ann"), kAdd, {"ben", "a"}), "insufficient_privilege");
  EXPECT_EQ(json(user("ann"), kAdd, {"ann", "a"}), "[]");
  EXPECT_EQ(json(user("ann"), "UPDATE notes SET owner = 'ben'"), "insufficient_privilege");
  EXPECT_EQ(query(user("ben"), "UPDATE notes SET body = 'mine'")->count, 0U);
  EXPECT_EQ(query(user("ben"), "DELETE FROM notes")->count, 0U);
  EXPECT_EQ(query(user("ann"), "DELETE FROM notes")->count, 1U);
}

TEST_P(PoolContract, DeniesWhatIsNotGranted) {
  EXPECT_EQ(json(anonymous(), "SELECT * FROM counters"), "insufficient_privilege");
  EXPECT_EQ(json(anonymous(), kAdd, {"ann", "a"}), "insufficient_privilege");
  EXPECT_EQ(json(anonymous(), "DELETE FROM notes"), "insufficient_privilege");
}

TEST_P(PoolContract, GuestsHaveNoOtherStatements) {
  for (const char* sql :
       {"CREATE TABLE x (a int)", "DROP TABLE notes", "GRANT SELECT ON counters TO anon",
        "ALTER TABLE notes DISABLE ROW LEVEL SECURITY", "BEGIN", "SET ROLE service_role",
        "SELECT set_config('role', 'service_role', true)", "DROP POLICY own ON notes"}) {
    const auto answer = query(user("ann"), sql);
    ASSERT_FALSE(answer) << sql;
    EXPECT_FALSE(is_database_failure(answer.error().state)) << sql;
  }
  EXPECT_EQ(json(user("ann"), "SELECT 1; SELECT 2"), "syntax_error");
}

TEST_P(PoolContract, ValuesComeBackAsTheyWent) {
  const std::vector<Value> row{std::int64_t{9007199254740993}, 0.1, "quote \" and \n ü",
                               Blob{std::string("\0\xff", 2)}};
  ASSERT_TRUE(query(service(),
                    "INSERT INTO values_of (id, number, real, text, bytes) "
                    "VALUES (1, $1, $2, $3, $4)",
                    row));
  EXPECT_EQ(json(service(), "SELECT number, real, text, bytes FROM values_of"),
            R"([{"number":9007199254740993,"real":0.1,"text":"quote \" and \n ü",)"
            R"("bytes":"\\x00ff"}])");
  EXPECT_EQ(json(service(), "SELECT number + 1 AS n FROM values_of WHERE text = $1", {row[2]}),
            R"([{"n":9007199254740994}])");
  EXPECT_EQ(json(service(), "SELECT 1 AS n FROM values_of WHERE number IS NOT DISTINCT FROM $1",
                 {Null()}),
            "[]");
}

TEST_P(PoolContract, ReturningTellsWhatWasWritten) {
  EXPECT_EQ(
      json(user("ann"), "INSERT INTO notes (owner, body) VALUES ('ann', 'a') RETURNING id, body"),
      R"([{"id":1,"body":"a"}])");
  EXPECT_EQ(json(user("ann"), "UPDATE notes SET stars = 3 RETURNING stars"), R"([{"stars":3}])");
  EXPECT_EQ(json(user("ann"), "DELETE FROM notes RETURNING body"), R"([{"body":"a"}])");
}

TEST_P(PoolContract, ABatchIsOneTransaction) {
  const auto ann = user("ann");
  auto done = batch(ann, {{kAdd, {"ann", "a"}}, {"SELECT count(*) FROM notes", {}}});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ((*done)[1].json, R"([{"count":1}])");
  EXPECT_FALSE(batch(ann, {{kAdd, {"ann", "b"}}, {kAdd, {"ben", "c"}}}));
  EXPECT_EQ(json(ann, "SELECT body FROM notes"), R"([{"body":"a"}])");
}

TEST_P(PoolContract, ErrorsHaveTheirNames) {
  const auto ann = user("ann");
  ASSERT_TRUE(query(ann, kAdd, {"ann", "a"}));
  EXPECT_EQ(json(ann, kAdd, {"ann", "a"}), "unique_violation");
  EXPECT_EQ(json(ann, "INSERT INTO notes (owner) VALUES (NULL)"), "insufficient_privilege");
  EXPECT_EQ(json(ann, "INSERT INTO counters (name) VALUES ('x')"), "not_null_violation");
  EXPECT_EQ(json(ann, "SELECT * FROM nowhere"), "undefined_table");
  EXPECT_EQ(json(ann, "SELECT nothing FROM notes"), "undefined_column");
  EXPECT_EQ(json(ann, "SELECT no_such(1)"), "undefined_function");
  EXPECT_EQ(json(ann, "SELEC 1"), "syntax_error");
  EXPECT_EQ(json(ann, "SELECT 1 / 0"), "division_by_zero");
  EXPECT_EQ(json(ann, "SELECT $1"), "undefined_parameter");
  const auto error = query(ann, "SELECT 1 FROM");
  ASSERT_FALSE(error);
  EXPECT_EQ(error.error().position, 14U);
}

TEST_P(PoolContract, BoundsHold) {
  const auto ann = user("ann");
  const std::string many =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "
      "SELECT i FROM n";
  Bounds rows;
  rows.max_rows = 999;
  EXPECT_EQ(query(ann, many, {}, rows).error().state, SqlState::kProgramLimitExceeded);
  Bounds bytes;
  bytes.max_bytes = 1000;
  EXPECT_EQ(query(ann, many, {}, bytes).error().state, SqlState::kProgramLimitExceeded);
  EXPECT_EQ(query(ann, many)->count, 1000U);
}

TEST_P(PoolContract, ADeadlineEndsReadsAndWrites) {
  const auto ann = user("ann");
  const std::string endless =
      "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n)";
  for (const std::string& sql :
       {"SELECT " + endless, "INSERT INTO counters (name, value) SELECT 'x', " + endless}) {
    const auto begin = std::chrono::steady_clock::now();
    Bounds bounds;
    bounds.deadline = base::Deadline::after(std::chrono::milliseconds(100));
    const auto answer = query(ann, sql, {}, bounds);
    ASSERT_FALSE(answer) << sql;
    EXPECT_EQ(answer.error().state, SqlState::kQueryCanceled) << answer.error().message;
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
  }
  EXPECT_EQ(json(ann, "SELECT count(*) FROM counters"), R"([{"count":0}])");
}

// An administrator's long report is no reason for anybody's write to wait.
// Translating them takes long, and nothing can interrupt that.
TEST_P(PoolContract, LongTextsHoldUpNoLoop) {
  for (const char* first : {"SELECT 1", "WITH t AS (SELECT 1) SELECT 1"}) {
    std::string sql = first;
    for (int i = 0; i < 1500; ++i) sql += ",1";
    const auto let_others = [](reactor::Loop& loop, Pool& pool,
                               std::string text) -> reactor::Task<bool> {
      bool others = false;
      loop.post([&others] { others = true; });
      const GuestAccess access = anonymous();
      const std::vector<Statement> statements{{std::move(text), {}}};
      const auto rows = co_await pool.run(loop, access, statements, {});
      EXPECT_TRUE(rows);
      co_return others;
    };
    EXPECT_TRUE(await(0, let_others(reactor_.loop(0), *pool_, sql))) << first;
  }
}

TEST_P(PoolContract, ScriptsThatOnlyReadHoldUpNoWriter) {
  using Answer = SqlResult<std::vector<Rows>>;
  std::promise<Answer> promise;
  auto report = promise.get_future();
  auto task = pool_->administer(
      reactor_.loop(0), SystemAccess(),
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
      {.deadline = base::Deadline::after(std::chrono::seconds(3))});
  reactor_.loop(0).spawn(
      [](reactor::Task<Answer> inner, std::promise<Answer>& out) -> reactor::Task<void> {
        out.set_value(co_await std::move(inner));
      }(std::move(task), promise));
  ASSERT_EQ(json(service(), "SELECT count(*) AS n FROM notes"), R"([{"n":0}])") << "it has begun";
  const auto written = query(service(), "INSERT INTO notes (owner, body) VALUES ('ada', 'milk')",
                             {}, {.deadline = base::Deadline::after(std::chrono::seconds(1))}, 1);
  EXPECT_TRUE(written) << written.error().message;
  EXPECT_NE(report.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  const auto ended = report.get();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().state, SqlState::kQueryCanceled);
  const auto rows = administer("SELECT body FROM notes; SELECT 1 AS one");
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(rows->at(0).json + rows->at(1).json, R"([{"body":"milk"}][{"one":1}])");
}

TEST_P(PoolContract, PolicyChangesHoldAtOnceOnEveryLoop) {
  const auto ann = user("ann");
  ASSERT_TRUE(query(ann, kAdd, {"ann", "a"}));
  ASSERT_TRUE(query(user("ben"), kAdd, {"ben", "b"}));
  const std::string count = "SELECT count(*) FROM notes";
  for (unsigned loop = 0; loop < kLoops; ++loop) {
    EXPECT_EQ(query(ann, count, {}, {}, loop)->json, R"([{"count":1}])");
  }
  ASSERT_TRUE(administer("CREATE POLICY everyone ON notes FOR SELECT USING (true)"));
  for (unsigned loop = 0; loop < kLoops; ++loop) {
    EXPECT_EQ(query(ann, count, {}, {}, loop)->json, R"([{"count":2}])");
  }
  ASSERT_TRUE(
      administer("DROP POLICY everyone ON notes; REVOKE SELECT ON notes FROM authenticated"));
  for (unsigned loop = 0; loop < kLoops; ++loop) {
    EXPECT_EQ(query(ann, count, {}, {}, loop).error().state, SqlState::kInsufficientPrivilege);
  }
}

// Many writers at once: whoever fails takes nobody along, nothing is lost or doubled.
TEST_P(PoolContract, WritersOfManyCallersShareCommits) {
  constexpr int kWriters = 64;
  constexpr int kEach = 20;
  ASSERT_TRUE(query(service(), "INSERT INTO counters (name, value) VALUES ('all', 0)"));
  std::atomic<int> refused = 0;
  std::atomic<int> failed = 0;
  std::promise<void> all;
  std::atomic<int> left = kWriters;
  for (int writer = 0; writer < kWriters; ++writer) {
    auto& loop = reactor_.loop(static_cast<std::size_t>(writer) % kLoops);
    loop.spawn([](Pool& pool, reactor::Loop& on, int who, std::atomic<int>& refusals,
                  std::atomic<int>& failures, std::atomic<int>& remaining,
                  std::promise<void>& done) -> reactor::Task<void> {
      const auto caller = user("user" + std::to_string(who));
      const std::vector<Statement> good{
          {"UPDATE counters SET value = value + 1 WHERE name = 'all'", {}}};
      const std::vector<Statement> bad{
          {"UPDATE counters SET value = value + 1000 WHERE name = 'all'", {}},
          {kAdd, {"somebody else", "x"}}};
      for (int i = 0; i < kEach; ++i) {
        const bool expect = i % 3 != 0;
        auto answer = co_await pool.run(on, caller, expect ? good : bad, {});
        if (answer.has_value() != expect) ++failures;
        if (!answer && answer.error().state == SqlState::kInsufficientPrivilege) ++refusals;
      }
      if (--remaining == 0) done.set_value();
    }(*pool_, loop, writer, refused, failed, left, all));
  }
  ASSERT_EQ(all.get_future().wait_for(std::chrono::seconds(60)), std::future_status::ready);
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(refused, kWriters * 7);
  EXPECT_EQ(json(service(), "SELECT value FROM counters"),
            R"([{"value":)" + std::to_string(kWriters * 13) + "}]");
}

TEST_P(PoolContract, SurvivesAStopInTheMiddle) {
  std::vector<std::future<void>> none;
  std::atomic<int> answered = 0;
  constexpr int kCalls = 50;
  std::promise<void> all;
  for (int i = 0; i < kCalls; ++i) {
    reactor_.loop(0).spawn([](Pool& pool, reactor::Loop& on, int number, std::atomic<int>& count,
                              std::promise<void>& done) -> reactor::Task<void> {
      const auto caller = user("ann");
      const std::vector<Statement> add{{kAdd, {"ann", std::to_string(number)}}};
      auto answer = co_await pool.run(on, caller, add, {});
      EXPECT_TRUE(answer);
      if (++count == kCalls) done.set_value();
    }(*pool_, reactor_.loop(0), i, answered, all));
  }
  ASSERT_EQ(all.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
  stop();
  EXPECT_EQ(answered, kCalls);
}

// Whoever asks for this waits for long.
constexpr auto kEndless =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

TEST_P(PoolContract, StopInterruptsWhatRunsAndWhatIsHeldOpen) {
  reactor::Loop& loop = reactor_.loop(0);
  auto held = await(0, pool_->begin(loop, SystemAccess(), std::chrono::minutes(1),
                                    base::Deadline::after(std::chrono::seconds(30))));
  ASSERT_TRUE(held) << held.error().message;
  constexpr auto kRun = [](Pool& pool, reactor::Loop& on, std::string sql) -> reactor::Task<void> {
    const auto caller = service();
    const std::vector<Statement> statements{{std::move(sql), {}}};
    static_cast<void>(co_await pool.run(on, caller, statements, {}));
  };
  loop.spawn(kRun(*pool_, loop, kEndless));
  loop.spawn(kRun(*pool_, loop,
                  std::string("INSERT INTO notes (owner, stars) SELECT 'x', (") + kEndless + ")"));
  loop.spawn([](Pool& pool, reactor::Loop& on) -> reactor::Task<void> {
    static_cast<void>(co_await pool.administer(on, SystemAccess(), kEndless, {}));
  }(*pool_, loop));
  // Asked for after them, so they are under way, or wait for the transaction to end.
  ASSERT_EQ(json(service(), "SELECT count(*) FROM notes"), R"([{"count":0}])");
  auto stopped = std::async(std::launch::async, [this] { stop(); });
  if (stopped.wait_for(std::chrono::seconds(30)) != std::future_status::ready) {
    ADD_FAILURE() << "the pool does not stop";
    std::terminate();
  }
}

}  // namespace
}  // namespace database
