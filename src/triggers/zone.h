// A time zone of the IANA database: which offset from UTC holds when.
//
// The database is the machine's (/usr/share/zoneinfo), read once by the first use; a newer one is
// seen after a restart. UTC needs none. A value; safe on any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "triggers/zone_rule.h"

namespace date {
class time_zone;
}

namespace triggers {

class Zone {
 public:
  Zone() = default;  // UTC

  // By its name in the database, such as Europe/Berlin, in the database's upper and lower case.
  // kInvalidArgument when there is no such zone, kUnavailable when the machine has no database.
  static base::Result<Zone> find(std::string_view name);

  [[nodiscard]] const std::string& name() const { return name_; }

  // REQUIRES: a time in the years 1969-2200.
  [[nodiscard]] ZonePeriod period_at(std::chrono::sys_seconds at) const;

 private:
  std::string name_ = "UTC";
  // The changes that the database lists; lives as long as the process. None for UTC.
  const date::time_zone* listed_ = nullptr;
  std::optional<ZoneRule> rule_;  // after those
};

}  // namespace triggers
