// The schedules of cron triggers as administrators see and change them, and runs at a given time.
//
// A schedule is named by its function, and by its pattern where the function has several. What is
// changed here, every process's clock (clock.h) sees at its next look; wake this one's to be
// sooner. Errors are kNotFound and kInvalidArgument, which say what there is, and the pool's. All
// Tasks suspend; any loop. One per process.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "catalog/registry.h"
#include "database/pool.h"
#include "triggers/outbox.h"

namespace triggers {

struct Schedule {
  TriggerId trigger = 0;
  std::string function;
  std::string pattern;  // without its zone
  std::string zone;     // as it was written; empty: UTC
  std::string missed;   // catalog::MissedRuns
  std::string overlap;  // catalog::Overlap
  // None while it is paused, and when no date matches any more.
  std::optional<Milliseconds> next_at;
  std::optional<Milliseconds> last_at;
  bool paused = false;

  // Pattern and zone, as deployed behind `cron:`.
  [[nodiscard]] std::string text() const { return zone.empty() ? pattern : pattern + ' ' + zone; }
};

struct ScheduleName {
  std::string function;
  std::string pattern = {};  // with or without its zone; empty: the only one
};

// A run that was asked for by run_at and has not succeeded yet; the outbox discards it by its id.
struct OneOff {
  EventId event = 0;
  std::string function;
  Milliseconds at = 0;  // of the next attempt, when one has failed
};

class Schedules {
 public:
  template <class T>
  using Answer = reactor::Task<base::Result<T>>;

  // All must outlive it.
  Schedules(database::Pool& pool, Outbox& outbox, const catalog::Registry& registry)
      : pool_(pool), outbox_(outbox), registry_(registry) {}

  // In order of function and pattern.
  Answer<std::vector<Schedule>> list(reactor::Loop& loop);
  // In order of time.
  Answer<std::vector<OneOff>> once(reactor::Loop& loop);

  // As it is then.
  Answer<Schedule> pause(reactor::Loop& loop, ScheduleName name);
  // Goes on with the next time from now: what passed while it was paused is not made up for.
  Answer<Schedule> resume(reactor::Loop& loop, ScheduleName name);

  // One event at once, whether or not the schedule is paused; its key begins with "run-". Goes by
  // the trigger's overlap: kAlreadyExists where that is `forbid` and a run has not ended.
  Answer<EventId> run_now(reactor::Loop& loop, ScheduleName name);
  // One event of no trigger's. `payload` is JSON, or empty: its "payload" for the function.
  // kInvalidArgument for a time that has passed.
  Answer<EventId> run_at(reactor::Loop& loop, std::string function, Milliseconds at,
                         std::string payload);

 private:
  using Tables = std::vector<std::vector<database::Row>>;
  Answer<Tables> ask(reactor::Loop& loop, std::vector<database::Statement> statements);
  Answer<Schedule> find(reactor::Loop& loop, ScheduleName name);
  [[nodiscard]] base::Error no_schedule(const std::string& function) const;

  database::Pool& pool_;
  Outbox& outbox_;
  const catalog::Registry& registry_;
};

}  // namespace triggers
