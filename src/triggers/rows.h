// Reading the columns of Roost's own tables.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "database/value.h"

namespace triggers {

// "" and 0 for NULL, and for anything else than was expected.
inline std::string text_of(const database::Value& value) {
  const auto* found = std::get_if<std::string>(&value);
  return found == nullptr ? std::string() : *found;
}
inline std::int64_t number_of(const database::Value& value) {
  const auto* found = std::get_if<std::int64_t>(&value);
  return found == nullptr ? 0 : *found;
}

// The database's clock in SQL: milliseconds since 1970.
inline constexpr std::string_view kDatabaseNow =
    "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)";

// The same clock, read here: SQLite's is this machine's.
inline std::int64_t now_of_database() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now())
      .time_since_epoch()
      .count();
}

// "2026-01-31T09:00:00.000Z"
std::string utc_text(std::int64_t milliseconds);

// Of a schedule that has no run to come.
inline constexpr std::int64_t kNever = INT64_MAX;

}  // namespace triggers
