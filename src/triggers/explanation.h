// Why an event has not run yet or what became of it, and what will happen when: in words.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog/registry.h"
#include "database/pool.h"
#include "triggers/outbox.h"

namespace triggers {

// What an explanation goes by.
struct Circumstances {
  Event event;
  std::vector<Attempt> attempts;  // those that failed, oldest first
  std::optional<Event> blocker;   // the earlier event of its lane that it waits for
  std::string trigger;            // as deployed; empty when there is none, or none any more
  int max_attempts = 5;
  bool deployed = true;  // its function is there
  bool enabled = true;   // and may run
  Milliseconds now = 0;
};

// Whole sentences. Pure.
std::string explain(const Circumstances& circumstances);

// Learns an event's circumstances. One per process; any loop; its Task suspends. All that it is
// given must outlive it.
class Explainer {
 public:
  Explainer(database::Pool& pool, Outbox& outbox, const catalog::Registry& registry)
      : pool_(pool), outbox_(outbox), registry_(registry) {}

  // Nothing when there is no such event.
  reactor::Task<database::SqlResult<std::optional<Circumstances>>> look(reactor::Loop& loop,
                                                                        EventId id);

 private:
  reactor::Task<database::SqlResult<void>> look_at_trigger(reactor::Loop& loop,
                                                           Circumstances& circumstances);
  reactor::Task<database::SqlResult<std::optional<Event>>> event(reactor::Loop& loop, EventId id);

  database::Pool& pool_;
  Outbox& outbox_;
  const catalog::Registry& registry_;
};

}  // namespace triggers
