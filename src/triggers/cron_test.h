// Times as tests write them: 2026-03-29 02:30:00.
#pragma once

#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "triggers/cron_schedule.h"

namespace triggers {

// The seconds may be left out, then the time.
inline std::chrono::local_seconds local(std::string_view text) {
  std::array<int, 6> parts{1970, 1, 1, 0, 0, 0};
  std::size_t part = 0;
  for (const char* at = text.data(); part < parts.size() && at < text.data() + text.size(); ++at) {
    at = std::from_chars(at, text.data() + text.size(), parts[part++]).ptr;
  }
  const auto [year, month, day, hour, minute, second] = parts;
  return std::chrono::local_days{std::chrono::year{year} / month / day} + std::chrono::hours{hour} +
         std::chrono::minutes{minute} + std::chrono::seconds{second};
}

inline std::chrono::sys_seconds utc(std::string_view text) {
  return std::chrono::sys_seconds{local(text).time_since_epoch()};
}

inline std::string text_of(std::chrono::local_seconds at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{at - day};
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count());
}
inline std::string text_of(std::chrono::sys_seconds at) {
  return text_of(std::chrono::local_seconds{at.time_since_epoch()});
}

// The first runs after a time, one a line; "none" where they end.
inline std::string runs(const CronSchedule& schedule, std::string_view after, int count) {
  std::string lines;
  auto at = utc(after);
  for (int i = 0; i < count; ++i) {
    const auto run = schedule.next(at);
    if (!run) return lines + "none\n";
    at = *run;
    lines += text_of(at) + "\n";
  }
  return lines;
}

inline std::string runs(std::string_view text, std::string_view after, int count) {
  const auto schedule = CronSchedule::parse(text);
  return schedule ? runs(*schedule, after, count) : schedule.error().message;
}

}  // namespace triggers
