// The record of one invocation. A value.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace journal {

enum class Status : std::uint8_t { kSuccess, kError, kTimeout, kMemoryExceeded, kCpuLimit };

// success | error | timeout | memory_exceeded | cpu_limit
std::string_view name_of(Status status);
std::optional<Status> status_named(std::string_view name);

struct Entry {
  std::string id = {};  // a UUID of version 7
  std::string function = {};
  int version = 0;
  std::string trigger = {};  // http | database | schedule
  Status status = Status::kSuccess;
  std::chrono::microseconds duration{};
  std::chrono::microseconds cpu{};
  std::uint64_t peak_memory_bytes = 0;
  std::string error = {};  // "CODE: message" with the guest's backtrace; empty on success; redacted
  std::string user_id = {};
  std::chrono::system_clock::time_point time = {};  // when it started
  std::vector<std::string> lines = {};              // what the guest logged; redacted
};

// One line of JSON with exactly these keys: id, function, version, trigger, status, duration_us,
// cpu_us, peak_memory_bytes, error (null on success), user_id (null without one), time (RFC 3339,
// UTC, ms), lines.
std::string to_json(const Entry& entry);
base::Result<Entry> parse_entry(std::string_view json);  // kStorage on anything else

}  // namespace journal
