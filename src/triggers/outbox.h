// The events that wait to be delivered, in the user's database.
//
// An event commits with the change that caused it (capture.h) or with its tick (schedules.h), and
// is delivered at least once. A claim is a lease: it has an owner, an end, and an attempt number
// that fences it, so that an answer of who has lost the lease changes nothing. Events of one lane
// (a row) are delivered in the order of their commits, one at a time; lanes do not wait for one
// another. Times are the database's. All Tasks suspend; any loop. Errors are the pool's.
//
//   pending ──claim──► leased ──succeeded──► gone
//      ▲                 │ failed
//      └───back-off──────┴──after the last attempt──► dead ──redeliver──► pending
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "auth/principal.h"
#include "base/error.h"
#include "database/pool.h"

namespace triggers {

enum class EventState { kPending, kLeased, kDead };
std::string_view name_of(EventState state);  // pending | leased | dead
std::optional<EventState> state_named(std::string_view name);

using EventId = std::int64_t;
using Milliseconds = std::int64_t;  // since 1970

struct Event {
  EventId id = 0;
  std::int64_t trigger = 0;
  std::string function;
  std::string key;      // idempotency: the same over all attempts
  std::string lane;     // which row, or which tick
  std::string payload;  // JSON, as it was captured
  // Who wrote; nothing for writers outside the three roles.
  std::optional<auth::Principal> writer;
  int depth = 0;  // how many events led to this one
  EventState state = EventState::kPending;
  int attempt = 0;  // how many have begun
  Milliseconds due_at = 0;
  Milliseconds created_at = 0;
};

struct Attempt {
  int number = 0;
  Milliseconds at = 0;
  std::string invocation;  // in the journal
  std::string error;
  std::string lines;  // a JSON array
};

// How an attempt ended.
struct Delivered {
  EventId event = 0;
  int attempt = 0;
  bool succeeded = false;
  bool last = false;  // a failure that is not to be tried again
  std::string invocation = {};
  std::string error = {};
  std::vector<std::string> lines = {};
};

struct EventFilter {
  std::optional<EventState> state;
  std::string function;
  std::optional<EventId> id;
  std::optional<EventId> before;  // for pages: newest first
  std::uint32_t limit = 100;
};

struct EventStats {
  std::string function;
  std::uint64_t pending = 0;
  std::uint64_t leased = 0;
  std::uint64_t dead = 0;
  std::optional<Milliseconds> oldest;  // created, of those pending or leased
};

class Outbox {
 public:
  template <class T>
  using Answer = reactor::Task<database::SqlResult<T>>;

  // `pool` must outlive it. `owner` names this process among all that share the database.
  Outbox(database::Pool& pool, std::string owner) : pool_(pool), owner_(std::move(owner)) {}

  // At most `limit` that are due, oldest first; what others' leases left behind is taken back
  // first.
  Answer<std::vector<Event>> claim(reactor::Loop& loop, std::uint32_t limit,
                                   std::chrono::milliseconds lease);
  // All of this owner's leases.
  Answer<void> renew(reactor::Loop& loop, std::chrono::milliseconds lease);
  // In one transaction. What was not this owner's any more stays as it is.
  Answer<void> settle(reactor::Loop& loop, std::vector<Delivered> ends);
  // Puts an event back without counting the attempt.
  Answer<void> postpone(reactor::Loop& loop, EventId event, int attempt,
                        std::chrono::milliseconds delay);
  // When this process ends well: its leases are others' at once.
  Answer<void> release(reactor::Loop& loop);
  // Until the next pending event is due; nothing when none waits.
  Answer<std::optional<std::chrono::milliseconds>> next_due(reactor::Loop& loop);

  // ---- The administrator's

  Answer<std::vector<Event>> list(reactor::Loop& loop, EventFilter filter);
  Answer<std::vector<Attempt>> attempts(reactor::Loop& loop, EventId event);
  // Dead ones that match become pending with their attempts forgotten; how many.
  Answer<std::uint64_t> redeliver(reactor::Loop& loop, EventFilter filter);
  // Pending and dead ones that match are gone; how many.
  Answer<std::uint64_t> discard(reactor::Loop& loop, EventFilter filter);
  Answer<std::vector<EventStats>> stats(reactor::Loop& loop);

 private:
  Answer<std::vector<std::vector<database::Row>>> ask(reactor::Loop& loop,
                                                      std::vector<database::Statement> statements);

  database::Pool& pool_;
  const std::string owner_;
};

}  // namespace triggers
