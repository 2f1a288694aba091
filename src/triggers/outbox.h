// The events that wait to be delivered, in the user's database.
//
// An event commits with the change that caused it (capture.h) or with its tick (clock.h), and is
// delivered at least once. A claim is a lease: it has an owner, an end, and an attempt number that
// only grows and fences it, so that an answer of who has lost the lease changes nothing. Events of
// one lane (a row) are delivered in the order of their commits, one at a time; lanes do not wait
// for one another. Times are the database's; SQLite's is this machine's clock. All Tasks suspend;
// any loop. Errors are the pool's.
//
//   pending ──claim──► leased ──succeeded──► gone, or delivered while those are kept
//      ▲                 │ failed
//      └───back-off──────┴──after the last attempt──► dead ──redeliver──► pending
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "auth/principal.h"
#include "base/error.h"
#include "catalog/trigger_options.h"
#include "database/pool.h"

namespace triggers {

enum class EventState { kPending, kLeased, kDead, kDelivered };
std::string_view name_of(EventState state);  // pending | leased | dead | delivered
std::optional<EventState> state_named(std::string_view name);

using EventId = std::int64_t;
using TriggerId = std::int64_t;
using Milliseconds = std::int64_t;  // since 1970

struct Event {
  EventId id = 0;
  TriggerId trigger = 0;
  std::string function;
  std::optional<int> version;  // that it has to run on; else the current one
  std::string key;             // idempotency: the same over all attempts
  std::string lane;            // which row, or which tick
  std::string payload;         // JSON, as it was captured
  // Who wrote; nothing for writers outside the three roles.
  std::optional<auth::Principal> writer;
  int depth = 0;  // how many events led to this one
  EventState state = EventState::kPending;
  int attempt = 0;   // how many have begun
  int failures = 0;  // since it was last (re)delivered
  Milliseconds due_at = 0;
  Milliseconds created_at = 0;
  Milliseconds waits_from = 0;  // created, or the later time that a single run was asked for
  // Of its trigger, as it is now.
  std::optional<auth::Role> run_as;
  catalog::EventFormat format = catalog::EventFormat::kRoost;
  bool transactional = false;
  bool replaces = false;  // runs of the trigger that are under way
};

struct Attempt {
  int number = 0;
  Milliseconds at = 0;
  std::string invocation;  // in the journal
  std::string error;
  std::string lines;  // a JSON array
};

// An attempt that is under way.
struct Lease {
  EventId event = 0;
  int attempt = 0;
  TriggerId trigger = 0;
  std::string lane = {};
};

// How it ended.
struct Delivered {
  Lease lease;
  bool succeeded = false;
  bool last = false;  // a failure that is not to be tried again
  std::string invocation = {};
  std::string error = {};
  std::vector<std::string> lines = {};
};

struct Claim {
  std::uint32_t limit = 0;
  std::uint32_t per_trigger = 0;
  std::vector<TriggerId> busy = {};  // that get nothing now
  std::chrono::milliseconds lease{};
};
struct Claimed {
  std::vector<Event> events;  // in the order of their commits
  // Until the next one is due, when nothing else happens; nothing when none waits.
  std::optional<std::chrono::milliseconds> next;
};

struct EventFilter {
  std::optional<EventState> state = {};
  std::string function = {};
  std::optional<EventId> id = {};
  std::optional<EventId> before = {};  // for pages: newest first
  std::uint32_t limit = 100;
};

struct EventStats {
  std::string function;
  std::uint64_t pending = 0;
  std::uint64_t leased = 0;
  std::uint64_t dead = 0;
  std::uint64_t delivered = 0;
  std::optional<Milliseconds> oldest = {};  // waits from, of those pending or leased
};

class Outbox {
 public:
  template <class T>
  using Answer = reactor::Task<database::SqlResult<T>>;
  using Statements = std::vector<database::Statement>;

  struct Settings {
    // How long a delivered event can still be seen and redelivered; 0: it is gone at once.
    std::chrono::milliseconds keep_delivered{0};
  };

  // `pool` must outlive it. `owner` names this process among all that share the database.
  Outbox(database::Pool& pool, std::string owner, Settings settings)
      : pool_(pool), owner_(std::move(owner)), settings_(settings) {}
  Outbox(database::Pool& pool, std::string owner) : Outbox(pool, std::move(owner), Settings{}) {}

  Answer<Claimed> claim(reactor::Loop& loop, Claim claim);
  // Those that are this owner's no more.
  Answer<std::vector<Lease>> renew(reactor::Loop& loop, std::vector<Lease> leases,
                                   std::chrono::milliseconds lease);
  // In one transaction; those that are dead now. What was not this owner's any more stays as it is.
  Answer<std::vector<EventId>> settle(reactor::Loop& loop, std::vector<Delivered> ends);
  // The statements of one success, for a transaction of who calls: the first one's rows are empty
  // when the lease was lost.
  [[nodiscard]] Statements settling_success(const Lease& lease) const;
  // Puts an event back without counting the attempt as a failure.
  Answer<void> postpone(reactor::Loop& loop, Lease lease, std::chrono::milliseconds delay);
  // When this process ends well: its leases are others' at once.
  Answer<void> release(reactor::Loop& loop);
  // Forgets delivered events that were kept long enough.
  Answer<void> sweep(reactor::Loop& loop);
  // One event of no trigger's, for `function`, due at a time; its id.
  Answer<EventId> add(reactor::Loop& loop, std::string function, std::string payload,
                      Milliseconds due_at);

  // ---- The administrator's

  Answer<std::vector<Event>> list(reactor::Loop& loop, EventFilter filter);
  Answer<std::vector<Attempt>> attempts(reactor::Loop& loop, EventId event);
  // Dead and delivered ones that match become pending, to run on the version that was current when
  // they were captured, or on today's; how many.
  Answer<std::uint64_t> redeliver(reactor::Loop& loop, EventFilter filter, bool own_version);
  // Pending and dead ones that match are gone; how many.
  Answer<std::uint64_t> discard(reactor::Loop& loop, EventFilter filter);
  Answer<std::vector<EventStats>> stats(reactor::Loop& loop);
  // What an event waits for, if anything: the earlier event of its lane.
  Answer<std::optional<EventId>> blocker(reactor::Loop& loop, EventId event);

 private:
  using Tables = std::vector<std::vector<database::Row>>;
  Answer<Tables> ask(reactor::Loop& loop, Statements statements);

  database::Pool& pool_;
  const std::string owner_;
  const Settings settings_;
  std::atomic<Milliseconds> last_end_ = 0;  // of a lease: each claim has one of its own
};

}  // namespace triggers
