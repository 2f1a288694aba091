// What requests about events and schedules may say (admin_path.h). Pure.
//
// Strict: what is unknown, missing, repeated or out of bounds is refused by name
// (kInvalidArgument), a body past its bound as kPayloadTooLarge. No request means all events unless
// it says "all".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "triggers/outbox.h"
#include "triggers/schedules.h"

namespace http {

inline constexpr std::uint32_t kMaxEventLimit = 1'000;
inline constexpr std::size_t kMaxEventBodyBytes = 1024 * 1024;

enum class Which { kEvents, kDeadLetters };

// state=, function=, before= and limit=; dead letters have no state=, and are kDead.
base::Result<triggers::EventFilter> parse_event_query(std::string_view query, Which which);

// {"id":7} | {"function":"f","state":"dead"}, one of the two or both | {"all":true}; and
// "version":"current"|"own". Only dead events are meant unless it says {"state":"delivered"} or an
// id.
struct Redelivery {
  triggers::EventFilter filter;
  bool own_version = false;
};
base::Result<Redelivery> parse_redelivery(std::string_view body, Which which);

// The same without "version"; all that is not leased.
base::Result<triggers::EventFilter> parse_discard(std::string_view body);

// Nothing, or {"pattern":"0 3 * * *"}.
base::Result<triggers::ScheduleName> parse_schedule_name(std::string_view function,
                                                         std::string_view body);

// {"function":"f","at":"2026-01-31T09:00:00Z"|"+10m","payload":…}; the last may be left out.
struct RunAt {
  std::string function;
  triggers::Milliseconds at = 0;
  std::string payload;  // JSON, or empty
};
base::Result<RunAt> parse_run_at(std::string_view body, triggers::Milliseconds now);

}  // namespace http
