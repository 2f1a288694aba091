#include "triggers/cron_days.h"

#include <bit>

namespace triggers {

namespace {

using Kind = CronItem::Kind;

constexpr std::uint8_t kEveryOccurrence = 0b01'1111;
constexpr std::uint8_t kLastOccurrence = 0b10'0000;

constexpr std::uint32_t bit(unsigned day) { return 1U << day; }

constexpr bool is_weekend(unsigned weekday) { return weekday == 0 || weekday == 6; }

}  // namespace

CronDays::CronDays(const CronField& of_month, const CronField& of_week) {
  for (const CronItem& item : of_month.items) add_of_month(item);
  for (const CronItem& item : of_week.items) add_of_week(item);
  if (!of_week.restricts) {
    join_ = Join::kOfMonth;
  } else if (!of_month.restricts) {
    join_ = Join::kOfWeek;
  } else {
    join_ = of_week.joined ? Join::kBoth : Join::kEither;
  }
}

void CronDays::add_of_month(const CronItem& item) {
  switch (item.kind) {
    case Kind::kLastDay:
      last_day_ = true;
      break;
    case Kind::kLastWeekday:
      last_weekday_ = true;
      break;
    case Kind::kNearestWeekday:
      nearest_weekdays_ |= bit(item.first);
      break;
    default:
      for (unsigned day = item.first; day <= item.last; day += item.step) days_ |= bit(day);
  }
}

void CronDays::add_of_week(const CronItem& item) {
  const auto add = [&](unsigned day, unsigned which) {
    occurrences_[day % 7] = static_cast<std::uint8_t>(occurrences_[day % 7] | which);
  };
  switch (item.kind) {
    case Kind::kNthDay:
      add(item.first, bit(item.nth - 1));
      break;
    case Kind::kLastOfDay:
      add(item.first, kLastOccurrence);
      break;
    default:
      for (unsigned day = item.first; day <= item.last; day += item.step) {
        add(day, kEveryOccurrence);
      }
  }
}

std::uint32_t CronDays::in(std::chrono::year_month month) const {
  const std::chrono::local_days first{month / 1};
  const Month is{std::chrono::weekday{first}.c_encoding(),
                 static_cast<unsigned>((month / std::chrono::last).day())};
  const std::uint32_t exist = (~0U >> (31 - is.last)) & ~1U;
  switch (join_) {
    case Join::kOfMonth:
      return of_month(is) & exist;
    case Join::kOfWeek:
      return of_week(is) & exist;
    case Join::kEither:
      return (of_month(is) | of_week(is)) & exist;
    case Join::kBoth:
      break;
  }
  return of_month(is) & of_week(is) & exist;
}

std::uint32_t CronDays::of_month(Month month) const {
  const auto weekday_of = [&](unsigned day) { return (month.first_weekday + day - 1) % 7; };
  std::uint32_t days = days_;
  if (last_day_) days |= bit(month.last);
  if (last_weekday_) {
    unsigned day = month.last;
    while (is_weekend(weekday_of(day))) --day;
    days |= bit(day);
  }
  for (std::uint32_t rest = nearest_weekdays_; rest != 0; rest &= rest - 1) {
    auto day = static_cast<unsigned>(std::countr_zero(rest));
    if (day > month.last) continue;
    // The month is never left: from Saturday the 1st to Monday, from a last Sunday to Friday.
    if (weekday_of(day) == 6) {
      day = day == 1 ? 3 : day - 1;
    } else if (weekday_of(day) == 0) {
      day = day == month.last ? day - 2 : day + 1;
    }
    days |= bit(day);
  }
  return days;
}

std::uint32_t CronDays::of_week(Month month) const {
  std::uint32_t days = 0;
  for (unsigned weekday = 0; weekday < 7; ++weekday) {
    const unsigned which = occurrences_[weekday];
    if (which == 0) continue;
    const unsigned first = 1 + (weekday + 7 - month.first_weekday) % 7;
    for (unsigned n = 0; n < 5; ++n) {
      if ((which & bit(n)) != 0 && first + 7 * n <= month.last) days |= bit(first + 7 * n);
    }
    if ((which & kLastOccurrence) != 0) {
      days |= bit(first + 28 <= month.last ? first + 28 : first + 21);
    }
  }
  return days;
}

}  // namespace triggers
