#include "triggers/cron_schedule.h"

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

using std::chrono::hours;
using std::chrono::local_seconds;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_seconds;

struct Case {
  std::string_view text;
  std::string_view after;  // UTC, as are the runs
  std::vector<std::string_view> runs;
};

void expect_runs(const std::vector<Case>& cases) {
  for (const auto& [text, after, expected] : cases) {
    std::string lines;
    for (const auto run : expected) lines += std::string(run) + "\n";
    EXPECT_EQ(runs(text, after, static_cast<int>(expected.size())), lines)
        << text << " after " << after;
  }
}

TEST(Scheduler, CalculateNextRun) {
  expect_runs({
      {"* * * * *", "2026-07-04 05:06:07", {"2026-07-04 05:07:00", "2026-07-04 05:08:00"}},
      {"* * * * *", "2026-07-04 05:07:00", {"2026-07-04 05:08:00"}},
      {"*/10 * * * * *", "2026-12-31 23:59:41", {"2026-12-31 23:59:50", "2027-01-01 00:00:00"}},
      {"0 3 * * MON-FRI Europe/Berlin",
       "2026-07-03 00:00:00",
       {"2026-07-03 01:00:00", "2026-07-06 01:00:00", "2026-07-07 01:00:00"}},
      {"0 3 * * MON-FRI Europe/Berlin", "2026-01-05", {"2026-01-05 02:00:00"}},
      {"30 5 * * * Asia/Kathmandu", "2026-07-03", {"2026-07-03 23:45:00"}},
      {"0 0 1 * * Pacific/Kiritimati", "2026-07-03", {"2026-07-31 10:00:00"}},
      {"@monthly America/New_York", "2026-10-15", {"2026-11-01 04:00:00", "2026-12-01 05:00:00"}},
      {"0 0 29 2 *", "2026-01-01", {"2028-02-29 00:00:00", "2032-02-29 00:00:00"}},
      {"0 0 L * *", "2026-01-31", {"2026-02-28 00:00:00", "2026-03-31 00:00:00"}},
      {"0 9 LW * *", "2026-01-30 09:00", {"2026-02-27 09:00:00", "2026-03-31 09:00:00"}},
      {"0 0 31 2 *", "2026-01-01", {"none"}},
      {"0 0 0 1 1 * 2026", "2026-01-01", {"none"}},
      {"59 59 23 31 12 * 2199", "2026-01-01", {"2199-12-31 23:59:59", "none"}},
      {"0 0 0 1 1 * 1970 Europe/Berlin", "1950-01-01", {"1969-12-31 23:00:00", "none"}},
      {"59 59 23 31 12 * 2199 Etc/GMT+12", "2199-12-31 23:59:59", {"2200-01-01 11:59:59", "none"}},
  });
}

TEST(CronSchedule, TheLastWordIsAZone) {
  for (const auto& [text, zone] : std::vector<std::array<std::string_view, 2>>{
           {"0 3 * * MON", "UTC"},
           {"0 3 * * mon-FRI", "UTC"},
           {"0 3 * * +MON", "UTC"},
           {"0 3 * * Sat#2", "UTC"},
           {"0 3 * * 1 UTC", "UTC"},
           {"0 3 * * MON \t Europe/Berlin \t", "Europe/Berlin"},
           {"* 0 3 * * MON EST", "EST"},
           {"* 0 3 * * MON 2027 America/Argentina/Ushuaia", "America/Argentina/Ushuaia"},
           {"@hourly Etc/GMT-5", "Etc/GMT-5"},
       }) {
    const auto schedule = CronSchedule::parse(text);
    ASSERT_TRUE(schedule) << schedule.error().message;
    EXPECT_EQ(schedule->zone().name(), zone) << text;
  }
  EXPECT_EQ(CronSchedule::parse("0 3 * * * Europe/Berlin")->pattern(),
            *CronPattern::parse("0 3 * * *"));
  EXPECT_EQ(CronSchedule::parse("0 3 * * * europe/berlin").error().message,
            "no time zone europe/berlin; use Europe/Berlin");
  EXPECT_TRUE(CronSchedule::parse("0 3 * * Europe/Berlin")
                  .error()
                  .message.starts_with("cron pattern: 4 fields; write five"));
  EXPECT_TRUE(CronSchedule::parse("Europe/Berlin").error().message.starts_with("cron pattern: 1 "));
  EXPECT_TRUE(CronSchedule::parse("").error().message.starts_with("cron pattern: 0 "));
}

