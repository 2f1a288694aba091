#include "triggers/outbox.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/encoding.h"
#include "triggers/rows.h"

namespace triggers {
namespace {

using database::Row;
using database::SqlResult;
using database::Statement;
using database::Value;
using Tables = std::vector<std::vector<Row>>;

constexpr std::chrono::seconds kPatience{30};
constexpr std::string_view kNow = kDatabaseNow;
constexpr std::string_view kColumns =
    "id, trigger_id, function, key, lane, payload, role, user_id, claims, depth, state, attempt, "
    "due_at, created_at";
constexpr std::array<std::string_view, 3> kStates{"pending", "leased", "dead"};

Event event_of(const Row& row) {
  Event event;
  event.id = number_of(row[0]);
  event.trigger = number_of(row[1]);
  event.function = text_of(row[2]);
  event.key = text_of(row[3]);
  event.lane = text_of(row[4]);
  event.payload = text_of(row[5]);
  if (const auto role = auth::role_named(text_of(row[6]))) {
    event.writer = auth::Principal{*role, text_of(row[7]), text_of(row[8])};
  }
  event.depth = static_cast<int>(number_of(row[9]));
  event.state = state_named(text_of(row[10])).value_or(EventState::kPending);
  event.attempt = static_cast<int>(number_of(row[11]));
  event.due_at = number_of(row[12]);
  event.created_at = number_of(row[13]);
  return event;
}

std::vector<Event> events_of(const std::vector<Row>& rows) {
  std::vector<Event> events;
  events.reserve(rows.size());
  for (const Row& row : rows) events.push_back(event_of(row));
  return events;
}

std::string json_lines(const std::vector<std::string>& lines) {
  std::string json = "[";
  for (const std::string& line : lines) {
    if (json.size() > 1) json += ',';
    base::append_json_string(json, line);
  }
  return json + "]";
}

// The condition of a filter, and its parameters from $1 on.
std::string where(const EventFilter& filter, std::vector<Value>& parameters) {
  std::string condition = "1";
  const auto add = [&](std::string_view what, Value value) {
    parameters.push_back(std::move(value));
    condition += fmt::format(" AND {} ${}", what, parameters.size());
  };
  if (filter.state) add("state =", std::string(name_of(*filter.state)));
  if (!filter.function.empty()) add("function =", filter.function);
  if (filter.id) add("id =", *filter.id);
  if (filter.before) add("id <", *filter.before);
  return condition;
}

std::vector<Statement> settling(const Delivered& end, const std::string& owner) {
  const std::vector<Value> fence{end.event, std::int64_t{end.attempt}, owner};
  constexpr std::string_view kHeld = "id = $1 AND attempt = $2 AND owner = $3 AND state = 'leased'";
  if (end.succeeded) {
    return {{fmt::format("DELETE FROM _roost_event WHERE {}", kHeld), fence},
            {"DELETE FROM _roost_attempt WHERE event_id = $1 AND NOT EXISTS "
             "(SELECT 1 FROM _roost_event WHERE id = $1)",
             {end.event}}};
  }
  std::vector<Value> noted = fence;
  noted.insert(noted.end(), {end.invocation, end.error, json_lines(end.lines)});
  std::vector<Value> decided = fence;
  decided.emplace_back(std::int64_t{end.last ? 1 : 0});
  // Back-off doubles with each attempt up to its bound, and varies by half so that what failed
  // together does not come again together.
  return {
      {fmt::format("INSERT OR REPLACE INTO _roost_attempt (event_id, attempt, at, invocation, "
                   "error, lines) SELECT id, attempt, {}, $4, $5, $6 FROM _roost_event WHERE {}",
                   kNow, kHeld),
       std::move(noted)},
      {fmt::format(
           "UPDATE _roost_event SET owner = NULL, lease_until = NULL, "
           "state = CASE WHEN $4 OR attempt >= coalesce((SELECT max_attempts FROM _roost_trigger t "
           "WHERE t.id = trigger_id), 1) THEN 'dead' ELSE 'pending' END, "
           "due_at = {} + coalesce((SELECT CAST(min(longest_delay_ms, first_delay_ms * "
           "(1 << min(attempt - 1, 20))) * (0.5 + (random() & 1023) / 1024.0) AS INTEGER) "
           "FROM _roost_trigger t WHERE t.id = trigger_id), 0) WHERE {}",
           kNow, kHeld),
       std::move(decided)}};
}

}  // namespace

std::string_view name_of(EventState state) { return kStates.at(static_cast<std::size_t>(state)); }

std::optional<EventState> state_named(std::string_view name) {
  const auto* const found = std::ranges::find(kStates, name);
  if (found == kStates.end()) return std::nullopt;
  return static_cast<EventState>(found - kStates.begin());
}

Outbox::Answer<Tables> Outbox::ask(reactor::Loop& loop, std::vector<Statement> statements) {
  database::Bounds bounds;
  bounds.deadline = base::Deadline::after(kPatience);
  co_return co_await pool_.run(loop, database::SystemAccess(), std::move(statements), bounds);
}

Outbox::Answer<std::vector<Event>> Outbox::claim(reactor::Loop& loop, std::uint32_t limit,
                                                 std::chrono::milliseconds lease) {
  std::vector<Statement> statements{
      {fmt::format("UPDATE _roost_event SET state = 'pending', owner = NULL, lease_until = NULL "
                   "WHERE state = 'leased' AND lease_until < {}",
                   kNow),
       {}},
      // An event waits for every earlier one of its lane that is not done with.
      {fmt::format(
           "UPDATE _roost_event SET state = 'leased', attempt = attempt + 1, owner = $1, "
           "lease_until = {0} + $2 WHERE id IN (SELECT e.id FROM _roost_event e "
           "WHERE e.state = 'pending' AND e.due_at <= {0} AND NOT EXISTS (SELECT 1 FROM "
           "_roost_event p WHERE p.trigger_id = e.trigger_id AND p.lane = e.lane AND p.id < e.id "
           "AND p.state IN ('pending', 'leased')) ORDER BY e.due_at, e.id LIMIT $3) RETURNING {1}",
           kNow, kColumns),
       {owner_, std::int64_t{lease.count()}, std::int64_t{limit}}}};
  auto tables = co_await ask(loop, std::move(statements));
  if (!tables) co_return database::sql_fail(std::move(tables.error()));
  std::vector<Event> events = events_of(tables->back());
  std::ranges::sort(events, {}, &Event::id);
  co_return events;
}

Outbox::Answer<void> Outbox::renew(reactor::Loop& loop, std::chrono::milliseconds lease) {
  std::vector<Statement> statements{{fmt::format("UPDATE _roost_event SET lease_until = {} + $1 "
                                                 "WHERE state = 'leased' AND owner = $2",
                                                 kNow),
                                     {std::int64_t{lease.count()}, owner_}}};
  auto tables = co_await ask(loop, std::move(statements));
  if (!tables) co_return database::sql_fail(std::move(tables.error()));
  co_return SqlResult<void>();
}

Outbox::Answer<void> Outbox::settle(reactor::Loop& loop, std::vector<Delivered> ends) {
  std::vector<Statement> statements;
  for (const Delivered& end : ends) {
    for (Statement& statement : settling(end, owner_)) statements.push_back(std::move(statement));
  }
  auto tables = co_await ask(loop, std::move(statements));
  if (!tables) co_return database::sql_fail(std::move(tables.error()));
  co_return SqlResult<void>();
}

Outbox::Answer<void> Outbox::postpone(reactor::Loop& loop, EventId event, int attempt,
                                      std::chrono::milliseconds delay) {
  std::vector<Statement> statements{
      {fmt::format(
           "UPDATE _roost_event SET state = 'pending', attempt = attempt - 1, owner = NULL, "
           "lease_until = NULL, due_at = {} + $1 "
           "WHERE id = $2 AND attempt = $3 AND owner = $4 AND state = 'leased'",
           kNow),
       {std::int64_t{delay.count()}, event, std::int64_t{attempt}, owner_}}};
  auto tables = co_await ask(loop, std::move(statements));
  if (!tables) co_return database::sql_fail(std::move(tables.error()));
  co_return SqlResult<void>();
}

Outbox::Answer<void> Outbox::release(reactor::Loop& loop) {
  std::vector<Statement> statements{
      {"UPDATE _roost_event SET state = 'pending', owner = NULL, lease_until = NULL "
       "WHERE state = 'leased' AND owner = $1",
       {owner_}}};
  auto tables = co_await ask(loop, std::move(statements));
  if (!tables) co_return database::sql_fail(std::move(tables.error()));
  co_return SqlResult<void>();
}

Outbox::Answer<std::optional<std::chrono::milliseconds>> Outbox::next_due(reactor::Loop& loop) {
  std::vector<Statement> statements{
      {fmt::format("SELECT min(due_at) - {} FROM _roost_event WHERE state = 'pending'", kNow), {}}};
  auto tables = co_await ask(loop, std::move(statements));
  if (!tables) co_return database::sql_fail(std::move(tables.error()));
  const Value& left = tables->front().front().front();
  if (std::holds_alternative<database::Null>(left)) {
    co_return std::optional<std::chrono::milliseconds>();
  }
  co_return std::chrono::milliseconds(std::max<std::int64_t>(number_of(left), 0));
}

// ---- The administrator's -----------------------------------------------------------------------

Outbox::Answer<std::vector<Event>> Outbox::list(reactor::Loop& loop, EventFilter filter) {
  std::vector<Value> parameters;
  std::string sql = fmt::format("SELECT {} FROM _roost_event WHERE {} ORDER BY id DESC LIMIT {}",
                                kColumns, where(filter, parameters), filter.limit);
  std::vector<Statement> statements{{std::move(sql), std::move(parameters)}};
  auto tables = co_await ask(loop, std::move(statements));
  if (!tables) co_return database::sql_fail(std::move(tables.error()));
  co_return events_of(tables->front());
}

Outbox::Answer<std::vector<Attempt>> Outbox::attempts(reactor::Loop& loop, EventId event) {
  std::vector<Statement> statements{
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

Outbox::Answer<std::uint64_t> Outbox::redeliver(reactor::Loop& loop, EventFilter filter) {
  filter.state = EventState::kDead;
  std::vector<Value> parameters;
  std::string sql = fmt::format(
      "UPDATE _roost_event SET state = 'pending', attempt = 0, due_at = {} WHERE {} RETURNING id",
      kNow, where(filter, parameters));
  std::vector<Statement> statements{{std::move(sql), std::move(parameters)}};
  auto tables = co_await ask(loop, std::move(statements));
  if (!tables) co_return database::sql_fail(std::move(tables.error()));
  co_return tables->front().size();
}

Outbox::Answer<std::uint64_t> Outbox::discard(reactor::Loop& loop, EventFilter filter) {
  std::vector<Value> parameters;
  std::string sql =
      fmt::format("DELETE FROM _roost_event WHERE state IN ('pending', 'dead') AND {} RETURNING id",
                  where(filter, parameters));
  std::vector<Statement> statements{
      {std::move(sql), std::move(parameters)},
      {"DELETE FROM _roost_attempt WHERE event_id NOT IN (SELECT id FROM _roost_event)", {}}};
  auto tables = co_await ask(loop, std::move(statements));
  if (!tables) co_return database::sql_fail(std::move(tables.error()));
  co_return tables->front().size();
}

Outbox::Answer<std::vector<EventStats>> Outbox::stats(reactor::Loop& loop) {
  std::vector<Statement> statements{
      {"SELECT function, sum(state = 'pending'), sum(state = 'leased'), sum(state = 'dead'), "
       "min(CASE WHEN state <> 'dead' THEN created_at END) FROM _roost_event GROUP BY function "
       "ORDER BY function",
       {}}};
  auto tables = co_await ask(loop, std::move(statements));
  if (!tables) co_return database::sql_fail(std::move(tables.error()));
  std::vector<EventStats> stats;
  for (const Row& row : tables->front()) {
    EventStats each;
    each.function = text_of(row[0]);
    each.pending = static_cast<std::uint64_t>(number_of(row[1]));
    each.leased = static_cast<std::uint64_t>(number_of(row[2]));
    each.dead = static_cast<std::uint64_t>(number_of(row[3]));
    if (std::holds_alternative<std::int64_t>(row[4])) each.oldest = number_of(row[4]);
    stats.push_back(std::move(each));
  }
  co_return stats;
}

}  // namespace triggers
