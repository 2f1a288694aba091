// Events and schedules as administrators see and steer them, with the real program.
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "database/test_folder.h"
#include "end_to_end/server_process.h"

namespace end_to_end {
namespace {

namespace json = boost::json;
using SteadyClock = std::chrono::steady_clock;

template <class Condition>
bool comes_true(Condition condition) {
  const auto end = SteadyClock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (SteadyClock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

class AdministeredEvents : public ::testing::Test {
 protected:
  // A subcommand that succeeds; what it printed.
  std::string roost(const std::vector<std::string>& arguments) const {
    const Finished done = server_.roost(arguments);
    EXPECT_EQ(done.exit, 0) << done.err;
    return done.out;
  }
  json::value roost_json(std::vector<std::string> arguments) const {
    arguments.emplace_back("--json");
    return json::parse(roost(arguments));
  }
  void expect_words(const std::string& text, const std::string& words) const {
    EXPECT_NE(text.find(words), std::string::npos) << text;
  }
  // The ids of those in a state, oldest first.
  std::vector<std::string> ids(const std::string& state) const {
    std::vector<std::string> found;
    const json::value events = roost_json({"events", "list", "--state", state});
    for (const json::value& event : events.as_array()) {
      found.insert(found.begin(), std::to_string(event.at("id").as_int64()));
    }
    return found;
  }
  std::vector<json::object> runs(const std::string& function) const {
    std::vector<json::object> found;
    for (const std::string& line : server_.entries(function)) {
      found.push_back(json::parse(line).as_object());
    }
    return found;
  }
  // What a run of `on_event` logged: its event.
  static json::object event_of(const json::object& run) {
    const std::string_view line = run.at("lines").at(0).as_string();
    return json::parse(line.substr(line.find('{'))).as_object();
  }
  void make_users() const {
    server_.sql("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT) STRICT");
  }

  database::TestFolder folder_;
  ServerProcess server_{folder_ / "data"};
};

TEST_F(AdministeredEvents, APoisonEventIsRedeliveredOnceItsFunctionIsRepaired) {
  const std::string trigger = "table:users:insert with attempts=2,backoff=1ms";
  make_users();
  server_.deploy("poison", {"--trigger", trigger});
  server_.sql("INSERT INTO users VALUES (1, 'bad'), (2, 'bad')");
  ASSERT_TRUE(comes_true([&] { return ids("dead").size() == 2; }));
  const std::string id = ids("dead")[0];
  expect_words(roost({"events", "stats"}), "poison    0        0       2     0");

  const json::value shown = roost_json({"events", "show", id});
  EXPECT_EQ(shown.at("function"), "poison");
  EXPECT_EQ(shown.at("payload").at("new"), json::parse(R"({"id":1,"name":"bad"})"));
  ASSERT_EQ(shown.at("attempts").as_array().size(), 2U);
  expect_words(json::serialize(shown.at("attempts").at(1).at("error")), "TRAP");
  expect_words(json::serialize(shown.at("attempts").at(1).at("lines")), "bad");
  expect_words(roost({"events", "show", id}), "\nattempt 2  ");
  expect_words(roost({"events", "explain", id}), "It is dead: after 2 failures");

  roost({"deploy", ROOST_FIXTURES "/on_event.wasm", "--name", "poison", "--trigger", trigger});
  EXPECT_EQ(roost({"events", "redeliver", id, "--own-version"}), "1 event redelivered\n");
  ASSERT_TRUE(comes_true([&] {
    return roost_json({"events", "show", id}).at("attempts").as_array().size() == 4;
  })) << "the version that it was captured for still fails";
  ASSERT_TRUE(comes_true([&] { return ids("dead").size() == 2; }));

  EXPECT_EQ(roost({"events", "redeliver", id}), "1 event redelivered\n");
  ASSERT_TRUE(comes_true([&] { return runs("poison").back().at("status") == "success"; }));
  EXPECT_EQ(runs("poison").back().at("version"), 2);
  EXPECT_EQ(event_of(runs("poison").back()).at("new").at("id"), 1);
  ASSERT_TRUE(comes_true([&] { return server_.roost({"events", "show", id}).exit == 1; }));
  expect_words(server_.roost({"events", "show", id}).err, "there is no event " + id);

  const std::string other = ids("dead").at(0);
  EXPECT_EQ(roost({"events", "discard", other}), "1 event discarded\n");
  EXPECT_TRUE(roost_json({"events", "list"}).as_array().empty());
  EXPECT_EQ(server_.roost({"events", "discard", other}).exit, 1);
}

TEST_F(AdministeredEvents, DiscardingTheFirstOfARowLetsTheNextRun) {
  make_users();
  server_.deploy("poison", {"--trigger", "table:users:insert with backoff=1h"});
  server_.sql("INSERT INTO users VALUES (1, 'bad')");
  ASSERT_TRUE(comes_true([&] { return runs("poison").size() == 1; }));
  server_.sql("DELETE FROM users; INSERT INTO users VALUES (1, 'good')");
  ASSERT_TRUE(comes_true([&] { return ids("pending").size() == 2; }));
  const auto waiting = ids("pending");
  expect_words(roost({"events", "explain", waiting[0]}), "It is tried again at ");
  expect_words(roost({"events", "explain", waiting[1]}), "It waits for event " + waiting[0]);
  EXPECT_EQ(std::to_string(roost_json({"events", "show", waiting[1]}).at("blocked_by").as_int64()),
            waiting[0]);
  const Finished early = server_.roost({"events", "redeliver", waiting[0]});
  EXPECT_EQ(early.exit, 1);
  expect_words(early.err, "is pending: only those that are dead");
  EXPECT_EQ(roost({"events", "discard", waiting[0]}), "1 event discarded\n");
  ASSERT_TRUE(comes_true([&] { return ids("pending").empty() && runs("poison").size() == 2; }));
  EXPECT_EQ(runs("poison").back().at("status"), "success");
}

TEST_F(AdministeredEvents, SchedulesArePausedResumedAndRun) {
  server_.deploy("on_event", {"--trigger", "cron:0 3 1 1 * Europe/Berlin with overlap=forbid"});
  expect_words(roost({"schedules"}), "on_event  0 3 1 1 *  Europe/Berlin");
  expect_words(roost({"schedules", "pause", "on_event"}), "is paused");
  const json::value paused = roost_json({"schedules", "list"}).at("schedules").at(0);
  EXPECT_EQ(paused.at("paused"), true);
  EXPECT_TRUE(paused.at("next_at").is_null());
  expect_words(roost({"schedules", "resume", "on_event"}), "0 3 1 1 * runs next at ");

  expect_words(roost({"schedules", "run", "on_event"}), "on_event: runs now, as event ");
  ASSERT_TRUE(comes_true([&] { return runs("on_event").size() == 1; }));
  EXPECT_EQ(runs("on_event").back().at("trigger"), "schedule");
  const json::object event = event_of(runs("on_event").back());
  EXPECT_EQ(event.at("cron"), "0 3 1 1 * Europe/Berlin");
  EXPECT_TRUE(event.at("id").as_string().starts_with("run-"));
  const Finished unknown = server_.roost({"schedules", "run", "nobody"});
  EXPECT_EQ(unknown.exit, 1);
  expect_words(unknown.err, "there is no function `nobody`");
}

TEST_F(AdministeredEvents, AFunctionRunsOnceAtATime) {
  server_.deploy("on_event");
  roost({"schedules", "at", "on_event", "+1s", "-d", R"({"greet":"Ada"})"});
  EXPECT_EQ(roost_json({"schedules"}).at("once").as_array().size(), 1U);
  ASSERT_TRUE(comes_true([&] { return runs("on_event").size() == 1; }));
  const json::object event = event_of(runs("on_event").back());
  EXPECT_TRUE(event.at("cron").is_null());
  EXPECT_EQ(event.at("payload"), json::parse(R"({"greet":"Ada"})"));
  const json::value later = roost_json({"schedules", "at", "on_event", "+1h"});
  const std::string id = std::to_string(later.at("event").as_int64());
  expect_words(roost({"events", "explain", id}), "is a single run of `on_event`");
  EXPECT_EQ(roost({"events", "discard", id}), "1 event discarded\n");
  EXPECT_TRUE(roost_json({"schedules"}).at("once").as_array().empty());
  EXPECT_EQ(server_.roost({"schedules", "at", "on_event", "soon"}).exit, 2);
  EXPECT_EQ(server_.roost({"schedules", "at", "on_event", "2020-01-01T00:00:00Z"}).exit, 1);
}

// The dispatcher looks once a second by itself, and commits do not wake it where no row fires
// anything: each run would wait for that look.
TEST_F(AdministeredEvents, WhatIsAskedForRunsAtOnce) {
  server_.deploy("on_event", {"--trigger", "cron:0 3 1 1 *"});
  roost({"schedules", "run", "on_event"});
  ASSERT_TRUE(comes_true([&] { return runs("on_event").size() == 1; }));
  SteadyClock::duration waited{};
  for (std::size_t count = 2; count <= 6; ++count) {
    roost({"schedules", "run", "on_event"});
    const auto answered = SteadyClock::now();
    ASSERT_TRUE(comes_true([&] { return runs("on_event").size() == count; }));
    waited += SteadyClock::now() - answered;
  }
#ifdef ROOST_SANITIZED
  constexpr std::chrono::seconds kSoon{3};
#else
  constexpr std::chrono::seconds kSoon{1};
#endif
  EXPECT_LT(waited, kSoon);
}

}  // namespace
}  // namespace end_to_end