// Berlin leaves out 02:00-03:00 on 2026-03-29 (01:00 UTC).
TEST(CronSchedule, AGapRunsWallClockTimesOnceRightAfter) {
  expect_runs({
      {"30 2 * * * Europe/Berlin",
       "2026-03-28",
       {"2026-03-28 01:30:00", "2026-03-29 01:00:00", "2026-03-30 00:30:00"}},
      {"0 2 * * * Europe/Berlin", "2026-03-29", {"2026-03-29 01:00:00", "2026-03-30 00:00:00"}},
      // Several that are left out, and one that comes right then, are one run.
      {"0,20,40 2,3 * * * Europe/Berlin",
       "2026-03-29",
       {"2026-03-29 01:00:00", "2026-03-29 01:20:00"}},
      {"0 1-3 * * * Europe/Berlin",
       "2026-03-28 22:59",
       {"2026-03-29 00:00:00", "2026-03-29 01:00:00", "2026-03-29 23:00:00"}},
      {"30 2 29 3 * Europe/Berlin", "2026-03-29 00:59:59", {"2026-03-29 01:00:00"}},
      {"30 2 29 3 * Europe/Berlin", "2026-03-29 01:00:00", {"2027-03-29 00:30:00"}},
      // Half an hour, at midnight, and a whole day (Samoa had no 30 December 2011).
      {"10 2 * * * Australia/Lord_Howe", "2026-10-03", {"2026-10-03 15:30:00"}},
      {"15 0 * * * Africa/Cairo", "2026-04-23", {"2026-04-23 22:00:00", "2026-04-24 21:15:00"}},
      {"0 12 * * * Pacific/Apia",
       "2011-12-29",
       {"2011-12-29 22:00:00", "2011-12-30 10:00:00", "2011-12-30 22:00:00"}},
      {"0 12 30 12 * Pacific/Apia", "2011-01-01", {"2011-12-30 10:00:00"}},
  });
}

// Berlin shows 02:00-03:00 twice on 2026-10-25 (from 00:00 and from 01:00 UTC).
TEST(CronSchedule, ARepeatRunsWallClockTimesOnce) {
  expect_runs({
      {"30 2 * * * Europe/Berlin", "2026-10-25", {"2026-10-25 00:30:00", "2026-10-26 01:30:00"}},
      {"30 2 * * * Europe/Berlin", "2026-10-25 00:45", {"2026-10-26 01:30:00"}},
      {"30 2 * * * Europe/Berlin", "2026-10-25 01:00", {"2026-10-26 01:30:00"}},
      {"30 2 * * * Europe/Berlin", "2026-10-25 01:29", {"2026-10-26 01:30:00"}},
      {"0,30 1-3 * * * Europe/Berlin",
       "2026-10-24 23:29",
       {"2026-10-24 23:30:00", "2026-10-25 00:00:00", "2026-10-25 00:30:00", "2026-10-25 02:00:00",
        "2026-10-25 02:30:00"}},
      {"45 1 * * * Australia/Lord_Howe",
       "2026-04-04",
       {"2026-04-04 14:45:00", "2026-04-05 15:15:00"}},
  });
}

TEST(CronSchedule, ARepeatingPatternFollowsRealTime) {
  expect_runs({
      {"*/30 * * * * Europe/Berlin",
       "2026-03-29 00:00",
       {"2026-03-29 00:30:00", "2026-03-29 01:00:00", "2026-03-29 01:30:00"}},
      {"30 * * * * Europe/Berlin", "2026-03-29", {"2026-03-29 00:30:00", "2026-03-29 01:30:00"}},
      {"*/30 2 * * * Europe/Berlin", "2026-03-28 20:00", {"2026-03-30 00:00:00"}},
      {"30 * * * * Europe/Berlin",
       "2026-10-25",
       {"2026-10-25 00:30:00", "2026-10-25 01:30:00", "2026-10-25 02:30:00"}},
      {"*/30 2 * * * Europe/Berlin",
       "2026-10-24 20:00",
       {"2026-10-25 00:00:00", "2026-10-25 00:30:00", "2026-10-25 01:00:00", "2026-10-25 01:30:00",
        "2026-10-26 01:00:00"}},
      {"0 */2 * * * Europe/Berlin",
       "2026-10-24 22:00",
       {"2026-10-25 00:00:00", "2026-10-25 01:00:00", "2026-10-25 03:00:00"}},
  });
}

// What the machine's file of the zone lists ends in 2037; its rule goes on.
TEST(CronSchedule, SummerTimeGoesOnAfter2037) {
  expect_runs({
      {"0 3 1 7 * Europe/Berlin", "2037-01-01", {"2037-07-01 01:00:00", "2038-07-01 01:00:00"}},
      {"30 2 * * * Europe/Berlin", "2039-03-26 12:00", {"2039-03-27 01:00:00"}},
      {"30 2 * * * America/New_York", "2199-03-09 12:00", {"2199-03-10 07:00:00"}},
      {"0 3 1 1 * Australia/Sydney", "2150-06-01", {"2150-12-31 16:00:00"}},
  });
}

