// SIGTERM and SIGINT as something to wait for.
//
// Made in the main thread before any other is started: they inherit that the two are blocked, so
// that no handler ever runs on a loop. Both stay blocked until the process ends. One per process.
#pragma once

#include <chrono>
#include <optional>

namespace cli {

class Termination {
 public:
  Termination();
  Termination(const Termination&) = delete;
  Termination& operator=(const Termination&) = delete;

  // The signal's number; nothing when none comes within that time.
  [[nodiscard]] std::optional<int> wait_for(std::chrono::milliseconds time) const;
};

}  // namespace cli
