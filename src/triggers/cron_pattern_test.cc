#include "triggers/cron_pattern.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "triggers/cron_test.h"

namespace triggers {
namespace {

using std::chrono::days;
using std::chrono::seconds;

CronPattern pattern(std::string_view text) {
  const auto parsed = CronPattern::parse(text);
  EXPECT_TRUE(parsed) << text << ": " << parsed.error().message;
  return parsed.value_or(CronPattern{});
}

std::string error_of(std::string_view text) {
  const auto parsed = CronPattern::parse(text);
  return parsed ? "no error" : parsed.error().message;
}

bool matches(std::string_view text, std::string_view time) {
  return pattern(text).at_or_after(local(time)) == local(time);
}

// The days of a month on which a pattern of midnights runs: "5 12 19 26".
std::string days_of(std::string_view text, std::string_view month) {
  const CronPattern midnights = pattern(text);
  std::string list;
  const auto begin = local(month);
  for (auto day = begin; day < begin + days{31}; day += days{1}) {
    const std::chrono::year_month_day date{std::chrono::floor<days>(day)};
    if (day != begin && date.day() == std::chrono::day{1}) break;
    if (midnights.at_or_after(day) != day) continue;
    if (!list.empty()) list += ' ';
    list += std::to_string(static_cast<unsigned>(date.day()));
  }
  return list;
}

struct Same {
  std::string_view text;
  std::string_view other;
};

TEST(Scheduler, ParseCronExpression) {
  for (const auto& [text, other] : std::vector<Same>{
           {"* * * * *", "0 * * * * *"},
           {"* * * * *", "0 * * * * * *"},
           {"0-59 * * * *", "0 0-59 0-23 * * * 1970-2199"},
           {"5 4 3 2 1", "05 04 03 02 01"},
           {"  5\t4   3 2 1\t", "5 4 3 2 1"},
           {"0 0 1 JAN,jul,Dec *", "0 0 1 1,7,12 *"},
           {"0 0 * * sun", "0 0 * * 7"},
           {"0 0 * * 0", "0 0 * * 7"},
           {"0 0 * * MON-fri", "0 0 * * 1-5"},
           {"0 0 * * FRI-SUN", "0 0 * * 5,6,0"},
           {"0 0 * * SUN-TUE", "0 0 * * 0,1,2"},
           {"0 0 * * SUN-SUN", "0 0 * * SUN"},
           {"0 0 * * 0-0", "0 0 * * SUN"},
           {"0 0 * * 0-SUN", "0 0 * * 0-7"},
           {"0 0 * JAN-MAR/2 *", "0 0 * 1,3 *"},
           {"5-59/15 * * * *", "5-50/15 * * * *"},
           {"*/100 * * * *", "*/60 * * * *"},
           {"0 0 * * FRI#L", "0 0 * * 5L"},
           {"0 0 * * FRIL", "0 0 * * 5L"},
           {"0 0 * * MON#1", "0 0 * * 1#1"},
           {"0 0 ? * 1", "0 0 * * 1"},
           {"0 0 1 * ?", "0 0 1 * *"},
           {"0 0 */2 * *", "0 0 ?/2 * *"},
           {"@yearly", "0 0 1 1 *"},
           {" @annually ", "0 0 1 1 *"},
           {"@monthly", "0 0 1 * *"},
           {"@weekly", "0 0 * * 0"},
           {"@daily", "0 0 * * *"},
           {"@midnight", "0 0 * * *"},
           {"@hourly", "0 * * * *"},
       }) {
    // A step and what it names differ in one thing, which is not about which times match.
    EXPECT_EQ(runs(CronSchedule(pattern(text)), "2027-12-30 21:17:03", 50),
              runs(CronSchedule(pattern(other)), "2027-12-30 21:17:03", 50))
        << text << " | " << other;
  }
  EXPECT_EQ(pattern("@daily"), pattern("0 0 0 * * *"));
  EXPECT_FALSE(pattern("@daily") == pattern("@hourly"));
}

TEST(CronPattern, RepeatsByAStarOrAStep) {
  for (const auto* text : {"* * * * *", "0 * * * *", "*/5 2 * * *", "0 */2 * * *", "* 1 2 * * *",
                           "0 0-23/2 * * *", "1,*/7 3 * * *", "@hourly"}) {
    EXPECT_TRUE(pattern(text).repeats()) << text;
  }
  for (const auto* text : {"0 0 * * *", "0,30 2 * * *", "0-59 2 * * *", "0 0 */2 */3 */2",
                           "1 2 3 * * * *", "@weekly"}) {
    EXPECT_FALSE(pattern(text).repeats()) << text;
  }
}

struct Wrong {
  std::string_view text;
  std::string_view message;
};

TEST(Scheduler, InvalidCronRejected) {
  constexpr std::string_view kFields =
      " fields; write five (minute, hour, day of month, month, day of week), six with seconds "
      "first, or seven with the year last";
  for (const auto* text :
       {"", " \t ", "*", "* * * *", "* * * * * * * *", "0 0 * * * 2026 @daily 1"}) {
    const std::string message = error_of(text);
    EXPECT_TRUE(message.starts_with("cron pattern: ") && message.ends_with(kFields)) << message;
  }
  for (const auto& [text, message] : std::vector<Wrong>{
           {"60 * * * *", "column 1, field 1 (minute): 60 is above 59; use 0-59"},
           {"* 24 * * *", "column 3, field 2 (hour): 24 is above 23; use 0-23"},
           {"0 0 32 * *", "column 5, field 3 (day of month): 32 is above 31; use 1-31"},
           {"0 0 0 * *", "column 5, field 3 (day of month): 0 is below 1; use 1-31"},
           {"0 0 1,2-40 * *", "column 9, field 3 (day of month): 40 is above 31; use 1-31"},
           {"0 0 1 13 *", "column 7, field 4 (month): 13 is above 12; use 1-12 or JAN-DEC"},
           {"0 0 1 FOO *", "column 7, field 4 (month): FOO is no month; use 1-12 or JAN-DEC"},
           {"0 0 1 JANUARY *",
            "column 7, field 4 (month): JANUARY is no month; use 1-12 or JAN-DEC"},
           {"0 0 * * 8", "column 9, field 5 (day of week): 8 is above 7; use 0-7 or SUN-SAT"},
           {"0 0 * * fril",
            "column 9, field 5 (day of week): fril is no day of week; use 0-7 or SUN-SAT"},
           {"60 * * * * *", "column 1, field 1 (second): 60 is above 59; use 0-59"},
           {"* * * * * * 1969", "column 13, field 7 (year): 1969 is below 1970; use 1970-2199"},
           {"* * * * * * 2200", "column 13, field 7 (year): 2200 is above 2199; use 1970-2199"},
           {"99999999999999999999 * * * *",
            "column 1, field 1 (minute): 1000000 is above 59; use 0-59"},
           {"0 0 * * FRI-MON",
            "column 13, field 5 (day of week): the range ends at 1, before it begins at 5; write "
            "two ranges with a comma"},
           {"0 0 * * 5-0",
            "column 11, field 5 (day of week): the range ends at 0, before it begins at 5; write "
            "two ranges with a comma"},
           {"30-10 * * * *",
            "column 4, field 1 (minute): the range ends at 10, before it begins at 30; write two "
            "ranges with a comma"},
           {"*/0 * * * *", "column 3, field 1 (minute): a step of 0 leads nowhere; use 1 or more"},
           {"*/1440 * * * *",
            "column 3, field 1 (minute): a step of 1440 is longer than the field, which has 60 "
            "values; use 1-60"},
           {"*/99999999999 * * * *",
            "column 3, field 1 (minute): a step of 99999999999 is longer than the field, which has "
            "60 values; use 1-60"},
           {"*/ * * * *",
            "column 3, field 1 (minute): a step is a number of 1 or more after the /"},
           {"0/15 * * * *",
            "column 2, field 1 (minute): a step needs a range or * before it; write 0-59/n"},
           {"/30 * * * *", "column 1, field 1 (minute): '/' does not fit here; use 0-59"},
           {"1-2-3 * * * *", "column 4, field 1 (minute): '-' does not fit here; use 0-59"},
           {"*/2/3 * * * *", "column 4, field 1 (minute): '/' does not fit here; use 0-59"},
           {"5* * * * *", "column 2, field 1 (minute): '*' does not fit here; use 0-59"},
           {"**  * * * *", "column 2, field 1 (minute): '*' does not fit here; use 0-59"},
           {"1,,2 * * * *", "column 3, field 1 (minute): a value is missing; use 0-59"},
           {",1 * * * *", "column 1, field 1 (minute): a value is missing; use 0-59"},
           {"1, * * * *", "column 3, field 1 (minute): a value is missing; use 0-59"},
           {"1- * * * *", "column 3, field 1 (minute): a value is missing; use 0-59"},
           {"-1 * * * *", "column 1, field 1 (minute): '-' does not fit here; use 0-59"},
           {"? * * * *",
            "column 1, field 1 (minute): '?' stands alone in day of month or day of week; write * "
            "here"},
           {"* * * ? *",
            "column 7, field 4 (month): '?' stands alone in day of month or day of week; write * "
            "here"},
           {"L * * * *", "column 1, field 1 (minute): 'L' does not fit here; use 0-59"},
           {"0 0 5L * *", "column 6, field 3 (day of month): 'L' does not fit here; use 1-31"},
           {"0 0 L-3 * *", "column 6, field 3 (day of month): '-' does not fit here; use 1-31"},
           {"0 0 l * *", "column 5, field 3 (day of month): 'l' is written 'L'"},
           {"0 0 15w * *", "column 7, field 3 (day of month): 'w' is written 'W'"},
           {"0 0 * * 4l", "column 10, field 5 (day of week): 'l' is written 'L'"},
           {"0 0 W * *", "column 5, field 3 (day of month): 'W' does not fit here; use 1-31"},
           {"0 0 1-15W * *",
            "column 9, field 3 (day of month): 'W' follows a single day, not a range"},
           {"0 0 1W,15 * *",
            "column 5, field 3 (day of month): a day with W stands alone, not in a list"},
           {"0 0 3,LW * *",
            "column 7, field 3 (day of month): a day with W stands alone, not in a list"},
           {"0 0 1#2 * *", "column 6, field 3 (day of month): '#' does not fit here; use 1-31"},
           {"0 0 * * L",
            "column 9, field 5 (day of week): L is no day of week; use 0-7 or SUN-SAT"},
           {"0 0 * * 5W",
            "column 10, field 5 (day of week): 'W' does not fit here; use 0-7 or SUN-SAT"},
           {"0 0 * * 1#0",
            "column 11, field 5 (day of week): no month has a 0. of a weekday; use 1-5 or L"},
           {"0 0 * * 1#6",
            "column 11, field 5 (day of week): no month has a 6. of a weekday; use 1-5 or L"},
           {"0 0 * * 1#", "column 11, field 5 (day of week): after # stands 1-5 or L"},
           {"0 0 * * 1#2#3",
            "column 12, field 5 (day of week): '#' does not fit here; use 0-7 or SUN-SAT"},
           {"0 0 * * 1-5#2",
            "column 12, field 5 (day of week): '#' follows a single day, not a range"},
           {"0 0 * * 1-5L",
            "column 12, field 5 (day of week): 'L' follows a single day, not a range"},
           {"0 0 * * +",
            "column 10, field 5 (day of week): a value is missing; use 0-7 or SUN-SAT"},
           {"0 0 * * MON+", "column 12, field 5 (day of week): '+' may only begin the day of week"},
           {"0 0 +1 * *", "column 5, field 3 (day of month): '+' may only begin the day of week"},
           {"a * * * *", "column 1, field 1 (minute): 'a' does not fit here; use 0-59"},
           {"\n* * * * *", "column 1, field 1 (minute): byte 0x0A does not fit here; use 0-59"},
           {"*\xC3\xA4 * * * *",
            "column 2, field 1 (minute): byte 0xC3 does not fit here; use 0-59"},
           {"@daily 0 0 * *", "column 1, field 1 (minute): '@' does not fit here; use 0-59"},
       }) {
    EXPECT_EQ(error_of(text), "cron pattern, " + std::string(message)) << text;
  }
  for (const auto* text : {"@Daily", "@dailyx", "@", "@every"}) {
    EXPECT_TRUE(error_of(text).starts_with("cron pattern: this nickname is unknown")) << text;
  }
  EXPECT_TRUE(error_of("@reboot").starts_with("cron pattern: @reboot names an event"));
  EXPECT_EQ(error_of("* * * * *" + std::string(992, ' ')),
            "cron pattern: 1001 characters are too many; use at most 1000");
  EXPECT_EQ(error_of(std::string_view("* * * * *\0", 10)),
            "cron pattern, column 10, field 5 (day of week): byte 0x00 does not fit here; use 0-7 "
            "or SUN-SAT");
}

// The examples of the Open Cron Pattern Specification, each under its section.

struct Example {
  std::string_view text;
  std::string_view time;
  bool runs;
};

void expect_examples(const std::vector<Example>& examples) {
  for (const auto& [text, time, does_run] : examples) {
    EXPECT_EQ(matches(text, time), does_run) << text << " at " << time;
  }
}

TEST(OpenCronPattern, Baseline10) {
  expect_examples({
      // 5. Special characters
      {"* * * * *", "2026-07-04 05:06:00", true},
      {"* * * * *", "2026-07-04 05:06:01", false},
      {"0,15,30,45 * * * *", "2026-07-04 05:15:00", true},
      {"0,15,30,45 * * * *", "2026-07-04 05:16:00", false},
      {"0 9-17 * * *", "2026-07-04 17:00:00", true},
      {"0 9-17 * * *", "2026-07-04 18:00:00", false},
      {"5-59/15 * * * *", "2026-07-04 05:05:00", true},
      {"5-59/15 * * * *", "2026-07-04 05:50:00", true},
      {"5-59/15 * * * *", "2026-07-04 05:15:00", false},
      // 6.1. Either of the two fields of days
      {"0 12 1 * MON", "2026-08-01 12:00:00", true},   // Saturday the 1st
      {"0 12 1 * MON", "2026-08-03 12:00:00", true},   // Monday
      {"0 12 1 * MON", "2026-08-02 12:00:00", false},  // Sunday
      {"0 12 1-31 * MON", "2026-08-02 12:00:00", true},
      {"0 12 */2 * MON", "2026-08-05 12:00:00", true},  // a step restricts: still OR
      {"0 12 */2 * MON", "2026-08-10 12:00:00", true},
      {"0 12 */2 * MON", "2026-08-12 12:00:00", false},
      {"0 12 * * MON", "2026-08-02 12:00:00", false},
      {"0 12 1 * *", "2026-08-03 12:00:00", false},
  });
  // 6.2. A date that never comes is no error of the pattern.
  for (const auto* text :
       {"* * 31 2 *", "* * 30 FEB *", "0 0 31 4,6,9,11 *", "0 0 0 29 2 * 2027"}) {
    EXPECT_EQ(pattern(text).at_or_after(local("1970-01-01")), std::nullopt) << text;
  }
}

TEST(OpenCronPattern, SecondsAndYears12) {
  expect_examples({
      {"* * * * * *", "2026-07-04 05:06:59", true},
      {"0 15 10 * * * 2025", "2025-12-31 10:15:00", true},
      {"0 15 10 * * * 2025", "2026-01-01 10:15:00", false},
      {"0 0 12 1 1 * 2025-2030", "2030-01-01 12:00:00", true},
      {"0 0 12 1 1 * 2025-2030", "2031-01-01 12:00:00", false},
      {"0 0 0 1 1 * */2", "2198-01-01", true},
      {"0 0 0 1 1 * */2", "2199-01-01", false},
      {"0 0 0 1 1 * 1971-2199/2", "1971-01-01", true},
      {"0 0 0 1 1 * 1971-2199/2", "1972-01-01", false},
      {"0 0 0 1 1 * 2025,2027", "2026-01-01", false},
  });
}

TEST(OpenCronPattern, Calendar13) {
  // L: the last day, and the last of a weekday.
  EXPECT_EQ(days_of("0 0 L * *", "2026-01-01"), "31");
  EXPECT_EQ(days_of("0 0 L * *", "2026-02-01"), "28");
  EXPECT_EQ(days_of("0 0 L * *", "2028-02-01"), "29");
  EXPECT_EQ(days_of("0 0 L * *", "2100-02-01"), "28");
  EXPECT_EQ(days_of("0 0 15,L * *", "2026-04-01"), "15 30");
  EXPECT_EQ(days_of("0 0 * * 5L", "2026-07-01"), "31");
  EXPECT_EQ(days_of("0 0 * * FRI#L", "2026-08-01"), "28");
  EXPECT_EQ(days_of("0 0 * * SUNL", "2026-02-01"), "22");
  EXPECT_EQ(days_of("0 0 * * 7#L", "2026-05-01"), "31");
  // #: the nth.
  EXPECT_EQ(days_of("0 0 * * 2#3", "2026-08-01"), "18");
  EXPECT_EQ(days_of("0 0 * * MON#1", "2026-08-01"), "3");
  EXPECT_EQ(days_of("0 0 * * MON#5", "2026-08-01"), "31");
  EXPECT_EQ(days_of("0 0 * * FRI#5", "2026-08-01"), "");
  EXPECT_EQ(days_of("0 0 * * MON#1,MON#3,FRI", "2026-08-01"), "3 7 14 17 21 28");
  // W: the nearest weekday, never in another month.
  EXPECT_EQ(days_of("0 0 15W * *", "2026-07-01"), "15");  // Wednesday
  EXPECT_EQ(days_of("0 0 15W * *", "2026-08-01"), "14");  // Saturday
  EXPECT_EQ(days_of("0 0 15W * *", "2026-02-01"), "16");  // Sunday
  EXPECT_EQ(days_of("0 0 1W * *", "2026-08-01"), "3");    // Saturday the 1st
  EXPECT_EQ(days_of("0 0 1W * *", "2026-02-01"), "2");    // Sunday the 1st
  EXPECT_EQ(days_of("0 0 31W * *", "2026-05-01"), "29");  // Sunday the last
  EXPECT_EQ(days_of("0 0 31W * *", "2026-01-01"), "30");  // Saturday the last
  EXPECT_EQ(days_of("0 0 31W * *", "2026-06-01"), "");    // no 31st
  EXPECT_EQ(days_of("0 0 LW * *", "2026-05-01"), "29");
  EXPECT_EQ(days_of("0 0 LW * *", "2026-10-01"), "30");
  EXPECT_EQ(days_of("0 0 LW * *", "2026-06-01"), "30");
}

TEST(OpenCronPattern, Logic14) {
  EXPECT_EQ(days_of("0 0 1 * MON", "2026-08-01"), "1 3 10 17 24 31");
  EXPECT_EQ(days_of("0 0 1 * +MON", "2026-08-01"), "");
  EXPECT_EQ(days_of("0 0 1 * +MON", "2026-06-01"), "1");
  EXPECT_EQ(days_of("0 0 8-14 * +MON", "2026-08-01"), "10");
  EXPECT_EQ(days_of("0 0 L * +MON,FRI", "2026-08-01"), "31");
  EXPECT_EQ(days_of("0 0 15W * +FRI", "2026-08-01"), "14");
  EXPECT_EQ(days_of("0 0 13 * +*", "2026-08-01"), "13");
  EXPECT_EQ(days_of("0 0 * * +FRI#2", "2026-08-01"), "14");
  EXPECT_EQ(days_of("0 0 ? * MON", "2026-08-01"), "3 10 17 24 31");
  EXPECT_EQ(days_of("0 0 15 * ?", "2026-08-01"), "15");
}

TEST(CronPattern, ReachesFrom1970To2199) {
  const CronPattern daily = pattern("@daily");
  EXPECT_EQ(daily.at_or_after(local("1815-06-18")), local("1970-01-01"));
  EXPECT_EQ(daily.at_or_after(local("2199-12-31")), local("2199-12-31"));
  EXPECT_EQ(daily.at_or_after(local("2199-12-31 00:00:01")), std::nullopt);
  EXPECT_EQ(daily.at_or_after(local("2200-01-01")), std::nullopt);
  EXPECT_EQ(daily.at_or_after(std::chrono::local_seconds::max()), std::nullopt);
  EXPECT_EQ(daily.at_or_after(std::chrono::local_seconds::min()), local("1970-01-01"));
  EXPECT_EQ(pattern("59 59 23 31 12 * *").at_or_after(local("2199-12-31 23:59:59")),
            local("2199-12-31 23:59:59"));
}

TEST(CronPattern, CarriesOverEachField) {
  for (const auto& [text, from, match] : std::vector<std::array<std::string_view, 3>>{
           {"30 15 10 * * *", "2026-07-04 10:15:30", "2026-07-04 10:15:30"},
           {"30 15 10 * * *", "2026-07-04 10:15:31", "2026-07-05 10:15:30"},
           {"10,30 15,45 * * * *", "2026-07-04 10:15:11", "2026-07-04 10:15:30"},
           {"10,30 15,45 * * * *", "2026-07-04 10:15:31", "2026-07-04 10:45:10"},
           {"10,30 15,45 * * * *", "2026-07-04 10:45:31", "2026-07-04 11:15:10"},
           {"59 59 23 * * *", "2026-12-31 23:59:59", "2026-12-31 23:59:59"},
           {"0 0 0 1 * *", "2026-12-31 23:59:59", "2027-01-01 00:00:00"},
           {"0 0 0 29 2 *", "2096-03-01 00:00:00", "2104-02-29 00:00:00"},
           {"0 0 0 29 2 +MON", "2096-03-01 00:00:00", "2112-02-29 00:00:00"},
           {"0 0 0 31 * *", "2026-01-31 00:00:01", "2026-03-31 00:00:00"},
       }) {
    const auto found = pattern(text).at_or_after(local(from));
    ASSERT_TRUE(found) << text;
    EXPECT_EQ(text_of(*found), match) << text << " from " << from;
  }
}

// Whatever comes, parsing answers, and what it accepts can be asked for its times.
TEST(CronPattern, AnyBytesAreAnswered) {
  constexpr std::string_view kLikely = "00112233456789**//,,--??LLWW##+@  \t  SUNMONJANFRIlw\0\xFF";
  std::mt19937_64 random(20260704);
  int accepted = 0;
  for (int i = 0; i < 60'000; ++i) {
    std::string text = i % 2 == 0 ? "" : "0 0 1 1 1";
    const std::size_t length = random() % 24;
    for (std::size_t n = 0; n < length; ++n) {
      const char c = i % 5 == 4 ? static_cast<char>(random()) : kLikely[random() % kLikely.size()];
      text.insert(text.begin() + static_cast<std::ptrdiff_t>(random() % (text.size() + 1)), c);
    }
    const auto parsed = CronPattern::parse(text);
    if (!parsed) {
      ASSERT_EQ(parsed.error().code, base::Code::kInvalidArgument);
      ASSERT_TRUE(std::ranges::all_of(parsed.error().message, [](char c) {
        return c >= ' ' && c <= '~';
      })) << parsed.error().message;
      continue;
    }
    ++accepted;
    const auto from = local("2026-01-01") + seconds{static_cast<long>(random() % 1'000'000'000)};
    const auto match = parsed->at_or_after(from);
    if (match) {
      ASSERT_GE(*match, from) << text;
      ASSERT_EQ(parsed->at_or_after(*match), match) << text;
    }
  }
  EXPECT_GT(accepted, 1000);
}

}  // namespace
}  // namespace triggers
