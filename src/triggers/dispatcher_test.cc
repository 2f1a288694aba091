// What becomes of events, with the real outbox, pool and invoker; the guest is played.
#include "triggers/dispatcher.h"

#include <algorithm>
#include <atomic>
#include <set>

#include <fmt/format.h>

#include "triggers/node_test.h"

namespace triggers {
namespace {

using reactor::Task;
using std::chrono::milliseconds;
using Result = base::Result<host::Response>;

class Delivery : public NodeTest {
 protected:
  Delivery() { node_.sql(kUsers); }

  void start() { node_.dispatcher().start(); }
  bool all_gone() {
    return eventually([this] { return node_.number("SELECT count(*) FROM _roost_delivery") == 0; });
  }

  Node node_{folder_};
};

TEST_F(Delivery, RunsAsTheWriterElseAsServiceRoleElseAsTheTriggerSays) {
  node_.deploy("writer", {"table:users:insert"});
  node_.deploy("fixed", {"table:users:insert with run_as=anon"});
  start();
  const auth::Principal ann{auth::Role::kAuthenticated, "ann", R"({"role":"authenticated"})"};
  ASSERT_TRUE(node_.run_as(ann, "INSERT INTO users (name) VALUES ('a')"));
  node_.sql("INSERT INTO users (name) VALUES ('b')");
  ASSERT_TRUE(all_gone());
  std::multiset<std::string> seen;
  for (const SeenRun& run : node_.sandbox().seen()) {
    seen.insert(fmt::format("{} {} {}", run.event.at("new").at("name").as_string().c_str(),
                            auth::name_of(run.principal.role), run.principal.user_id));
  }
  EXPECT_EQ(seen, (std::multiset<std::string>{"a anon ", "a authenticated ann", "b anon ",
                                              "b service_role "}));
}

TEST_F(Delivery, FormatsAreWhatTheTriggerAsksFor) {
  node_.deploy("ours", {"table:users:update"});
  node_.deploy("supabase", {"table:users:update with format=supabase"});
  node_.deploy("cloud", {"table:users:update with format=cloudevents"});
  start();
  node_.sql("INSERT INTO users (id, name) VALUES (1, 'a'); UPDATE users SET name = 'b'");
  ASSERT_TRUE(all_gone());
  int known = 0;
  for (const SeenRun& run : node_.sandbox().seen()) {
    if (run.event.contains("specversion")) {
      ++known;
      EXPECT_EQ(run.event.at("specversion"), "1.0");
      EXPECT_EQ(run.event.at("type"), "dev.roost.row.update");
      EXPECT_EQ(run.event.at("source"), "/tables/public/users");
      EXPECT_EQ(run.event.at("subject"), "users[1]");
      EXPECT_EQ(run.event.at("data").at("new").at("name"), "b");
    } else if (run.event.contains("record")) {
      ++known;
      EXPECT_EQ(run.event, boost::json::parse(
                               R"({"type":"UPDATE","table":"users","schema":"public",
                                   "record":{"id":1,"name":"b","email":null},
                                   "old_record":{"id":1,"name":"a","email":null}})"));
    } else {
      ++known;
      EXPECT_EQ(run.event.at("attempt"), 1);
      EXPECT_EQ(run.event.at("id").as_string().size(), 32U);
    }
  }
  EXPECT_EQ(known, 3);
}

TEST_F(Delivery, AFailureComesAgainWithItsKeyUntilItIsDead) {
  node_.deploy("f", {"table:users:insert with attempts=3,backoff=1ms,max_backoff=5ms"});
  node_.sandbox().play = [](reactor::Loop&, sandbox::CallRequest request) -> Task<Result> {
    const bool bad = request.event.captured.find("bad") != std::string::npos;
    co_return bad ? Result(host::Response{.status = 422, .headers = {}, .body = "no"})
                  : succeeded();
  };
  start();
  node_.sql("INSERT INTO users (name) VALUES ('bad'), ('good')");
  ASSERT_TRUE(eventually([this] {
    return node_.number("SELECT count(*) FROM _roost_delivery WHERE state = 2") == 1;
  }));
  std::set<std::string> keys;
  std::vector<std::int64_t> attempts;
  for (const SeenRun& run : node_.sandbox().seen()) {
    if (run.event.at("new").at("name") != "bad") continue;
    keys.insert(run.key);
    attempts.push_back(run.event.at("attempt").as_int64());
  }
  EXPECT_EQ(keys.size(), 1U);
  EXPECT_EQ(attempts, (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_EQ(node_.text("SELECT error FROM _roost_attempt WHERE attempt = 3"),
            "STATUS: the function answered with 422: no");
  EXPECT_NE(node_.metrics().expose().find("functions_events_dead_total{name=\"f\"} 1"),
            std::string::npos);
  EXPECT_NE(node_.metrics().expose().find("functions_events_retries_total{name=\"f\"} 2"),
            std::string::npos);
}

TEST_F(Delivery, ANodeWithoutMemoryUsesUpNoAttempt) {
  node_.deploy("f", {"table:users:insert with attempts=1"});
  std::atomic<bool> full = true;
  node_.sandbox().play = [&full](reactor::Loop&, sandbox::CallRequest) -> Task<Result> {
    if (full.exchange(false)) co_return base::fail(base::Code::kNodeMemory, "no memory");
    co_return succeeded();
  };
  start();
  node_.sql("INSERT INTO users (name) VALUES ('a')");
  ASSERT_TRUE(all_gone()) << "one that failed stays, dead";
  EXPECT_EQ(node_.sandbox().seen().size(), 2U);
}

TEST_F(Delivery, ADeletedFunctionsEventsAreDeadAndADisabledOnesWait) {
  node_.deploy("gone", {"table:users:insert"});
  node_.deploy("resting", {"table:users:insert"});
  node_.sql("INSERT INTO users (name) VALUES ('a')");
  ASSERT_TRUE(node_.registry().remove("gone"));
  ASSERT_TRUE(node_.registry().set_enabled("resting", false));
  node_.reconcile();
  start();
  ASSERT_TRUE(eventually([this] {
    return node_.number("SELECT count(*) FROM _roost_delivery WHERE state = 2") == 1;
  }));
  EXPECT_EQ(node_.text("SELECT error FROM _roost_attempt"),
            "NOT_FOUND: the function `gone` has been deleted");
  EXPECT_EQ(node_.number("SELECT count(*) FROM _roost_delivery WHERE state = 1"), 1);
  ASSERT_TRUE(node_.registry().set_enabled("resting", true));
  node_.own("UPDATE _roost_delivery SET due_at = 0, owner = NULL WHERE state = 1");
  EXPECT_TRUE(eventually([this] { return !node_.sandbox().seen().empty(); }));
}

TEST_F(Delivery, ASlowFunctionDoesNotTakeAllPlaces) {
  Node slow(folder_, {.max_running = 8, .share = 2});
  slow.deploy("slow", {"table:users:insert"});
  slow.deploy("quick", {"table:users:update"});
  std::atomic<bool> gate = false;
  std::atomic<int> quick = 0;
  slow.sandbox().play = [&](reactor::Loop& loop, sandbox::CallRequest request) -> Task<Result> {
    if (request.event.captured.find("INSERT") == std::string::npos) {
      ++quick;
      co_return succeeded();
    }
    while (!gate) co_await loop.sleep_until(base::Deadline::after(milliseconds(1)));
    co_return succeeded();
  };
  for (int i = 0; i < 50; ++i) slow.sql("INSERT INTO users (name) VALUES ('x')");
  slow.dispatcher().start();
  ASSERT_TRUE(eventually([&] { return slow.dispatcher().running() >= 2; }));
  slow.sql("INSERT INTO users (id, name) VALUES (1000, 'y')");
  slow.sql("UPDATE users SET name = 'z' WHERE id = 1000");
  EXPECT_TRUE(eventually([&] { return quick == 1; }));
  EXPECT_LE(slow.dispatcher().running(), 4U);
  gate = true;
  EXPECT_TRUE(eventually([&] { return slow.number("SELECT count(*) FROM _roost_delivery") == 0; }));
}

TEST_F(Delivery, DrainingEndsWhatRunsAndLeavesTheRest) {
  node_.deploy("f", {"table:users:insert"});
  std::atomic<bool> gate = false;
  node_.sandbox().play = [&](reactor::Loop& loop, sandbox::CallRequest) -> Task<Result> {
    while (!gate) co_await loop.sleep_until(base::Deadline::after(milliseconds(1)));
    co_return succeeded();
  };
  start();
  node_.sql("INSERT INTO users (name) VALUES ('a')");
  ASSERT_TRUE(eventually([this] { return node_.sandbox().seen().size() == 1; }));
  node_.dispatcher().drain();
  node_.sql("INSERT INTO users (name) VALUES ('b')");
  gate = true;
  ASSERT_TRUE(eventually([this] { return node_.dispatcher().running() == 0; }));
  EXPECT_EQ(node_.number("SELECT count(*) FROM _roost_delivery"), 1);
  EXPECT_EQ(node_.sandbox().seen().size(), 1U);
}

// ---- Transactional delivery

class Transactional : public Delivery {
 protected:
  Transactional() {
    node_.sql(
        "CREATE TABLE effects (id INTEGER PRIMARY KEY, user_id INTEGER) STRICT;"
        "GRANT SELECT, INSERT ON effects TO service_role");
    node_.deploy("f", {"table:users:insert with delivery=transactional,attempts=2,backoff=1ms"});
  }
  // Writes its effect, then ends as it is told.
  void play(std::function<Task<Result>(reactor::Loop&, const std::string& event)> end) {
    node_.sandbox().play = [end = std::move(end)](reactor::Loop& loop,
                                                  sandbox::CallRequest request) -> Task<Result> {
      EXPECT_NE(request.transaction, nullptr);
      const auto event = boost::json::parse(request.event.captured).as_object();
      const database::GuestAccess access(request.principal, request.depth);
      const std::vector<database::Statement> statements{
          {"INSERT INTO effects (user_id) VALUES ($1)", {event.at("new").at("id").as_int64()}}};
      auto done = co_await request.transaction->run(loop, access, statements, {});
      EXPECT_TRUE(done) << done.error().message;
      co_return co_await end(loop, request.event.captured);
    };
  }
  std::int64_t effects() { return node_.number("SELECT count(*) FROM effects"); }
  std::int64_t dead() {
    return node_.number("SELECT count(*) FROM _roost_delivery WHERE state = 2");
  }
};

TEST_F(Transactional, EffectAndAcknowledgementAreOne) {
  play([](reactor::Loop&, const std::string&) -> Task<Result> { co_return succeeded(); });
  start();
  node_.sql("INSERT INTO users (name) VALUES ('a'), ('b'), ('c')");
  ASSERT_TRUE(all_gone());
  EXPECT_EQ(effects(), 3);
  EXPECT_EQ(node_.number("SELECT count(DISTINCT user_id) FROM effects"), 3);
}

TEST_F(Transactional, AFailureTakesItsEffectBack) {
  play([](reactor::Loop&, const std::string& event) -> Task<Result> {
    if (event.find("\"attempt\":1") == std::string::npos) co_return succeeded();
    co_return base::fail(base::Code::kTrap, "the function trapped");
  });
  start();
  node_.sql("INSERT INTO users (name) VALUES ('a')");
  ASSERT_TRUE(all_gone());
  EXPECT_EQ(node_.sandbox().seen().size(), 2U);
  EXPECT_EQ(effects(), 1);
}

TEST_F(Transactional, ALostLeaseTakesTheEffectBack) {
  play([](reactor::Loop&, const std::string&) -> Task<Result> { co_return succeeded(); });
  // The first claim's fence is one that nobody holds any more.
  node_.sql(
      "CREATE TRIGGER thief AFTER INSERT ON effects WHEN (SELECT count(*) FROM effects) = 1 "
      "BEGIN UPDATE _roost_delivery SET attempt = attempt + 1, owner = 'thief'; END");
  start();
  node_.sql("INSERT INTO users (name) VALUES ('a')");
  ASSERT_TRUE(eventually([this] { return node_.sandbox().seen().size() >= 1; }));
  ASSERT_TRUE(eventually([this] { return node_.dispatcher().running() <= 1; }));
  EXPECT_EQ(effects(), 0) << "neither the effect nor the thief's change was committed";
}

TEST_F(Transactional, EndsWithinItsCap) {
  node_.own("UPDATE _roost_trigger SET max_attempts = 1");
  play([](reactor::Loop& loop, const std::string&) -> Task<Result> {
    co_await loop.sleep_until(base::Deadline::after(milliseconds(1300)));
    co_return succeeded();
  });
  start();
  node_.sql("INSERT INTO users (name) VALUES ('a')");
  ASSERT_TRUE(eventually([this] { return dead() == 1; }));
  EXPECT_EQ(effects(), 0);
  EXPECT_NE(node_.text("SELECT error FROM _roost_attempt").find("TRANSACTION: "),
            std::string::npos);
}

// A longer `timeout` would change nothing.
TEST_F(Transactional, SaysWhichBoundWasPassed) {
  node_.own("UPDATE _roost_trigger SET max_attempts = 1");
  play([](reactor::Loop&, const std::string&) -> Task<Result> {
    co_return base::fail(base::Code::kTimeout, "make it faster, or raise `timeout`");
  });
  start();
  node_.sql("INSERT INTO users (name) VALUES ('a')");
  ASSERT_TRUE(eventually([this] { return dead() == 1; }));
  const std::string error = node_.text("SELECT error FROM _roost_attempt");
  EXPECT_EQ(error,
            "TIMEOUT: the run did not end within 1.00 s, which is what a transactional run has "
            "whatever the function's timeout, because nobody else writes meanwhile: make it "
            "faster, or deploy its trigger without delivery=transactional");
}

TEST_F(Transactional, OthersWriteAgainAfterIt) {
  play([](reactor::Loop&, const std::string&) -> Task<Result> {
    co_return base::fail(base::Code::kTrap, "the function trapped");
  });
  start();
  node_.sql("INSERT INTO users (name) VALUES ('a')");
  ASSERT_TRUE(eventually([this] { return dead() == 1; }));
  EXPECT_EQ(effects(), 0);
  node_.sql("INSERT INTO effects (user_id) VALUES (7)");
  EXPECT_EQ(effects(), 1);
}

}  // namespace
}  // namespace triggers
