// One call of a guest from its fresh instance to its end.
//
// The driver (sandbox.cc) polls it; between two polls it sleeps for a suspended host call or gives
// way to the loop. A GuestRun belongs to one loop; `poll` may be called on another thread while
// that loop leaves it alone. Destroying it between two polls drops the guest's stack and memory and
// leaves nothing behind (F1).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "database/statement.h"
#include "host/database_call.h"
#include "sandbox/host_functions.h"
#include "sandbox/program.h"
#include "sandbox/sandbox.h"
#include "sandbox/ticker.h"
#include "wasm/engine.h"
#include "wasm/run.h"
#include "wasm/store.h"

namespace sandbox {

// What every call shares; outlives them all.
struct Grounds {
  wasm::Engine& engine;
  wasm::MemoryBudget& budget;
  Ticker& ticker;
};

class GuestRun {
 public:
  // `program` and what `request` refers to outlive it.
  GuestRun(const Grounds& grounds, const Program& program, const CallRequest& request,
           unsigned loop);
  GuestRun(const GuestRun&) = delete;
  GuestRun& operator=(const GuestRun&) = delete;

  // Runs the guest for a slice; true when there is nothing more to run. Not to be called again
  // after that.
  [[nodiscard]] bool poll();

  // Its slices hold up the thread that polls it by much: poll it where nobody minds.
  [[nodiscard]] bool overruns() const { return overruns_; }

  // What it waits for after a poll that was not the last.
  enum class Waits : std::uint8_t { kTurn, kClock, kDatabase };
  [[nodiscard]] Waits waits();

  // kClock: a host call sleeps until `wake`, which is no later than the deadline.
  [[nodiscard]] base::Deadline wake() const { return state_.wake.earlier(deadline_); }
  void wake_up();  // to be called once `wake` has passed

  // kDatabase: what is asked for, within which bounds.
  [[nodiscard]] const host::DatabaseRequest& query() const { return *state_.call.database; }
  [[nodiscard]] database::Bounds bounds() const;
  void answer(database::SqlResult<std::vector<database::Rows>> outcome);

  // The result; once, at the end.
  CallResult finish();

 private:
  using Clock = base::Deadline::Clock;

  [[nodiscard]] bool times_cpu() const { return !fresh_ || times_first_slice_; }
  void go_on();
  void account(Clock::time_point begin, std::chrono::nanoseconds cpu_begin);
  [[nodiscard]] bool over_time();
  base::Result<host::Response> outcome();
  [[nodiscard]] base::Error crash() const;
  [[nodiscard]] std::string for_people(std::string_view text) const;
  [[nodiscard]] std::optional<base::Error> refusal() const;
  [[nodiscard]] base::Error timeout_error() const;

  const Grounds& grounds_;
  const Program& program_;
  const catalog::Limits& limits_;
  const telemetry::Redactor& redactor_;
  const std::atomic<bool>* const canceled_;
  const unsigned loop_;

  const Clock::time_point begin_;
  const base::Deadline deadline_;
  std::chrono::nanoseconds cpu_{};
  Clock::time_point now_ = begin_;  // as of the last look at the clock, which costs something
  bool first_slice_ = true;
  bool fresh_ = true;  // the slice to come follows no other at once: it began, or was answered
  const bool times_first_slice_;  // by the CPU
  bool overruns_;
  bool overran_ = false;

  GuestState state_;
  wasm::Store store_;
  std::optional<wasm::Run> run_;  // after store_: dropped before it

  std::optional<wasm::Trap> trap_;
  std::optional<base::Error> stopped_;  // by a limit of time
};

}  // namespace sandbox
