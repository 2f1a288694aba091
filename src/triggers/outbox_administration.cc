// What administrators see and change of the outbox (outbox.h).
#include <utility>

#include <fmt/format.h>

#include "triggers/outbox.h"
#include "triggers/outbox_rows.h"
#include "triggers/rows.h"

namespace triggers {
namespace {

using database::Row;
using database::SqlResult;
using database::Value;

// Leased: claimed, and the lease has not ended.
std::string leased() {
  return fmt::format("(d.state = 1 AND d.owner IS NOT NULL AND d.due_at > {})", kDatabaseNow);
}

std::string in_state(EventState state) {
  switch (state) {
    case EventState::kPending:
      return fmt::format("d.state < 2 AND NOT {}", leased());
    case EventState::kLeased:
      return leased();
    case EventState::kDead:
      return "d.state = 2";
    case EventState::kDelivered:
      return "d.state = 3";
  }
  return "1";
}

// The condition of a filter on _roost_delivery d, and its parameters.
std::string where(const EventFilter& filter, std::vector<Value>& parameters) {
  std::string condition = "1";
  const auto add = [&](std::string_view what, Value value) {
    parameters.push_back(std::move(value));
    condition += fmt::format(" AND ({} ${})", what, parameters.size());
  };
  if (filter.state) condition += " AND " + in_state(*filter.state);
  if (!filter.function.empty()) {
    add("(SELECT f.function FROM _roost_event f WHERE f.id = d.event_id) =", filter.function);
  }
  if (filter.id) add("d.event_id =", *filter.id);
  if (filter.before) add("d.event_id <", *filter.before);
  return condition;
}

}  // namespace

Outbox::Answer<std::vector<Event>> Outbox::list(reactor::Loop& loop, EventFilter filter) {
  std::vector<Value> parameters;
  const std::string condition = where(filter, parameters);
  Statements statements{
      {fmt::format("SELECT {}, {} FROM _roost_delivery d {} WHERE {} ORDER BY "
                   "d.event_id DESC LIMIT {}",
                   kEventColumns, kWaitsFrom, kEventJoins, condition, filter.limit),
       std::move(parameters)}};
  auto tables = co_await ask(loop, std::move(statements));
  if (!tables) co_return database::sql_fail(std::move(tables.error()));
  co_return read_events(tables->front());
}

Outbox::Answer<std::vector<Attempt>> Outbox::attempts(reactor::Loop& loop, EventId event) {
  Statements statements{
      {"SELECT attempt, at, invocation, error, lines FROM _roost_attempt WHERE event_id = $1 "
       "ORDER BY attempt",
       {event}}};
  auto tables = co_await ask(loop, std::move(statements));
  if (!tables) co_return database::sql_fail(std::move(tables.error()));
  std::vector<Attempt> attempts;
  for (const Row& row : tables->front()) {
    attempts.push_back({static_cast<int>(number_of(row[0])), number_of(row[1]), text_of(row[2]),
                        text_of(row[3]), text_of(row[4])});
  }
  co_return attempts;
}

Outbox::Answer<std::uint64_t> Outbox::redeliver(reactor::Loop& loop, EventFilter filter,
                                                bool own_version) {
  std::vector<Value> parameters;
  const std::string condition = where(filter, parameters);
  Statements statements{
      {fmt::format(
           "UPDATE _roost_delivery AS d SET state = 0, failures = 0, owner = NULL, "
           "due_at = {}, pinned = {} WHERE d.state >= 2 AND {} RETURNING event_id",
           kDatabaseNow,
           own_version ? "(SELECT version FROM _roost_event WHERE id = d.event_id)" : "NULL",
           condition),
       std::move(parameters)},
      promote_all()};
  auto tables = co_await ask(loop, std::move(statements));
  if (!tables) co_return database::sql_fail(std::move(tables.error()));
  co_return tables->front().size();
}

// What is leased runs: it ends by itself.
Outbox::Answer<std::uint64_t> Outbox::discard(reactor::Loop& loop, EventFilter filter) {
  std::vector<Value> parameters;
  const std::string condition = where(filter, parameters);
  Statements statements{
      {fmt::format("DELETE FROM _roost_delivery AS d WHERE NOT {} AND {} RETURNING event_id",
                   leased(), condition),
       std::move(parameters)},
      {"DELETE FROM _roost_event WHERE id NOT IN (SELECT event_id FROM _roost_delivery)", {}},
      {"DELETE FROM _roost_attempt WHERE event_id NOT IN (SELECT event_id FROM _roost_delivery)",
       {}},
      promote_all()};
  auto tables = co_await ask(loop, std::move(statements));
  if (!tables) co_return database::sql_fail(std::move(tables.error()));
  co_return tables->front().size();
}

// By trigger first: that needs no look at the events themselves.
Outbox::Answer<std::vector<EventStats>> Outbox::stats(reactor::Loop& loop) {
  Statements statements{
      {fmt::format(
           "SELECT coalesce((SELECT function FROM _roost_trigger WHERE id = c.trigger_id), "
           "(SELECT function FROM _roost_event WHERE id = c.first)) AS name, sum(c.pending), "
           "sum(c.leased), sum(c.dead), sum(c.done), min((SELECT {1} FROM _roost_event e "
           "WHERE e.id = c.oldest)) FROM (SELECT d.trigger_id, min(d.event_id) AS first, "
           "sum(d.state < 2) - sum({0}) AS pending, sum({0}) AS leased, sum(d.state = 2) AS dead, "
           "sum(d.state = 3) AS done, min(CASE WHEN d.state < 2 THEN d.event_id END) AS oldest "
           "FROM _roost_delivery d GROUP BY d.trigger_id, CASE WHEN d.trigger_id = 0 THEN "
           "(SELECT function FROM _roost_event WHERE id = d.event_id) END) c "
           "GROUP BY name ORDER BY name",
           leased(), kWaitsFrom),
       {}}};
  auto tables = co_await ask(loop, std::move(statements));
  if (!tables) co_return database::sql_fail(std::move(tables.error()));
  const Milliseconds now = now_of_database();
  std::vector<EventStats> stats;
  for (const Row& row : tables->front()) {
    const auto count = [&row](std::size_t column) {
      return static_cast<std::uint64_t>(number_of(row[column]));
    };
    EventStats each{text_of(row[0]), count(1), count(2), count(3), count(4)};
    // A single run of later does not wait yet.
    if (const Milliseconds oldest = number_of(row[5]); oldest > 0 && oldest <= now) {
      each.oldest = oldest;
    }
    stats.push_back(std::move(each));
  }
  co_return stats;
}

Outbox::Answer<std::optional<EventId>> Outbox::blocker(reactor::Loop& loop, EventId event) {
  Statements statements{
      {"SELECT min(p.event_id) FROM _roost_delivery d JOIN _roost_delivery p ON p.trigger_id = "
       "d.trigger_id AND p.lane = d.lane AND p.state < 2 AND p.event_id < d.event_id "
       "WHERE d.event_id = $1 AND d.state = 0",
       {event}}};
  auto tables = co_await ask(loop, std::move(statements));
  if (!tables) co_return database::sql_fail(std::move(tables.error()));
  const Value& found = tables->front().front().front();
  if (!std::holds_alternative<std::int64_t>(found)) co_return std::optional<EventId>();
  co_return std::optional<EventId>(number_of(found));
}

}  // namespace triggers
