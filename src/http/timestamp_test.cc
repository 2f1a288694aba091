#include "http/timestamp.h"

#include <gtest/gtest.h>

namespace http {
namespace {

constexpr std::int64_t kNow = 1'000'000;

TEST(Timestamp, IsRfc3339) {
  EXPECT_EQ(parse_timestamp("1970-01-01T00:00:00Z", kNow), 0);
  EXPECT_EQ(parse_timestamp("2026-01-31T09:00:00Z", kNow), 1'769'850'000'000);
  EXPECT_EQ(parse_timestamp("2026-01-31T10:00:00+01:00", kNow), 1'769'850'000'000);
  EXPECT_EQ(parse_timestamp("2026-01-31t03:30:00-05:30", kNow), 1'769'850'000'000);
  EXPECT_EQ(parse_timestamp("2026-01-31 09:00:00.0259z", kNow), 1'769'850'000'025);
  EXPECT_EQ(parse_timestamp("2024-02-29T23:59:59.9Z", kNow), 1'709'251'199'900);
}

TEST(Timestamp, IsASpanFromNow) {
  EXPECT_EQ(parse_timestamp("+10m", kNow), kNow + 600'000);
  EXPECT_EQ(parse_timestamp("+1500ms", kNow), kNow + 1'500);
  EXPECT_EQ(parse_timestamp("+0s", kNow), kNow);
}

TEST(Timestamp, RefusesAllElse) {
  for (const char* const bad : {"",
                                "+",
                                "+-1s",
                                "+10x",
                                "now",
                                "10m",
                                "2026-01-31",
                                "2026-01-31T09:00:00",
                                "2026-01-31T09:00Z",
                                "2026-02-30T09:00:00Z",
                                "2026-13-01T09:00:00Z",
                                "2026-00-01T09:00:00Z",
                                "2026-01-31T24:00:00Z",
                                "2026-01-31T09:60:00Z",
                                "2026-01-31T09:00:60Z",
                                "2026-01-31T09:00:00.Z",
                                "2026-01-31T09:00:00+1:00",
                                "2026-01-31T09:00:00+24:00",
                                "2026-01-31T09:00:00Zx",
                                "2026-1-31T09:00:00Z",
                                "20a6-01-31T09:00:00Z"}) {
    const auto time = parse_timestamp(bad, kNow);
    ASSERT_FALSE(time) << bad;
    EXPECT_EQ(time.error().code, base::Code::kInvalidArgument);
  }
}

}  // namespace
}  // namespace http
