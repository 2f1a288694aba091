#include "http/log_query.h"

#include <gtest/gtest.h>

namespace http {
namespace {

using namespace std::chrono_literals;

constexpr journal::Time kNow = std::chrono::sys_days(std::chrono::year(2026) / 1 / 31);

TEST(LogQuery, ReadsItsNames) {
  const auto query = parse_log_query(
      "limit=7&status=cpu_limit&after=a%2Db&follow=true&trigger=schedule&user=u%201&"
      "since=2026-01-30T09:00:00.5%2B01:00&until=15m&",
      "hello", kNow);
  ASSERT_TRUE(query) << query.error().message;
  EXPECT_EQ(query->entries.function, "hello");
  EXPECT_EQ(query->entries.limit, 7U);
  EXPECT_EQ(query->entries.status, journal::Status::kCpuLimit);
  EXPECT_EQ(query->entries.trigger, "schedule");
  EXPECT_EQ(query->entries.user_id, "u 1");
  EXPECT_EQ(query->entries.since, kNow - 16h + 500ms);
  EXPECT_EQ(query->entries.until, kNow - 15min);
  EXPECT_EQ(query->entries.after_id, "a-b");
  EXPECT_TRUE(query->follow);
}

TEST(LogQuery, HasDefaults) {
  const auto query = parse_log_query("follow=false", "", kNow);
  ASSERT_TRUE(query);
  EXPECT_EQ(query->entries.limit, 100U);
  EXPECT_FALSE(query->entries.status);
  EXPECT_FALSE(query->entries.since);
  EXPECT_FALSE(query->entries.until);
  EXPECT_FALSE(query->follow);
  EXPECT_TRUE(query->entries.function.empty());
  EXPECT_TRUE(query->entries.trigger.empty());
  EXPECT_TRUE(query->entries.user_id.empty());
}

TEST(LogQuery, TakesTimesOfAnyYear) {
  const auto query =
      parse_log_query("since=0001-01-01T00:00:00Z&until=9999-12-31T23:59:59Z", "", kNow);
  ASSERT_TRUE(query) << query.error().message;
  EXPECT_LT(*query->entries.since, kNow);
  EXPECT_GT(*query->entries.until, kNow);
}

TEST(LogQuery, RefusesWhatItDoesNotKnow) {
  for (const char* const bad : {"limit=0",
                                "limit=10001",
                                "limit=-1",
                                "limit=1x",
                                "limit=",
                                "limit",
                                "status=fine",
                                "status=",
                                "follow=yes",
                                "follow",
                                "trigger=cron",
                                "trigger=",
                                "user=",
                                "since=",
                                "since=x",
                                "until=2026-01-31",
                                "since=%2B10m",
                                "until=-15m",
                                "limit=1&limit=1",
                                "after=%zz",
                                "%zz=1",
                                "=1",
                                "limit=99999999999999999999999"}) {
    const auto query = parse_log_query(bad, "", kNow);
    ASSERT_FALSE(query) << bad;
    EXPECT_EQ(query.error().code, base::Code::kInvalidArgument);
  }
  EXPECT_TRUE(parse_log_query("limit=10000", "", kNow));
  const auto time = parse_log_query("since=yesterday", "", kNow);
  EXPECT_NE(time.error().message.find("as in 15m"), std::string::npos);
}

}  // namespace
}  // namespace http
