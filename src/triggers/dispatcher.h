// Takes events out of the outbox and runs their functions.
//
// Claims what is due, as many as it has room for; runs each on some loop as its writer; settles
// what came of them, many in one transaction. Wakes at once when this process commits or sees
// another's commit, else when the next event is due. One per process; `start` and `stop` from the
// main thread, `wake` from any.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "catalog/registry.h"
#include "invoke/invoker.h"
#include "reactor/reactor.h"
#include "telemetry/log.h"
#include "triggers/outbox.h"

namespace triggers {

class Dispatcher {
 public:
  struct Settings {
    std::uint32_t max_running = 256;
    std::chrono::milliseconds lease{10'000};
    // At most this long between two looks at the outbox.
    std::chrono::milliseconds poll{1'000};
  };

  // All must outlive it.
  Dispatcher(Outbox& outbox, const catalog::Registry& registry, invoke::Invoker& invoker,
             reactor::Reactor& reactor, const telemetry::Log& log, Settings settings);
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;
  ~Dispatcher();

  void start();
  void wake();
  // Claims no more; `running` falls to zero as what runs ends.
  void drain();
  [[nodiscard]] std::uint32_t running() const;

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace triggers
