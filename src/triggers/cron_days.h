// What the fields day of month and day of week say together: which days of a month run.
//
// When both restrict, a day runs that either names (OR), or, with "+", that both name (AND). When
// one is a lone star, the other decides. A value; safe on any thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include "triggers/cron_field.h"

namespace triggers {

class CronDays {
 public:
  CronDays() = default;
  CronDays(const CronField& of_month, const CronField& of_week);

  // Bit n: the n-th of the month runs. Days that the month does not have are never set.
  [[nodiscard]] std::uint32_t in(std::chrono::year_month month) const;

  bool operator==(const CronDays&) const = default;

 private:
  enum class Join : std::uint8_t { kOfMonth, kOfWeek, kEither, kBoth };

  struct Month {
    unsigned first_weekday;  // of the 1st; 0 is Sunday
    unsigned last;           // 28-31
  };

  void add_of_month(const CronItem& item);
  void add_of_week(const CronItem& item);
  [[nodiscard]] std::uint32_t of_month(Month month) const;
  [[nodiscard]] std::uint32_t of_week(Month month) const;

  std::uint32_t days_ = 0;              // bit n: the n-th
  std::uint32_t nearest_weekdays_ = 0;  // bit n: nW
  std::array<std::uint8_t, 7>
      occurrences_{};  // of each weekday; bit n - 1: the n-th, kLast: the last
  bool last_day_ = false;
  bool last_weekday_ = false;
  Join join_ = Join::kOfMonth;
};

}  // namespace triggers