TEST(CronSchedule, AnyTimeIsAnswered) {
  const auto schedule = CronSchedule::parse("0 0 * * * Europe/Berlin");
  EXPECT_EQ(schedule->next(sys_seconds::max()), std::nullopt);
  EXPECT_EQ(text_of(*schedule->next(sys_seconds::min())), "1969-12-31 23:00:00");
}

// A pattern that never runs is found out in months, not in seconds: each of these would be a minute
// if days were tried, and years if seconds were.
TEST(CronSchedule, ImpossiblePatternsEndSoon) {
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(runs("* * * 31 2 * Europe/Berlin", "1970-01-01", 1), "none\n");
    ASSERT_EQ(runs("0 0 30 2 +MON America/Sao_Paulo", "1970-01-01", 1), "none\n");
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{20});
}

// The definition itself, minute by minute: a repeating pattern runs whenever the clock shows a time
// that matches; of any other, each time runs when the clock first reaches or passes it.
std::vector<sys_seconds> by_definition(const CronSchedule& schedule, sys_seconds begin,
                                       sys_seconds end) {
  const auto clock = [&](sys_seconds at) {
    return local_seconds{at.time_since_epoch() + schedule.zone().period_at(at).offset};
  };
  std::vector<sys_seconds> found;
  local_seconds reached = clock(begin - hours{3});
  for (auto at = begin - hours{3}; at < end; at += minutes{1}) {
    const auto now = clock(at);
    const auto from = schedule.pattern().repeats() ? now : reached + minutes{1};
    const auto match = schedule.pattern().at_or_after(from);
    if (at > begin && match && *match <= now) found.push_back(at);
    reached = std::max(reached, now);
  }
  return found;
}

std::string minute_pattern(std::mt19937_64& random) {
  const auto field = [&](unsigned low, unsigned high) {
    const unsigned a = low + static_cast<unsigned>(random() % (high - low + 1));
    const unsigned b = low + static_cast<unsigned>(random() % (high - low + 1));
    switch (random() % 6) {
      case 0:
        return std::string("*");
      case 1:
        return fmt::format("*/{}", 1 + random() % 30);
      case 2:
        return fmt::format("{}-{}", std::min(a, b), std::max(a, b));
      case 3:
        return fmt::format("{},{}", a, b);
      default:
        return std::to_string(a);
    }
  };
  return field(0, 59) + " " + field(0, random() % 2 == 0 ? 3 : 23) + " * * *";
}

TEST(CronSchedule, AgreesWithItsDefinitionAroundEveryChange) {
  constexpr int kPatterns = 8;
  std::mt19937_64 random(5);
  std::size_t compared = 0;
  for (const auto* name :
       {"Europe/Berlin", "Europe/Dublin", "America/New_York", "America/St_Johns", "America/Nuuk",
        "Australia/Lord_Howe", "Antarctica/Troll", "Africa/Cairo", "Africa/Casablanca",
        "Asia/Beirut", "Asia/Gaza", "Pacific/Apia", "Asia/Pyongyang", "America/Caracas",
        "Pacific/Chatham", "America/Havana", "UTC"}) {
    const auto zone = Zone::find(name);
    ASSERT_TRUE(zone) << zone.error().message;
    for (auto change = zone->period_at(utc("2005-01-01")).end; change < utc("2045-01-01");
         change = zone->period_at(change).end) {
      for (int i = 0; i < kPatterns; ++i) {
        const std::string text = minute_pattern(random);
        const CronSchedule schedule(*CronPattern::parse(text), *zone);
        const auto begin = change - hours{5} + minutes{random() % 600};
        const auto end = begin + hours{8};
        std::vector<sys_seconds> found;
        for (auto run = schedule.next(begin); run && *run < end; run = schedule.next(*run)) {
          found.push_back(*run);
        }
        const auto expected = by_definition(schedule, begin, end);
        ASSERT_EQ(found, expected) << text << " " << name << " after " << text_of(begin);
        compared += found.size();
      }
    }
  }
  EXPECT_GT(compared, 30'000U);
}

// Asked from any moment between two runs, the answer is the later one.
TEST(CronSchedule, EveryMomentLeadsToTheSameRun) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 300; ++i) {
    const std::string text = minute_pattern(random) + " Europe/Berlin";
    const auto schedule = CronSchedule::parse(text);
    ASSERT_TRUE(schedule) << schedule.error().message;
    const auto begin = utc("2026-10-24") + minutes{random() % 2880};
    const auto run = schedule->next(begin);
    ASSERT_TRUE(run) << text;
    for (int j = 0; j < 20; ++j) {
      const auto between =
          begin + seconds{random() % static_cast<std::uint64_t>((*run - begin).count())};
      ASSERT_EQ(schedule->next(between), run) << text << " after " << text_of(between);
    }
  }
}

}  // namespace
}  // namespace triggers
