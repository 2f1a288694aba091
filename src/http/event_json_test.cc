#include "http/event_json.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace http {
namespace {

namespace json = boost::json;

triggers::Event change() {
  triggers::Event event;
  event.id = 7;
  event.function = "f";
  event.version = 3;
  event.key = "k";
  event.lane = "1";
  event.payload = R"({"trigger":"database","new":{"n":12345678901234567890.0}})";
  event.writer = auth::Principal{auth::Role::kAuthenticated, "u", "{}"};
  event.depth = 1;
  event.state = triggers::EventState::kDead;
  event.attempt = 5;
  event.failures = 4;
  event.due_at = 1'500;
  event.created_at = 1'000;
  return event;
}

TEST(EventJson, TellsAllOfAnEventButItsPayload) {
  EXPECT_EQ(event_json(change()),
            R"({"id":7,"function":"f","trigger":"database","state":"dead","version":3,"key":"k",)"
            R"("lane":"1","attempt":5,"failures":4,"due_at":null,)"
            R"("created_at":"1970-01-01T00:00:01.000Z","depth":1,)"
            R"("writer":{"role":"authenticated","user_id":"u"},"run_as":null,"format":"roost",)"
            R"("transactional":false})");
  triggers::Event tick = change();
  tick.payload = R"({"trigger":"schedule","cron":null})";
  tick.version.reset();
  tick.writer.reset();
  tick.run_as = auth::Role::kServiceRole;
  const json::object object = json::parse(event_json(tick)).as_object();
  EXPECT_EQ(object.at("trigger"), "schedule");
  EXPECT_TRUE(object.at("version").is_null());
  EXPECT_TRUE(object.at("writer").is_null());
  EXPECT_EQ(object.at("run_as"), "service_role");
  tick.state = triggers::EventState::kPending;
  EXPECT_EQ(json::parse(event_json(tick)).at("due_at"), "1970-01-01T00:00:01.500Z");
}

TEST(EventJson, DetailsHaveThePayloadAsItWasCaptured) {
  const std::string text = event_details_json(
      change(), {{1, 2'000, "i", "TRAP: unreachable", R"(["a","b"])"}, {2, 3'000, "", "e", "?"}},
      5);
  EXPECT_TRUE(
      text.ends_with(R"(,"payload":{"trigger":"database","new":{"n":12345678901234567890.0}}})"))
      << "digit for digit: " << text;
  const json::object object = json::parse(text).as_object();
  EXPECT_EQ(object.at("blocked_by"), 5);
  EXPECT_EQ(object.at("attempts"),
            json::parse(R"([{"attempt":1,"at":"1970-01-01T00:00:02.000Z","invocation":"i",
                             "error":"TRAP: unreachable","lines":["a","b"]},
                            {"attempt":2,"at":"1970-01-01T00:00:03.000Z","invocation":null,
                             "error":"e","lines":[]}])"));
  EXPECT_TRUE(
      json::parse(event_details_json(change(), {}, std::nullopt)).at("blocked_by").is_null());
}

// A writer outside may store any bytes in a column of text.
TEST(EventJson, IsValidWhateverBytesWereCaptured) {
  triggers::Event event = change();
  event.payload = "{\"trigger\":\"database\",\"new\":{\"name\":\"\xff\"}}";
  event.lane = "\xff\"";
  event.key = std::string("\0\xc3", 2);
  const std::string text = event_details_json(event, {{1, 0, "", "\xfe", "[\"\xff\"]"}}, {});
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  ASSERT_FALSE(error) << text;
  EXPECT_EQ(value.at("payload"), "{\"trigger\":\"database\",\"new\":{\"name\":\"\xef\xbf\xbd\"}}");
  EXPECT_EQ(value.at("lane"), "\xef\xbf\xbd\"");
  for (const char* const payload : {"", "{", "{} {}", "nul", "{\"a\":1,}"}) {
    event.payload = payload;
    EXPECT_EQ(json::parse(event_details_json(event, {}, {})).at("payload"), payload);
  }
}

TEST(EventJson, CountsByFunction) {
  triggers::EventStats stats{"f", 1, 2, 3, 4};
  triggers::EventStats old{"g"};
  old.oldest = 1'000;
  EXPECT_EQ(
      stats_json({stats, old}),
      R"({"stats":[{"function":"f","pending":1,"leased":2,"dead":3,"delivered":4,"oldest":null},)"
      R"({"function":"g","pending":0,"leased":0,"dead":0,"delivered":0,)"
      R"("oldest":"1970-01-01T00:00:01.000Z"}]})");
}

TEST(EventJson, TellsOfSchedules) {
  triggers::Schedule schedule;
  schedule.function = "f";
  schedule.pattern = "0 3 * * *";
  schedule.missed = "once";
  schedule.overlap = "allow";
  schedule.paused = true;
  schedule.last_at = 1'000;
  const std::string utc =
      R"({"function":"f","pattern":"0 3 * * *","zone":"UTC","next_at":null,)"
      R"("last_at":"1970-01-01T00:00:01.000Z","paused":true,"missed":"once","overlap":"allow"})";
  EXPECT_EQ(schedule_json(schedule), utc);
  EXPECT_EQ(schedules_json({schedule}, {{7, "g", 1'000}}),
            R"({"schedules":[)" + utc +
                R"(],"once":[{"event":7,"function":"g","at":"1970-01-01T00:00:01.000Z"}]})");
  schedule.zone = "Asia/Tokyo";
  EXPECT_NE(schedule_json(schedule).find(R"("zone":"Asia/Tokyo")"), std::string::npos);
}

TEST(EventJson, ExplainsInWords) {
  triggers::Circumstances all;
  all.event = change();
  const json::object object = json::parse(explanation_json(all)).as_object();
  EXPECT_EQ(object.at("id"), 7);
  EXPECT_EQ(object.at("state"), "dead");
  EXPECT_EQ(object.at("explanation").as_string(), triggers::explain(all));
}

}  // namespace
}  // namespace http
