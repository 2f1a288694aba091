// Schedules and leases of several servers over one database.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "triggers/node_test.h"

namespace triggers {
namespace {

using reactor::Task;
using std::chrono::milliseconds;
using Result = base::Result<host::Response>;

std::vector<SeenRun> runs_of(std::initializer_list<Node*> nodes) {
  std::vector<SeenRun> all;
  for (Node* node : nodes) {
    for (SeenRun& run : node->sandbox().seen()) all.push_back(std::move(run));
  }
  return all;
}

class SchedulesTest : public NodeTest {
 protected:
  // A schedule as it stands when nobody was there for so long.
  static void miss(Node& node, std::chrono::seconds ago) {
    node.own(fmt::format("UPDATE _roost_schedule SET next_at = {}",
                         (now_of_database() / 60'000 * 60'000) - ago.count() * 1000));
  }
};

using OncePerTick = SchedulesTest;

TEST_F(OncePerTick, TwoServersEnqueueEachTickOnce) {
  Node one(folder_);
  one.deploy("f", {"cron:* * * * * *"});
  Node two(folder_);
  for (Node* node : {&one, &two}) {
    node->dispatcher().start();
    node->clock().start();
  }
  ASSERT_TRUE(eventually([&] { return runs_of({&one, &two}).size() >= 3; }));
  std::set<std::string> keys;
  std::set<std::string> times;
  for (const SeenRun& run : runs_of({&one, &two})) {
    EXPECT_TRUE(keys.insert(run.key).second) << run.key;
    EXPECT_TRUE(times.insert(std::string(run.event.at("scheduled_time").as_string())).second);
    EXPECT_EQ(run.principal.role, auth::Role::kServiceRole);
  }
}

TEST_F(OncePerTick, AClockThatWasWrongIsForgiven) {
  Node node(folder_);
  node.deploy("f", {"cron:* * * * * *"});
  node.own(fmt::format("UPDATE _roost_schedule SET next_at = {}",
                       now_of_database() + 365LL * 86'400'000));
  // The next ticks came already, by the wrong clock.
  const auto next = (now_of_database() / 1000 + 1) * 1000;
  node.own(fmt::format("INSERT INTO _roost_tick SELECT id, {} FROM _roost_trigger", next));
  node.own(fmt::format("INSERT INTO _roost_tick SELECT id, {} FROM _roost_trigger", next + 1000));
  node.dispatcher().start();
  node.clock().start();
  ASSERT_TRUE(eventually([&] { return !node.sandbox().seen().empty(); }));
  EXPECT_EQ(node.sandbox().seen()[0].event.at("scheduled_time").as_string(), utc_text(next + 2000));
}

TEST_F(OncePerTick, MissedRunsAreAsTheScheduleSays) {
  Node node(folder_);
  node.deploy("skip", {"cron:*/10 * * * * with missed=skip"});
  node.deploy("once", {"cron:*/10 * * * * with missed=once"});
  node.deploy("all", {"cron:*/10 * * * * with missed=all"});
  // To the last full ten minutes but five minutes at least.
  const auto last = ((now_of_database() - 300'000) / 600'000) * 600'000;
  node.own(fmt::format("UPDATE _roost_schedule SET next_at = {}", last - 5 * 600'000));
  const auto expected = (now_of_database() - (last - 5 * 600'000)) / 600'000 + 1;
  node.clock().start();
  ASSERT_TRUE(eventually([&] {
    return node.number(fmt::format("SELECT min(next_at) > {} FROM _roost_schedule",
                                   now_of_database())) == 1;
  }));
  const auto count = [&](const char* function) {
    return node.number(
        fmt::format("SELECT count(*) FROM _roost_event WHERE function = '{}'", function));
  };
  EXPECT_LE(count("skip"), 1) << "one only when a tick has just come";
  EXPECT_EQ(count("once"), 1);
  EXPECT_EQ(count("all"), expected);
}

TEST_F(OncePerTick, AYearOfMissedSecondsIsFoundAtOnce) {
  Node node(folder_);
  node.deploy("all", {"cron:* * * * * * with missed=all"});
  miss(node, std::chrono::hours(24 * 365));
  const auto begin = std::chrono::steady_clock::now();
  node.clock().start();
  ASSERT_TRUE(eventually([&] { return node.number("SELECT count(*) FROM _roost_event") >= 1000; }));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST_F(OncePerTick, ARunThatGoesOnForbidsTheNext) {
  Node node(folder_);
  node.deploy("f", {"cron:* * * * * * with overlap=forbid"});
  std::atomic<bool> gate = false;
  node.sandbox().play = [&](reactor::Loop& loop, sandbox::CallRequest) -> Task<Result> {
    while (!gate) co_await loop.sleep_until(base::Deadline::after(milliseconds(1)));
    co_return succeeded();
  };
  node.dispatcher().start();
  node.clock().start();
  ASSERT_TRUE(eventually([&] { return node.number("SELECT count(*) FROM _roost_tick") >= 3; }));
  EXPECT_EQ(node.sandbox().seen().size(), 1U);
  gate = true;
  EXPECT_TRUE(eventually([&] { return node.sandbox().seen().size() >= 2; }));
}

TEST_F(OncePerTick, TheNextRunReplacesOneThatGoesOn) {
  Node node(folder_);
  node.deploy("f", {"cron:* * * * * * with overlap=replace"});
  std::atomic<int> canceled = 0;
  node.sandbox().play = [&](reactor::Loop& loop, sandbox::CallRequest request) -> Task<Result> {
    const std::atomic<bool>* const stop = request.canceled;
    while (!*stop) co_await loop.sleep_until(base::Deadline::after(milliseconds(1)));
    ++canceled;
    co_return base::fail(base::Code::kCanceled, "the run was canceled from outside");
  };
  node.dispatcher().start();
  node.clock().start();
  EXPECT_TRUE(eventually([&] { return canceled >= 2; }));
  EXPECT_LE(node.number("SELECT count(*) FROM _roost_delivery"), 2);
  EXPECT_EQ(node.number("SELECT count(*) FROM _roost_delivery WHERE state = 2"), 0);
  node.clock().stop();
  node.own("DELETE FROM _roost_delivery");
  EXPECT_TRUE(eventually([&] {
    return static_cast<std::size_t>(canceled) == node.sandbox().seen().size();
  })) << "a lease that is lost cancels its run";
}

class Leases : public NodeTest {
 protected:
  Leases() {
    one_.sql(kUsers);
    one_.deploy("f", {"table:users:insert"});
  }
  Node one_{folder_, {.lease = milliseconds(300)}};
};

TEST_F(Leases, AKilledServersEventsAreTakenOver) {
  one_.sandbox().play = [](reactor::Loop& loop, sandbox::CallRequest) -> Task<Result> {
    co_await loop.sleep_until(base::Deadline::after(std::chrono::hours(1)));
    co_return succeeded();
  };
  one_.dispatcher().start();
  one_.sql("INSERT INTO users (name) VALUES ('a')");
  ASSERT_TRUE(eventually([&] { return one_.sandbox().seen().size() == 1; }));
  Node two(folder_);
  two.dispatcher().start();
  one_.die();
  ASSERT_TRUE(eventually([&] { return two.sandbox().seen().size() == 1; }));
  EXPECT_EQ(two.sandbox().seen()[0].key, one_.sandbox().seen()[0].key);
  EXPECT_EQ(two.sandbox().seen()[0].event.at("attempt"), 2);
  EXPECT_TRUE(eventually([&] { return two.number("SELECT count(*) FROM _roost_event") == 0; }));
}

// A server that stood still past its lease: what it then says of its attempt counts for nothing.
TEST_F(Leases, AServerThatStoodStillHasLostItsLease) {
  std::atomic<bool> stands = true;
  one_.sandbox().play = [&](reactor::Loop&, sandbox::CallRequest) -> Task<Result> {
    if (!stands) co_return succeeded();
    while (stands) std::this_thread::sleep_for(milliseconds(1));  // renewals stand still, too
    co_return base::fail(base::Code::kTrap, "too late");
  };
  one_.dispatcher().start();
  one_.sql("INSERT INTO users (id, name) VALUES (1, 'a')");
  ASSERT_TRUE(eventually([&] { return one_.sandbox().seen().size() == 1; }));
  Node two(folder_);
  two.dispatcher().start();
  ASSERT_TRUE(eventually([&] { return two.sandbox().seen().size() == 1; }));
  ASSERT_TRUE(eventually([&] { return two.number("SELECT count(*) FROM _roost_event") == 0; }));
  stands = false;
  two.sql("INSERT INTO users (id, name) VALUES (2, 'b')");
  ASSERT_TRUE(eventually([&] { return two.number("SELECT count(*) FROM _roost_event") == 0; }));
  EXPECT_EQ(two.number("SELECT count(*) FROM _roost_attempt"), 0) << "its failure is nobody's";
}

// The same server, alone: it takes its own event back, and only its first run is canceled.
TEST_F(Leases, AServerThatStoodStillTakesItsEventsBack) {
  std::atomic<bool> stands = true;
  one_.sandbox().play = [&](reactor::Loop& loop, sandbox::CallRequest request) -> Task<Result> {
    if (stands) {
      while (stands) std::this_thread::sleep_for(milliseconds(1));
      co_return succeeded();
    }
    // Long enough for the renewals to find the first lease lost.
    const auto end = base::Deadline::after(milliseconds(500));
    while (!end.expired()) {
      if (*request.canceled) co_return base::fail(base::Code::kCanceled, "canceled");
      co_await loop.sleep_until(base::Deadline::after(milliseconds(1)));
    }
    co_return succeeded();
  };
  one_.dispatcher().start();
  one_.sql("INSERT INTO users (name) VALUES ('a')");
  ASSERT_TRUE(eventually([&] { return one_.sandbox().seen().size() == 1; }));
  std::this_thread::sleep_for(milliseconds(700));  // past the lease
  stands = false;
  EXPECT_TRUE(eventually([&] { return one_.number("SELECT count(*) FROM _roost_event") == 0; }));
  EXPECT_EQ(one_.number("SELECT count(*) FROM _roost_attempt"), 0);
}

TEST_F(Leases, ALongRunKeepsItsLease) {
  std::atomic<bool> gate = false;
  one_.sandbox().play = [&](reactor::Loop& loop, sandbox::CallRequest) -> Task<Result> {
    while (!gate) co_await loop.sleep_until(base::Deadline::after(milliseconds(1)));
    co_return succeeded();
  };
  one_.dispatcher().start();
  one_.sql("INSERT INTO users (name) VALUES ('a')");
  ASSERT_TRUE(eventually([&] { return one_.sandbox().seen().size() == 1; }));
  const auto due = one_.number("SELECT due_at FROM _roost_delivery");
  Node two(folder_);
  two.dispatcher().start();
  // The lease would have ended three times by then.
  ASSERT_TRUE(eventually([&] { return now_of_database() > due + 600; }));
  EXPECT_TRUE(two.sandbox().seen().empty());
  gate = true;
  EXPECT_TRUE(eventually([&] { return two.number("SELECT count(*) FROM _roost_event") == 0; }));
}

// ---- The scheduler, by the names of requirements.md

}  // namespace

TEST(Scheduler, GetDueJobs) {
  const database::TestFolder folder;
  Node node(folder);
  node.deploy("soon", {"cron:* * * * *"});
  node.deploy("later", {"cron:0 0 1 1 *"});
  node.deploy("resting", {"cron:* * * * *"});
  node.own(
      "UPDATE _roost_schedule SET next_at = 1000 WHERE trigger_id <> (SELECT id FROM "
      "_roost_trigger WHERE function = 'later')");
  node.own(
      "UPDATE _roost_schedule SET paused = 1 WHERE trigger_id = (SELECT id FROM "
      "_roost_trigger WHERE function = 'resting')");
  node.clock().start();
  ASSERT_TRUE(eventually([&] { return node.number("SELECT count(*) FROM _roost_event") > 0; }));
  EXPECT_EQ(node.text("SELECT group_concat(DISTINCT function) FROM _roost_event"), "soon");
  const auto next = node.number(
      "SELECT next_at FROM _roost_schedule s JOIN _roost_trigger t ON t.id = s.trigger_id "
      "WHERE function = 'soon'");
  EXPECT_GT(next, now_of_database() - 1000);
  EXPECT_LE(next, now_of_database() + 60'000);
}

TEST(Scheduler, JobInvocation) {
  const database::TestFolder folder;
  Node node(folder);
  node.deploy("job", {"cron:* * * * * *"});
  node.dispatcher().start();
  node.clock().start();
  ASSERT_TRUE(eventually([&] { return !node.sandbox().seen().empty(); }));
  const SeenRun run = node.sandbox().seen()[0];
  EXPECT_EQ(run.event.at("trigger"), "schedule");
  EXPECT_EQ(run.event.at("cron"), "* * * * * *");
  EXPECT_EQ(run.event.at("attempt"), 1);
  EXPECT_TRUE(run.event.at("scheduled_time").as_string().ends_with(".000Z"));
  EXPECT_GE(run.event.at("actual_time").as_string(), run.event.at("scheduled_time").as_string());
  EXPECT_EQ(run.principal.role, auth::Role::kServiceRole);
}

TEST(Scheduler, ConcurrentJobs) {
  const database::TestFolder folder;
  Node node(folder);
  constexpr int kJobs = 40;
  for (int i = 0; i < kJobs; ++i) node.deploy(fmt::format("job{}", i), {"cron:0 0 1 1 *"});
  std::atomic<int> together = 0;
  node.sandbox().play = [&](reactor::Loop& loop, sandbox::CallRequest) -> Task<Result> {
    ++together;
    while (together < kJobs) co_await loop.sleep_until(base::Deadline::after(milliseconds(1)));
    co_return succeeded();
  };
  node.own(fmt::format("UPDATE _roost_schedule SET next_at = {}", now_of_database()));
  node.dispatcher().start();
  node.clock().start();
  EXPECT_TRUE(eventually([&] { return together == kJobs; })) << "all run at the same time";
  EXPECT_TRUE(eventually([&] { return node.number("SELECT count(*) FROM _roost_event") == 0; }));
}

}  // namespace triggers
