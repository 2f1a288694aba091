#include "http/http_date.h"

#include <gtest/gtest.h>

namespace http {
namespace {

using namespace std::chrono;
using namespace std::chrono_literals;

TEST(HttpDate, IsTheFixedForm) {
  EXPECT_EQ(http_date(sys_days(1994y / November / 6) + 8h + 49min + 37s),
            "Sun, 06 Nov 1994 08:49:37 GMT");  // the example of RFC 9110
  EXPECT_EQ(http_date(sys_days(2024y / February / 29) + 23h + 59min + 59s),
            "Thu, 29 Feb 2024 23:59:59 GMT");
  EXPECT_EQ(http_date(sys_days(2028y / January / 1)), "Sat, 01 Jan 2028 00:00:00 GMT");
}

TEST(HttpDate, TextIsOfTheSecondThatWasSeen) {
  DateText date;
  const auto time = sys_days(1994y / November / 6) + 8h + 49min + 37s;
  date.see(time + 1ms);
  EXPECT_EQ(date.text(), "Sun, 06 Nov 1994 08:49:37 GMT");
  date.see(time + 999ms);
  EXPECT_EQ(date.text(), "Sun, 06 Nov 1994 08:49:37 GMT");
  date.see(time + 1s);
  EXPECT_EQ(date.text(), "Sun, 06 Nov 1994 08:49:38 GMT");
  date.see(time);
  EXPECT_EQ(date.text(), "Sun, 06 Nov 1994 08:49:37 GMT") << "a clock may be set back";
}

}  // namespace
}  // namespace http
