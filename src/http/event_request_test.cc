#include "http/event_request.h"

#include <gtest/gtest.h>

namespace http {
namespace {

using base::Code;
using triggers::EventState;

TEST(EventRequest, AQueryNamesAPage) {
  const auto query =
      parse_event_query("state=dead&function=on_user&before=9&limit=1000", Which::kEvents);
  ASSERT_TRUE(query) << query.error().message;
  EXPECT_EQ(query->state, EventState::kDead);
  EXPECT_EQ(query->function, "on_user");
  EXPECT_EQ(query->before, 9);
  EXPECT_EQ(query->limit, 1'000U);
  const auto all = parse_event_query("", Which::kEvents);
  ASSERT_TRUE(all);
  EXPECT_FALSE(all->state);
  EXPECT_EQ(all->limit, 100U);
  EXPECT_EQ(parse_event_query("limit=1", Which::kDeadLetters)->state, EventState::kDead);
}

TEST(EventRequest, AQueryOfAnythingElseIsRefused) {
  for (const char* const bad :
       {"state=gone", "state=", "function=A", "before=0", "before=x", "before=99999999999999999999",
        "limit=0", "limit=1001", "limit=-1", "limit=1x", "id=1", "limit=1&limit=1", "state=%zz"}) {
    const auto query = parse_event_query(bad, Which::kEvents);
    ASSERT_FALSE(query) << bad;
    EXPECT_EQ(query.error().code, Code::kInvalidArgument);
  }
  EXPECT_FALSE(parse_event_query("state=pending", Which::kDeadLetters));
}

TEST(EventRequest, RedeliveryIsOfTheDeadUnlessItSaysMore) {
  const auto parse = [](const char* body) { return parse_redelivery(body, Which::kEvents); };
  EXPECT_EQ(parse(R"({"id":7})")->filter.id, 7);
  EXPECT_FALSE(parse(R"({"id":7})")->filter.state);
  EXPECT_FALSE(parse(R"({"id":7,"version":"current"})")->own_version);
  EXPECT_TRUE(parse(R"({"id":7,"version":"own"})")->own_version);
  EXPECT_EQ(parse(R"({"all":true})")->filter.state, EventState::kDead);
  EXPECT_EQ(parse(R"({"function":"f"})")->filter.state, EventState::kDead);
  EXPECT_EQ(parse(R"({"function":"f"})")->filter.function, "f");
  EXPECT_EQ(parse(R"({"state":"delivered"})")->filter.state, EventState::kDelivered);
  EXPECT_FALSE(parse(R"({"state":"pending"})"));
  EXPECT_EQ(parse_redelivery(R"({"id":7})", Which::kDeadLetters)->filter.state, EventState::kDead);
  EXPECT_FALSE(parse_redelivery(R"({"state":"delivered"})", Which::kDeadLetters));
}

TEST(EventRequest, NoBodyMeansAllByAccident) {
  for (const char* const bad :
       {"", "{}", "[]", "null", R"({"all":false})", R"({"all":1})", R"({"id":null})", R"({"id":0})",
        R"({"id":"7"})", R"({"id":7,"all":true})", R"({"id":7,"function":"f"})",
        R"({"all":true,"function":"f"})", R"({"function":""})", R"({"function":null})",
        R"({"state":""})", R"({"state":null})", R"({"function":"f","function":"g"})",
        R"({"functions":"f"})", R"({"id":7,"ID":8})"}) {
    for (const Which which : {Which::kEvents, Which::kDeadLetters}) {
      const auto redelivery = parse_redelivery(bad, which);
      ASSERT_FALSE(redelivery) << bad;
      EXPECT_EQ(redelivery.error().code, Code::kInvalidArgument);
    }
    EXPECT_FALSE(parse_discard(bad)) << bad;
  }
  EXPECT_FALSE(parse_redelivery(R"({"id":7,"version":"newest"})", Which::kEvents));
  EXPECT_FALSE(parse_discard(R"({"id":7,"version":"own"})"));
}

TEST(EventRequest, DiscardTakesAllThatDoesNotRun) {
  EXPECT_FALSE(parse_discard(R"({"all":true})")->state);
  EXPECT_FALSE(parse_discard(R"({"function":"f"})")->state);
  EXPECT_EQ(parse_discard(R"({"function":"f","state":"pending"})")->state, EventState::kPending);
  const auto leased = parse_discard(R"({"state":"leased"})");
  ASSERT_FALSE(leased);
  EXPECT_NE(leased.error().message.find("disable its function"), std::string::npos);
}

TEST(EventRequest, ALargeBodyIsRefused) {
  const std::string body = R"({"id":7)" + std::string(kMaxEventBodyBytes, ' ') + "}";
  EXPECT_EQ(parse_discard(body).error().code, Code::kPayloadTooLarge);
}

TEST(EventRequest, AScheduleMayBeNamedByItsPattern) {
  EXPECT_EQ(parse_schedule_name("f", "")->function, "f");
  EXPECT_EQ(parse_schedule_name("f", "{}")->pattern, "");
  EXPECT_EQ(parse_schedule_name("f", R"({"pattern":"@daily"})")->pattern, "@daily");
  EXPECT_FALSE(parse_schedule_name("f", R"({"pattern":1})"));
  EXPECT_FALSE(parse_schedule_name("f", R"({"cron":"@daily"})"));
}

TEST(EventRequest, ARunIsAtATime) {
  const auto run = parse_run_at(R"({"function":"f","at":"+1m","payload":{"a":[1]}})", 1'000);
  ASSERT_TRUE(run) << run.error().message;
  EXPECT_EQ(run->function, "f");
  EXPECT_EQ(run->at, 61'000);
  EXPECT_EQ(run->payload, R"({"a":[1]})");
  EXPECT_EQ(parse_run_at(R"({"function":"f","at":"1970-01-01T00:00:01Z"})", 0)->at, 1'000);
  EXPECT_EQ(parse_run_at(R"({"function":"f","at":"+1s"})", 0)->payload, "");
  for (const char* const bad :
       {"", "{}", R"({"function":"f"})", R"({"at":"+1s"})", R"({"function":"F","at":"+1s"})",
        R"({"function":"f","at":"soon"})", R"({"function":"f","at":1})",
        R"({"function":"f","at":"+1s","in":"1s"})"}) {
    EXPECT_FALSE(parse_run_at(bad, 0)) << bad;
  }
}

}  // namespace
}  // namespace http
