#include "http/log_query.h"

#include <gtest/gtest.h>

namespace http {
namespace {

TEST(LogQuery, ReadsItsFourNames) {
  const auto query = parse_log_query("limit=7&status=cpu_limit&after=a%2Db&follow=true&", "hello");
  ASSERT_TRUE(query) << query.error().message;
  EXPECT_EQ(query->entries.function, "hello");
  EXPECT_EQ(query->entries.limit, 7U);
  EXPECT_EQ(query->entries.status, journal::Status::kCpuLimit);
  EXPECT_EQ(query->entries.after_id, "a-b");
  EXPECT_TRUE(query->follow);
}

TEST(LogQuery, HasDefaults) {
  const auto query = parse_log_query("follow=false", "");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->entries.limit, 100U);
  EXPECT_FALSE(query->entries.status);
  EXPECT_FALSE(query->follow);
  EXPECT_TRUE(query->entries.function.empty());
}

TEST(LogQuery, RefusesWhatItDoesNotKnow) {
  for (const char* const bad :
       {"limit=0", "limit=10001", "limit=-1", "limit=1x", "limit=", "limit", "status=fine",
        "status=", "follow=yes", "follow", "since=1", "limit=1&limit=1", "after=%zz", "%zz=1", "=1",
        "limit=99999999999999999999999"}) {
    const auto query = parse_log_query(bad, "");
    ASSERT_FALSE(query) << bad;
    EXPECT_EQ(query.error().code, base::Code::kInvalidArgument);
  }
  EXPECT_TRUE(parse_log_query("limit=10000", ""));
}

}  // namespace
}  // namespace http
