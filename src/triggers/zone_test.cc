#include "triggers/zone.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "triggers/cron_test.h"

namespace triggers {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

std::string error_of(std::string_view name) {
  const auto zone = Zone::find(name);
  return zone ? "no error" : zone.error().message;
}

TEST(Zone, IsFoundByItsName) {
  EXPECT_EQ(Zone().name(), "UTC");
  EXPECT_EQ(Zone::find("UTC")->period_at(utc("2026-07-01")).offset, seconds{0});
  EXPECT_EQ(Zone::find("Asia/Kathmandu")->period_at(utc("2026-07-01")).offset,
            hours{5} + minutes{45});
  EXPECT_EQ(Zone::find("US/Eastern")->period_at(utc("2026-07-01")).offset, -hours{4});
  EXPECT_EQ(error_of("EUROPE/berlin"), "no time zone EUROPE/berlin; use Europe/Berlin");
  EXPECT_EQ(error_of("utc"), "no time zone utc; use UTC");
  for (const auto* name : {"Europe/Bonn", "localtime", "Factory", "posixrules", "leapseconds",
                           "right/UTC", "posix/UTC", "/etc/passwd", "Europe", "Europe/"}) {
    EXPECT_EQ(error_of(name),
              "no time zone " + std::string(name) +
                  "; use a name of the IANA database such as Europe/Berlin, or UTC");
  }
  for (const std::string& name :
       std::vector<std::string>{"", "../../etc/passwd", "zone.tab", "Europe/Berlin\n", "Ä",
                                std::string("UTC\0", 4), std::string(65, 'A')}) {
    EXPECT_EQ(error_of(name), "this is no time zone's name; use one such as Europe/Berlin, or UTC");
  }
}

TEST(Zone, PeriodsFollowOneAnother) {
  for (const auto* name : {"UTC", "Europe/Berlin", "Europe/Dublin", "America/Nuuk",
                           "Africa/Casablanca", "Asia/Tokyo", "Australia/Sydney", "Pacific/Apia"}) {
    const auto zone = Zone::find(name);
    ASSERT_TRUE(zone) << zone.error().message;
    auto at = utc("1970-01-01");
    while (at < utc("2199-12-31")) {
      const ZonePeriod period = zone->period_at(at);
      ASSERT_LE(period.begin, at) << name;
      ASSERT_GT(period.end, at) << name;
      ASSERT_EQ(zone->period_at(period.end - seconds{1}), period) << name << text_of(at);
      ASSERT_TRUE(period.end == kLatest || zone->period_at(period.end).begin == period.end)
          << name << text_of(at);
      at = period.end;
    }
  }
}

TEST(Zone, TheRuleGoesOnWhereTheListEnds) {
  const auto berlin = Zone::find("Europe/Berlin");
  EXPECT_EQ(berlin->period_at(utc("2100-07-01")),
            (ZonePeriod{utc("2100-03-28 01:00"), utc("2100-10-31 01:00"), hours{2}}));
  // The season that the list ends with is one period, not two.
  EXPECT_EQ(berlin->period_at(utc("2037-12-01")),
            (ZonePeriod{utc("2037-10-25 01:00"), utc("2038-03-28 01:00"), hours{1}}));
  EXPECT_EQ(Zone::find("America/Sao_Paulo")->period_at(utc("2100-01-01")).offset, -hours{3});
}

struct Season {
  std::string_view rule;
  std::string_view at;
  std::string_view begin;
  std::string_view end;
  seconds offset;
};

TEST(ZoneRule, SaysWhichSeasonHolds) {
  for (const auto& [text, at, begin, end, offset] : std::vector<Season>{
           {"CET-1CEST,M3.5.0,M10.5.0/3", "2040-07-01", "2040-03-25 01:00", "2040-10-28 01:00",
            hours{2}},
           {"CET-1CEST,M3.5.0,M10.5.0/3", "2040-12-31 23:59:59", "2040-10-28 01:00",
            "2041-03-31 01:00", hours{1}},
           // Summer over New Year, in the south.
           {"AEST-10AEDT,M10.1.0,M4.1.0/3", "2041-01-01", "2040-10-06 16:00", "2041-04-06 16:00",
            hours{11}},
           // Ireland's winter is the exception, an hour back.
           {"IST-1GMT0,M10.5.0,M3.5.0/1", "2041-01-01", "2040-10-28 01:00", "2041-03-31 01:00",
            hours{0}},
           // Before midnight, and more than a day after it.
           {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2040-07-01", "2040-03-25 01:00", "2040-10-28 01:00",
            -hours{1}},
           {"IST-2IDT,M3.4.4/26,M10.5.0", "2040-07-01", "2040-03-23 00:00", "2040-10-27 23:00",
            hours{3}},
           // Days of the year, with the leap day and without.
           {"ABC0DEF,59/0,J300/0", "2040-07-01", "2040-02-29 00:00", "2040-10-26 23:00", hours{1}},
           {"ABC0DEF,J60/0,J300/0", "2040-07-01", "2040-03-01 00:00", "2040-10-26 23:00", hours{1}},
           {"ABC0DEF,J60/0,J300/0", "2041-07-01", "2041-03-01 00:00", "2041-10-26 23:00", hours{1}},
           {"ABC+3:30:15DEF2:30,M1.1.0,M12.1.6/12:30:30", "2040-07-01", "2040-01-01 05:30:15",
            "2040-12-01 15:00:30", -hours{2} - minutes{30}},
       }) {
    const auto rule = ZoneRule::parse(text);
    ASSERT_TRUE(rule) << text;
    EXPECT_EQ(rule->period_at(utc(at)), (ZonePeriod{utc(begin), utc(end), offset})) << text;
  }
  EXPECT_EQ(ZoneRule::parse("<+0545>-5:45")->period_at(utc("2040-01-01")),
            (ZonePeriod{kEarliest, kLatest, hours{5} + minutes{45}}));
}

TEST(ZoneRule, RefusesWhatIsNone) {
  for (const auto* text : {"",
                           "CE-1",
                           "CET",
                           "CET-",
                           "CET-25",
                           "CET-1:60",
                           "CET-1:",
                           "<CET-1",
                           "CET-1CEST",
                           "CET-1CEST,",
                           "CET-1CEST,M3.5.0",
                           "CET-1CEST,M3.5.0,",
                           "CET-1CEST,M3.5.0,M10.5.0/",
                           "CET-1CEST,M3.5.0,M10.5.0/168",
                           "CET-1CEST,M13.5.0,M10.5.0",
                           "CET-1CEST,M3.6.0,M10.5.0",
                           "CET-1CEST,M3.0.0,M10.5.0",
                           "CET-1CEST,M3.5.7,M10.5.0",
                           "CET-1CEST,M3.5,M10.5.0",
                           "CET-1CEST,J0,M10.5.0",
                           "CET-1CEST,366,M10.5.0",
                           "CET-1CEST,M3.5.0,M10.5.0x",
                           "CET-1CEST,M3.5.0M10.5.0",
                           "CET-1CE,M3.5.0,M10.5.0",
                           "CET-1CEST-30,M3.5.0,M10.5.0",
                           "CET-1CEST,M99999999999.5.0,M10.5.0",
                           "9"}) {
    EXPECT_FALSE(ZoneRule::parse(text)) << text;
  }
}

}  // namespace
}  // namespace triggers
