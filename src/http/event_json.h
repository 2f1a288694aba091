// The JSON in which the admin API tells of events and schedules. Pure.
//
//   event =
//   {"id","function","trigger","state","version","key","lane","attempt","failures","due_at",
//            "created_at","depth","writer":{"role","user_id"}|null,"run_as","format","transactional"}
// `trigger` is database or schedule, as in the journal; `due_at` null of what is dead. Times are
// RFC 3339, UTC, in ms. Always valid JSON, whatever bytes were captured: what is no UTF-8 becomes
// U+FFFD.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "triggers/explanation.h"
#include "triggers/outbox.h"
#include "triggers/schedules.h"

namespace http {

std::string event_json(const triggers::Event& event);
// An event with "payload", "attempts":[{"attempt","at","invocation","error","lines"}] and
// "blocked_by": an id or null. A payload that is no JSON is its text, as a string.
std::string event_details_json(const triggers::Event& event,
                               const std::vector<triggers::Attempt>& attempts,
                               std::optional<triggers::EventId> blocked_by);
// {"id","state","explanation"}
std::string explanation_json(const triggers::Circumstances& circumstances);
// {"stats":[{"function","pending","leased","dead","delivered","oldest"}]}
std::string stats_json(const std::vector<triggers::EventStats>& stats);

// {"function","pattern","zone","next_at","last_at","paused","missed","overlap"}
std::string schedule_json(const triggers::Schedule& schedule);
// {"schedules":[…],"once":[{"event","function","at"}]}
std::string schedules_json(const std::vector<triggers::Schedule>& schedules,
                           const std::vector<triggers::OneOff>& once);

}  // namespace http
