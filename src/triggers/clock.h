// Puts the ticks of cron triggers into the outbox, each exactly once.
//
// A tick is a row of (trigger, time), unique, inserted in one transaction with its event and with
// the schedule's next time: however many processes look at the same schedule, one of them enqueues
// the tick. From there on it goes the way of every event. What becomes of times that passed while
// no process was there, and of a run that has not ended when the next is due, is the trigger's to
// say (catalog/trigger_options.h). A clock that was set back is seen, and no tick comes twice. One
// per process; `wake` from any thread.
#pragma once

#include <chrono>
#include <memory>

#include "database/pool.h"
#include "reactor/loop.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace triggers {

class Clock {
 public:
  // All must outlive it.
  Clock(database::Pool& pool, reactor::Loop& loop, telemetry::Metrics& metrics,
        const telemetry::Log& log);
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  ~Clock();

  void start();
  void wake();  // a schedule was added or changed
  void stop();

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace triggers
