// One field of a cron pattern, read.
//
//   field   = ["+"] item *("," item)              "+" in day of week only
//   item    = star ["/" step] | value "-" value ["/" step] | value
//           | "L" | "LW" | value "W"              day of month only
//           | value ("#" ("1".."5" | "L") | "L")  day of week only
//   star    = "*" | "?"                           "?" in the two fields of days only
//   value   = number | name                       names in month and day of week, in any case
//
// This is the grammar of the Open Cron Pattern Specification 1.0-1.4. Pure values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace triggers {

enum class CronUnit : std::uint8_t {
  kSecond,
  kMinute,
  kHour,
  kDayOfMonth,
  kMonth,
  kDayOfWeek,
  kYear
};

inline constexpr unsigned kFirstCronYear = 1970;
inline constexpr unsigned kLastCronYear = 2199;

struct CronItem {
  enum class Kind : std::uint8_t {
    kValues,          // first, first + step, … up to last
    kLastDay,         // L
    kLastWeekday,     // LW: the last Monday to Friday of the month
    kNearestWeekday,  // 15W: the Monday to Friday nearest to `first`
    kNthDay,          // 2#3: the nth of the weekday `first`
    kLastOfDay,       // 5L, 5#L: the last of the weekday `first`
  };
  Kind kind = Kind::kValues;
  unsigned first = 0;
  unsigned last = 0;
  unsigned step = 1;
  unsigned nth = 0;
};

struct CronField {
  std::vector<CronItem> items;
  bool restricts = true;  // anything but a lone star
  bool repeats = false;   // has a star or a step
  bool joined = false;    // begins with "+"
};

// Where a field stands in what the user wrote, both from 1.
struct CronWord {
  std::string_view text;
  std::size_t number = 1;
  std::size_t column = 1;
};

// kInvalidArgument names the column, the field, what is wrong and what fits.
base::Result<CronField> read_cron_field(CronUnit unit, const CronWord& word);

}  // namespace triggers
