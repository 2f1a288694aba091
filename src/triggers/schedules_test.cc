#include "triggers/schedules.h"

#include <algorithm>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "triggers/node_test.h"

namespace triggers {
namespace {

using base::Code;

class SchedulesTest : public NodeTest {
 protected:
  template <class T>
  T await(reactor::Task<T> task) {
    return node_.await(std::move(task));
  }
  std::vector<Schedule> list() {
    auto schedules = await(schedules_.list(node_.loop()));
    EXPECT_TRUE(schedules);
    return schedules ? *schedules : std::vector<Schedule>();
  }
  base::Result<EventId> run_now(const std::string& function) {
    return await(schedules_.run_now(node_.loop(), {.function = function}));
  }
  base::Result<EventId> run_at(const std::string& function, Milliseconds at,
                               const std::string& payload = "") {
    return await(schedules_.run_at(node_.loop(), function, at, payload));
  }
  // Roost's own tables are no administrator's to change.
  void change(const std::string& statement) { node_.rows(statement); }
  std::int64_t events() { return node_.number("SELECT count(*) FROM _roost_delivery"); }
  Event event(EventId id) {
    auto found = await(node_.outbox().list(node_.loop(), {.id = id}));
    EXPECT_TRUE(found && found->size() == 1);
    return found && found->size() == 1 ? found->front() : Event();
  }

  Node node_{folder_};
  Schedules schedules_{node_.pool(), node_.outbox(), node_.registry()};
};

TEST_F(SchedulesTest, AreListedAsTheyWereDeployed) {
  EXPECT_TRUE(list().empty());
  node_.deploy("b", {"cron:0 3 * * MON-FRI Europe/Berlin with missed=all,overlap=replace"});
  node_.deploy("a", {"http", "cron:@hourly"});
  change("UPDATE _roost_schedule SET last_at = 60000 WHERE trigger_id = 1");
  const auto all = list();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].function, "a");
  EXPECT_EQ(all[0].pattern, "@hourly");
  EXPECT_EQ(all[0].zone, "");
  EXPECT_EQ(all[0].missed, "once");
  EXPECT_EQ(all[0].overlap, "allow");
  EXPECT_FALSE(all[0].last_at);
  ASSERT_TRUE(all[0].next_at);
  EXPECT_GT(*all[0].next_at, now_of_database());
  EXPECT_EQ(*all[0].next_at % 3'600'000, 0);
  EXPECT_EQ(all[1].pattern, "0 3 * * MON-FRI");
  EXPECT_EQ(all[1].zone, "Europe/Berlin");
  EXPECT_EQ(all[1].text(), "0 3 * * MON-FRI Europe/Berlin");
  EXPECT_EQ(all[1].missed, "all");
  EXPECT_EQ(all[1].overlap, "replace");
  EXPECT_EQ(all[1].last_at, 60'000);
}

TEST_F(SchedulesTest, OneWithoutARunToComeHasNoNext) {
  node_.deploy("f", {"cron:@hourly"});
  change("UPDATE _roost_schedule SET next_at = " + std::to_string(kNever));
  EXPECT_FALSE(list().at(0).next_at);
}

TEST_F(SchedulesTest, APausedOneEnqueuesNothingAndMakesNothingUp) {
  node_.deploy("f", {"cron:* * * * * * with missed=all"});
  auto paused = await(schedules_.pause(node_.loop(), {.function = "f"}));
  ASSERT_TRUE(paused) << paused.error().message;
  EXPECT_TRUE(paused->paused);
  EXPECT_FALSE(paused->next_at);
  EXPECT_TRUE(list().at(0).paused);
  // As if it had been paused for a minute.
  change("UPDATE _roost_schedule SET next_at = next_at - 60000");

  const Milliseconds before = now_of_database();
  auto resumed = await(schedules_.resume(node_.loop(), {.function = "f"}));
  ASSERT_TRUE(resumed) << resumed.error().message;
  EXPECT_FALSE(resumed->paused);
  ASSERT_TRUE(resumed->next_at);
  EXPECT_GT(*resumed->next_at, before);
  EXPECT_EQ(node_.number("SELECT next_at FROM _roost_schedule"), *resumed->next_at);
  EXPECT_EQ(node_.number("SELECT paused FROM _roost_schedule"), 0);
}

TEST_F(SchedulesTest, ResumingOneThatRunsPassesOverNothing) {
  node_.deploy("f", {"cron:@hourly"});
  change("UPDATE _roost_schedule SET next_at = 1000");  // due, and not enqueued yet
  const auto resumed = await(schedules_.resume(node_.loop(), {.function = "f"}));
  ASSERT_TRUE(resumed);
  EXPECT_EQ(resumed->next_at, 1000);
  EXPECT_EQ(node_.number("SELECT next_at FROM _roost_schedule"), 1000);
}

TEST_F(SchedulesTest, RunsAtOnce) {
  node_.deploy("f", {"cron:0 3 * * * Europe/Berlin"});
  ASSERT_TRUE(await(schedules_.pause(node_.loop(), {.function = "f"})));
  const auto id = run_now("f");
  ASSERT_TRUE(id) << id.error().message;
  const Event made = event(*id);
  EXPECT_EQ(made.function, "f");
  EXPECT_EQ(node_.number("SELECT version FROM _roost_event"), 1);
  EXPECT_TRUE(made.key.starts_with("run-1-")) << made.key;
  EXPECT_EQ(made.state, EventState::kPending);
  EXPECT_LE(made.due_at, now_of_database());
  const auto payload = boost::json::parse(made.payload).as_object();
  EXPECT_TRUE(made.payload.starts_with(R"({"trigger":"schedule")"));
  EXPECT_EQ(payload.at("cron"), "0 3 * * * Europe/Berlin");
  EXPECT_EQ(payload.at("scheduled_time"), payload.at("actual_time"));
  ASSERT_TRUE(run_now("f")) << "overlap=allow";
  EXPECT_EQ(events(), 2);
  EXPECT_TRUE(list().at(0).paused) << "as it was";
}

TEST_F(SchedulesTest, ForbiddenOverlapIsTold) {
  node_.deploy("f", {"cron:@daily with overlap=forbid"});
  ASSERT_TRUE(run_now("f"));
  const auto second = run_now("f");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kAlreadyExists);
  EXPECT_NE(second.error().message.find("overlap=forbid"), std::string::npos);
  EXPECT_EQ(events(), 1);
  change("UPDATE _roost_delivery SET state = 2");
  EXPECT_TRUE(run_now("f")) << "what is dead has ended";
}

