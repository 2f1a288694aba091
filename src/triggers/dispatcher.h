// Takes events out of the outbox and runs their functions.
//
// Claims what is due, as many as there is room for, of each trigger its share; runs each on some
// loop (event_run.h); settles what came of them, many in one transaction. Wakes at once when this
// process commits or sees another's commit, else when the next event is due. A lease that is found
// lost cancels its run. One per process; `start`, `drain` and `release` from the main thread,
// `wake` from any.
#pragma once

#include <chrono>
#include <memory>

#include "catalog/registry.h"
#include "invoke/invoker.h"
#include "reactor/reactor.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "triggers/outbox.h"

namespace triggers {

class Dispatcher {
 public:
  struct Settings {
    std::uint32_t max_running = 1024;
    // A trigger with this many runs gets no more, so that none takes all places: at most twice it.
    std::uint32_t share = 256;
    std::chrono::milliseconds lease{10'000};
    // At most this long between two looks at the outbox.
    std::chrono::milliseconds poll{1'000};
    // Between two counts for the metrics.
    std::chrono::milliseconds count{15'000};
  };

  struct Rooms {
    Outbox& outbox;
    database::Pool& pool;
    catalog::Registry& registry;
    invoke::Invoker& invoker;
    reactor::Reactor& reactor;
    telemetry::Metrics& metrics;
    const telemetry::Log& log;
  };

  // All of `rooms` must outlive it.
  Dispatcher(const Rooms& rooms, Settings settings);
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;
  ~Dispatcher();

  void start();
  void wake();
  // Claims no more; `running` falls to zero as what runs ends, and what is left is released.
  void drain();
  [[nodiscard]] std::uint32_t running() const;

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace triggers
