#include "triggers/outbox_rows.h"

#include <array>
#include <chrono>

#include "triggers/rows.h"

namespace triggers {
namespace {

using database::Row;
using database::Value;

constexpr std::int64_t kReady = 1;
constexpr std::int64_t kDead = 2;
constexpr std::int64_t kDone = 3;

bool is_null(const Value& value) { return std::holds_alternative<database::Null>(value); }

EventState state_of(std::int64_t state, bool owned, Milliseconds due_at) {
  if (state == kDead) return EventState::kDead;
  if (state == kDone) return EventState::kDelivered;
  const bool leased = state == kReady && owned && due_at > now_of_database();
  return leased ? EventState::kLeased : EventState::kPending;
}

template <class Enum, std::size_t Count>
Enum read_enum(std::string_view text, const std::array<Enum, Count>& all, Enum otherwise) {
  for (const Enum each : all) {
    if (catalog::name_of(each) == text) return each;
  }
  return otherwise;
}

Event read_event(const Row& row) {
  using catalog::EventFormat;
  Event event;
  event.id = number_of(row[0]);
  event.trigger = number_of(row[1]);
  event.function = text_of(row[2]);
  if (!is_null(row[3])) event.version = static_cast<int>(number_of(row[3]));
  event.key = text_of(row[4]);
  event.lane = text_of(row[5]);
  event.payload = text_of(row[6]);
  if (const auto role = auth::role_named(text_of(row[7]))) {
    event.writer = auth::Principal{*role, text_of(row[8]), text_of(row[9])};
  }
  event.depth = static_cast<int>(number_of(row[10]));
  event.due_at = number_of(row[15]);
  event.state = state_of(number_of(row[11]), number_of(row[12]) != 0, event.due_at);
  event.attempt = static_cast<int>(number_of(row[13]));
  event.failures = static_cast<int>(number_of(row[14]));
  event.created_at = number_of(row[16]);
  event.run_as = auth::role_named(text_of(row[17]));
  event.format =
      read_enum(text_of(row[18]),
                std::array{EventFormat::kRoost, EventFormat::kSupabase, EventFormat::kCloudEvents},
                EventFormat::kRoost);
  event.transactional = number_of(row[19]) != 0;
  event.waits_from = number_of(row[21]);
  event.replaces = text_of(row[20]) == catalog::name_of(catalog::Overlap::kReplace);
  return event;
}

}  // namespace

std::vector<Event> read_events(const std::vector<Row>& rows) {
  std::vector<Event> events;
  events.reserve(rows.size());
  for (const Row& row : rows) events.push_back(read_event(row));
  return events;
}

// `state < 2` is the index's own condition: SQLite uses it where that stands in the query.
database::Statement promote(TriggerId trigger, std::string lane) {
  return {
      "UPDATE _roost_delivery SET state = 1 WHERE event_id = (SELECT event_id FROM "
      "_roost_delivery WHERE trigger_id = $1 AND lane = $2 AND state = 0 AND state < 2 "
      "ORDER BY event_id LIMIT 1) AND NOT EXISTS (SELECT 1 FROM _roost_delivery r WHERE "
      "r.trigger_id = $1 AND r.lane = $2 AND r.state = 1 AND r.state < 2)",
      {trigger, std::move(lane)}};
}

database::Statement promote_all() {
  return {
      "UPDATE _roost_delivery SET state = 1 WHERE event_id IN (SELECT min(event_id) FROM "
      "_roost_delivery WHERE state < 2 GROUP BY trigger_id, lane HAVING max(state) = 0)",
      {}};
}

}  // namespace triggers
