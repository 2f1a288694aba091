// Counters of the process, in Prometheus' text form (conventions.md, "Metrics and traces").
//
// One per process; safe on any thread. What each call reports takes a shared lock and allocates
// nothing once its labels were seen; what events and ticks report takes a lock and builds labels.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace telemetry {

// How one invocation ended, as its `status` label says it.
struct InvocationSample {
  std::string_view function;
  std::string_view trigger;  // http | database | schedule
  std::string_view status;   // success | error | timeout | memory_exceeded | cpu_limit
  std::chrono::microseconds duration{};
  std::uint64_t peak_memory_bytes = 0;
};

class Metrics {
 public:
  Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;
  ~Metrics();

  // functions_invocations_total{name,trigger,status}, functions_duration_seconds{name},
  // functions_memory_bytes{name}, functions_timeout_total{name}, functions_errors_total{name}
  // (every status but success, so timeouts too).
  void invocation(const InvocationSample& sample);
  // http_requests_total{listener,code}: everything answered, 401, 404 and 429 too.
  void http_response(std::string_view listener, int status);
  // admission_wait_seconds: of those that had to wait for a place, whatever became of them.
  void admission_waited(std::chrono::nanoseconds wait);
  // admission_rejected_total{reason}: queue_full | waited | gone | draining.
  void admission_rejected(std::string_view reason);

  // functions_handed_over_total: calls that ran on another loop than their connection's.
  void handed_over();

  // A gauge that is read when somebody asks, so that what changes with each call costs no call
  // anything: admission_running, admission_waiting, functions_memory_used_bytes,
  // functions_memory_budget_bytes, functions_triggers_faulty. Null ends it, and returns once nobody
  // reads it any more.
  void watch(std::string_view gauge, std::function<double()> read);

  // What triggers fire. functions_events_lag_seconds{name}: from the commit (or the time that was
  // due) to the start of the first attempt; functions_events_retries_total{name},
  // functions_events_dead_total{name}; functions_ticks_lateness_seconds: from a schedule's time to
  // its event.
  void event_started(std::string_view function, std::chrono::milliseconds lag);
  void event_retried(std::string_view function);
  void event_died(std::string_view function);
  void tick_enqueued(std::chrono::milliseconds late);
  // functions_events_pending{name}, functions_events_dead{name},
  // functions_events_oldest_age_seconds{name}: as they were last counted.
  void events_waiting(std::string_view function, std::uint64_t pending, std::uint64_t dead,
                      std::chrono::milliseconds oldest);

  // The exposition format, version 0.0.4.
  [[nodiscard]] std::string expose() const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace telemetry
