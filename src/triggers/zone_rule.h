// The yearly rule of a time zone as POSIX writes it (`CET-1CEST,M3.5.0,M10.5.0/3`): what holds
// after the last change that a file of the time zone database lists.
//
//   rule = name offset [name [offset] "," date ["/" time] "," date ["/" time]]
//   date = "M" month "." week "." weekday | "J" day | day
//
// With RFC 8536's extension: times from -167 to 167 hours. A value; safe on any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace triggers {

// A span of time with one offset from UTC: [begin, end).
struct ZonePeriod {
  std::chrono::sys_seconds begin;
  std::chrono::sys_seconds end;
  std::chrono::seconds offset{0};

  bool operator==(const ZonePeriod&) const = default;
};

// Stand for "always" and "for ever" in periods; years -29719 and 33658.
inline constexpr std::chrono::sys_seconds kEarliest{std::chrono::seconds{-1'000'000'000'000}};
inline constexpr std::chrono::sys_seconds kLatest{std::chrono::seconds{1'000'000'000'000}};

class ZoneRule {
 public:
  static std::optional<ZoneRule> parse(std::string_view text);  // none when it is no such rule

  // REQUIRES: a time in the years 1970-2200.
  [[nodiscard]] ZonePeriod period_at(std::chrono::sys_seconds at) const;

 private:
  friend class ZoneRuleReader;

  struct Change {
    enum class Kind : std::uint8_t { kWeekday, kDay, kDayWithoutLeap };
    Kind kind = Kind::kWeekday;
    int month = 1;
    int week = 1;  // 5 is the last
    int day = 0;   // of the week, or of the year
    std::chrono::seconds time{std::chrono::hours{2}};

    [[nodiscard]] std::chrono::local_seconds in(std::chrono::year year) const;
  };

  std::chrono::seconds standard_{0};
  std::chrono::seconds summer_{0};
  bool changes_ = false;  // whether there is a summer at all
  Change to_summer_;
  Change to_standard_;
};

}  // namespace triggers
