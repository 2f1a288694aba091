// The columns of an event with its delivery, and reading them.
#pragma once

#include <string_view>
#include <vector>

#include "database/statement.h"
#include "triggers/outbox.h"

namespace triggers {

// FROM _roost_delivery d, _roost_event e and a _roost_trigger g that may not be there.
inline constexpr std::string_view kEventColumns =
    "d.event_id, d.trigger_id, e.function, d.pinned, e.key, d.lane, e.payload, e.role, e.user_id, "
    "e.claims, e.depth, d.state, d.owner IS NOT NULL, d.attempt, d.failures, d.due_at, "
    "e.created_at, g.run_as, g.format, g.transactional, g.overlap";
// The column behind these; of a single run its payload has the time (schedules.cc).
inline constexpr std::string_view kWaitsFrom =
    "CASE WHEN e.trigger_id = 0 AND json_valid(e.payload) THEN max(e.created_at, coalesce("
    "CAST(round((julianday(json_extract(e.payload, '$.scheduled_time')) - 2440587.5) * 86400000) "
    "AS INTEGER), 0)) ELSE e.created_at END";
inline constexpr std::string_view kEventJoins =
    "JOIN _roost_event e ON e.id = d.event_id LEFT JOIN _roost_trigger g ON g.id = d.trigger_id";

std::vector<Event> read_events(const std::vector<database::Row>& rows);

// The earliest event that waits in a lane may be claimed, unless one may be already.
database::Statement promote(TriggerId trigger, std::string lane);
// The same of all lanes.
database::Statement promote_all();

}  // namespace triggers
