// Puts the ticks of cron triggers into the outbox, each exactly once.
//
// A tick is a row of (trigger, time), unique, inserted in one transaction with its event and with
// the schedule's next time: however many processes look at the same schedule, one of them enqueues
// the tick. From there on it goes the way of every event. Where runs were missed, because no
// process was there, the last of them runs, once. One per process; `wake` from any thread.
#pragma once

#include <chrono>
#include <memory>

#include "database/pool.h"
#include "reactor/loop.h"
#include "telemetry/log.h"

namespace triggers {

class Clock {
 public:
  // All must outlive it.
  Clock(database::Pool& pool, reactor::Loop& loop, const telemetry::Log& log);
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