TEST_F(SchedulesTest, AReplacingRunIsTheOnlyOne) {
  node_.deploy("f", {"cron:@daily with overlap=replace"});
  ASSERT_TRUE(run_now("f"));
  const auto second = run_now("f");
  ASSERT_TRUE(second);
  EXPECT_EQ(events(), 1);
  EXPECT_EQ(node_.number("SELECT event_id FROM _roost_delivery"), *second);
  EXPECT_EQ(node_.number("SELECT count(*) FROM _roost_event"), 1);
}

TEST_F(SchedulesTest, RunsOnceAtATime) {
  node_.deploy("f", {"http"});
  node_.deploy("ticks", {"cron:@daily"});
  ASSERT_TRUE(run_now("ticks")) << "which is none of them";
  const Milliseconds at = now_of_database() + 3'600'000;
  const auto later = run_at("f", at + 1000, R"({"to":["ä"]})");
  const auto sooner = run_at("f", at);
  ASSERT_TRUE(later && sooner);
  auto waiting = await(schedules_.once(node_.loop()));
  ASSERT_TRUE(waiting);
  ASSERT_EQ(waiting->size(), 2U);
  EXPECT_EQ(waiting->front().event, *sooner);
  EXPECT_EQ(waiting->front().function, "f");
  EXPECT_EQ(waiting->front().at, at);
  EXPECT_EQ(event(*sooner).payload,
            R"({"trigger":"schedule","cron":null,"scheduled_time":")" + utc_text(at) + "\"}");
  EXPECT_EQ(boost::json::parse(event(*later).payload).at("payload"),
            boost::json::parse(R"({"to":["ä"]})"));
  ASSERT_TRUE(await(node_.outbox().discard(node_.loop(), {.id = *sooner})));
  waiting = await(schedules_.once(node_.loop()));
  ASSERT_EQ(waiting->size(), 1U);
  EXPECT_EQ(waiting->front().event, *later);
}

TEST_F(SchedulesTest, TimesThatHavePassedAreRefused) {
  node_.deploy("f", {"http"});
  const auto past = run_at("f", now_of_database() - 120'000);
  ASSERT_FALSE(past);
  EXPECT_EQ(past.error().code, Code::kInvalidArgument);
  EXPECT_NE(past.error().message.find("has passed"), std::string::npos);
  EXPECT_FALSE(run_at("f", INT64_MAX));
  EXPECT_EQ(events(), 0);
}

TEST_F(SchedulesTest, WhatIsNotThereIsTold) {
  node_.deploy("plain", {"http"});
  node_.deploy("two", {"cron:@daily", "cron:0 3 * * * Europe/Berlin"});
  const auto told = [](const auto& result, Code code, std::string_view words) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, code);
    EXPECT_NE(result.error().message.find(words), std::string::npos) << result.error().message;
  };
  told(run_now("none"), Code::kNotFound, "there is no function `none`: `roost list`");
  told(run_at("none", now_of_database()), Code::kNotFound, "there is no function `none`");
  told(run_now("plain"), Code::kNotFound, "deploy it with --trigger 'cron:");
  told(run_now("two"), Code::kInvalidArgument, "one of `0 3 * * * Europe/Berlin`, `@daily`");
  told(await(schedules_.pause(node_.loop(), {"two", "@weekly"})), Code::kNotFound,
       "has no schedule `@weekly`: it has `0 3 * * * Europe/Berlin`, `@daily`");
  EXPECT_EQ(events(), 0);
  for (const char* const pattern :
       {"@daily", "@daily UTC", "0 3 * * *", "0 3 * * * Europe/Berlin"}) {
    EXPECT_TRUE(await(schedules_.pause(node_.loop(), {"two", pattern}))) << pattern;
  }
  EXPECT_TRUE(std::ranges::all_of(list(), &Schedule::paused));
  told(await(schedules_.pause(node_.loop(), {"two", "0 3 * * * UTC"})), Code::kNotFound,
       "has no schedule");
}

}  // namespace
}  // namespace triggers
