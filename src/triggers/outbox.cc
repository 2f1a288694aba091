#include "triggers/outbox.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/encoding.h"
#include "triggers/outbox_rows.h"
#include "triggers/rows.h"

namespace triggers {
namespace {

using database::Row;
using database::SqlResult;
using database::Statement;
using database::Value;
using std::chrono::milliseconds;

constexpr std::chrono::seconds kPatience{30};
// Of the payloads that one claim brings into memory.
constexpr std::int64_t kMaxClaimedSize = 32 * 1024 * 1024;
constexpr std::array<std::string_view, 4> kStates{"pending", "leased", "dead", "delivered"};

// The triggers that have events to claim, each found by one step of the index.
constexpr std::string_view kTriggers =
    "WITH RECURSIVE t (id) AS (SELECT min(trigger_id) FROM _roost_delivery WHERE state = 1 "
    "UNION ALL SELECT (SELECT min(n.trigger_id) FROM _roost_delivery n WHERE n.state = 1 "
    "AND n.trigger_id > t.id) FROM t WHERE t.id IS NOT NULL) ";

constexpr std::int64_t kDeadState = 2;  // event_schema.h
constexpr std::string_view kHeld = "event_id = $1 AND attempt = $2 AND owner = $3 AND state = 1";

std::string json_lines(const std::vector<std::string>& lines) {
  std::string json = "[";
  for (const std::string& line : lines) {
    if (json.size() > 1) json += ',';
    base::append_json_string(json, line);
  }
  return json + "]";
}

std::string json_numbers(const std::vector<TriggerId>& numbers) {
  return fmt::format("[{}]", fmt::join(numbers, ","));
}

std::vector<Value> fence(const Lease& lease, const std::string& owner) {
  return {lease.event, std::int64_t{lease.attempt}, owner};
}

// Back-off doubles with each failure up to its bound, and varies by half so that what failed
// together does not come again together.
void add_failure(std::vector<Statement>& statements, const Delivered& end,
                 const std::string& owner) {
  std::vector<Value> noted = fence(end.lease, owner);
  noted.insert(noted.end(), {end.invocation, end.error, json_lines(end.lines)});
  statements.push_back(
      {fmt::format("INSERT OR REPLACE INTO _roost_attempt (event_id, attempt, at, invocation, "
                   "error, lines) SELECT event_id, attempt, {}, $4, $5, $6 FROM _roost_delivery "
                   "WHERE {}",
                   kDatabaseNow, kHeld),
       std::move(noted)});
  std::vector<Value> decided = fence(end.lease, owner);
  decided.emplace_back(std::int64_t{end.last ? 1 : 0});
  statements.push_back(
      {fmt::format(
           "UPDATE _roost_delivery SET owner = NULL, failures = failures + 1, state = CASE WHEN $4 "
           "OR failures + 1 >= coalesce((SELECT max_attempts FROM _roost_trigger t WHERE t.id = "
           "trigger_id), 5) THEN 2 ELSE 1 END, due_at = {} + coalesce((SELECT "
           "CAST(min(longest_delay_ms, first_delay_ms * (1 << min(failures, 20))) * "
           "(0.5 + (random() & 1023) / 1024.0) AS INTEGER) FROM _roost_trigger t "
           "WHERE t.id = trigger_id), 1000) WHERE {} RETURNING event_id, state",
           kDatabaseNow, kHeld),
       std::move(decided)});
  statements.push_back(promote(end.lease.trigger, end.lease.lane));
}

}  // namespace

std::string_view name_of(EventState state) { return kStates.at(static_cast<std::size_t>(state)); }

std::optional<EventState> state_named(std::string_view name) {
  const auto* const found = std::ranges::find(kStates, name);
  if (found == kStates.end()) return std::nullopt;
  return static_cast<EventState>(found - kStates.begin());
}

Outbox::Answer<Outbox::Tables> Outbox::ask(reactor::Loop& loop, Statements statements) {
  database::Bounds bounds;
  bounds.deadline = base::Deadline::after(kPatience);
  co_return co_await pool_.run(loop, database::SystemAccess(), std::move(statements), bounds);
}

// The end of the lease is this claim's alone: by it the claimed ones are found again.
Outbox::Answer<Claimed> Outbox::claim(reactor::Loop& loop, Claim claim) {
  const Milliseconds now = now_of_database();
  const Milliseconds end = std::max(now + claim.lease.count(), last_end_ + 1);
  last_end_ = end;
  Statements statements{
      {fmt::format(
           "{}UPDATE _roost_delivery SET attempt = attempt + 1, owner = $1, due_at = $2 WHERE "
           "event_id IN (SELECT id FROM (SELECT d.event_id AS id, sum(d.size) OVER (ORDER BY "
           "d.due_at, d.event_id) AS size, row_number() OVER (ORDER BY d.due_at, d.event_id) AS "
           "place FROM t JOIN _roost_delivery d ON d.event_id IN (SELECT r.event_id FROM "
           "_roost_delivery r WHERE r.state = 1 AND r.trigger_id = t.id AND r.due_at <= $3 "
           "ORDER BY r.due_at LIMIT $4) WHERE t.id NOT IN (SELECT value FROM json_each($5)) "
           "ORDER BY d.due_at, d.event_id LIMIT $6) WHERE size <= $7 OR place = 1)",
           kTriggers),
       {owner_, end, now, std::int64_t{claim.per_trigger}, json_numbers(claim.busy),
        std::int64_t{claim.limit}, kMaxClaimedSize}},
      {fmt::format("{}SELECT {}, {} FROM t JOIN _roost_delivery d ON d.trigger_id = t.id AND "
                   "d.state = 1 AND d.due_at = $2 {} WHERE d.owner = $1 ORDER BY d.event_id",
                   kTriggers, kEventColumns, kWaitsFrom, kEventJoins),
       {owner_, end}},
      {fmt::format("{}SELECT min((SELECT min(r.due_at) FROM _roost_delivery r WHERE r.state = 1 "
                   "AND r.trigger_id = t.id)) FROM t WHERE t.id NOT IN (SELECT value FROM "
                   "json_each($1))",
                   kTriggers),
       {json_numbers(claim.busy)}}};
  auto tables = co_await ask(loop, std::move(statements));
  if (!tables) co_return database::sql_fail(std::move(tables.error()));
  Claimed claimed{read_events((*tables)[1]), std::nullopt};
  const Value& next = (*tables)[2].front().front();
  if (std::holds_alternative<std::int64_t>(next)) {
    claimed.next = milliseconds(std::max<std::int64_t>(number_of(next) - now, 0));
  }
  co_return claimed;
}

Outbox::Answer<std::vector<Lease>> Outbox::renew(reactor::Loop& loop, std::vector<Lease> leases,
                                                 milliseconds lease) {
  Statements statements;
  for (const Lease& each : leases) {
    std::vector<Value> parameters = fence(each, owner_);
    parameters.emplace_back(std::int64_t{lease.count()});
    statements.push_back({fmt::format("UPDATE _roost_delivery SET due_at = {} + $4 WHERE {} "
                                      "RETURNING event_id",
                                      kDatabaseNow, kHeld),
                          std::move(parameters)});
  }
  auto tables = co_await ask(loop, std::move(statements));
  if (!tables) co_return database::sql_fail(std::move(tables.error()));
  std::vector<Lease> lost;
  for (std::size_t i = 0; i < leases.size(); ++i) {
    if ((*tables)[i].empty()) lost.push_back(std::move(leases[i]));
  }
  co_return lost;
}

Outbox::Statements Outbox::settling_success(const Lease& lease) const {
  Statements statements;
  if (settings_.keep_delivered.count() > 0) {
    statements.push_back({fmt::format("UPDATE _roost_delivery SET state = 3, owner = NULL, "
                                      "due_at = {} WHERE {} RETURNING event_id",
                                      kDatabaseNow, kHeld),
                          fence(lease, owner_)});
  } else {
    statements.push_back(
        {fmt::format("DELETE FROM _roost_delivery WHERE {} RETURNING event_id", kHeld),
         fence(lease, owner_)});
    statements.push_back(
        {"DELETE FROM _roost_event WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM "
         "_roost_delivery WHERE event_id = $1)",
         {lease.event}});
    if (lease.attempt > 1) {
      statements.push_back(
          {"DELETE FROM _roost_attempt WHERE event_id = $1 AND NOT EXISTS (SELECT "
           "1 FROM _roost_event WHERE id = $1)",
           {lease.event}});
    }
  }
  statements.push_back(promote(lease.trigger, lease.lane));
  return statements;
}

Outbox::Answer<std::vector<EventId>> Outbox::settle(reactor::Loop& loop,
                                                    std::vector<Delivered> ends) {
  Statements statements;
  for (const Delivered& end : ends) {
    if (!end.succeeded) {
      add_failure(statements, end, owner_);
      continue;
    }
    for (Statement& statement : settling_success(end.lease)) {
      statements.push_back(std::move(statement));
    }
  }
  auto tables = co_await ask(loop, std::move(statements));
  if (!tables) co_return database::sql_fail(std::move(tables.error()));
  std::vector<EventId> dead;
  for (const auto& rows : *tables) {  // only a failure's have a state in them
    const bool died = !rows.empty() && rows[0].size() == 2 && number_of(rows[0][1]) == kDeadState;
    if (died) dead.push_back(number_of(rows[0][0]));
  }
  co_return dead;
}

Outbox::Answer<void> Outbox::postpone(reactor::Loop& loop, Lease lease, milliseconds delay) {
  std::vector<Value> parameters = fence(lease, owner_);
  parameters.emplace_back(std::int64_t{delay.count()});
  Statements statements{{fmt::format("UPDATE _roost_delivery SET owner = NULL, due_at = {} + $4 "
                                     "WHERE {}",
                                     kDatabaseNow, kHeld),
                         std::move(parameters)}};
  auto tables = co_await ask(loop, std::move(statements));
  if (!tables) co_return database::sql_fail(std::move(tables.error()));
  co_return SqlResult<void>();
}

Outbox::Answer<void> Outbox::release(reactor::Loop& loop) {
  Statements statements{
      {fmt::format("UPDATE _roost_delivery SET owner = NULL, due_at = {} WHERE state = 1 AND "
                   "owner = $1",
                   kDatabaseNow),
       {owner_}}};
  auto tables = co_await ask(loop, std::move(statements));
  if (!tables) co_return database::sql_fail(std::move(tables.error()));
  co_return SqlResult<void>();
}

Outbox::Answer<void> Outbox::sweep(reactor::Loop& loop) {
  const Milliseconds before = now_of_database() - settings_.keep_delivered.count();
  const auto old = [](std::string_view table, std::string_view column) {
    return fmt::format(
        "DELETE FROM {} WHERE {} IN (SELECT event_id FROM _roost_delivery WHERE "
        "state = 3 AND due_at < $1)",
        table, column);
  };
  Statements statements{{old("_roost_event", "id"), {before}},
                        {old("_roost_attempt", "event_id"), {before}},
                        {old("_roost_delivery", "event_id"), {before}}};
  auto tables = co_await ask(loop, std::move(statements));
  if (!tables) co_return database::sql_fail(std::move(tables.error()));
  co_return SqlResult<void>();
}

Outbox::Answer<EventId> Outbox::add(reactor::Loop& loop, std::string function, std::string payload,
                                    Milliseconds due_at) {
  Statements statements{
      {fmt::format("INSERT INTO _roost_event (trigger_id, function, key, payload, depth, "
                   "created_at) VALUES (0, $1, lower(hex(randomblob(16))), $2, 1, {})",
                   kDatabaseNow),
       {std::move(function), std::move(payload)}},
      {"INSERT INTO _roost_delivery (event_id, trigger_id, lane, size, state, due_at) SELECT id, "
       "0, 'once-' || key, length(payload), 1, $1 FROM _roost_event "
       "WHERE id = last_insert_rowid() RETURNING event_id",
       {due_at}}};
  auto tables = co_await ask(loop, std::move(statements));
  if (!tables) co_return database::sql_fail(std::move(tables.error()));
  co_return number_of(tables->back().front().front());
}

}  // namespace triggers
