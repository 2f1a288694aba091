// How a trigger's events are delivered, as users write it behind `with`:
//
//   table:orders:insert with attempts=3,backoff=10s,run_as=service_role
//   cron:0 3 * * * with missed=all,overlap=forbid
//
// A value; what is not written has the defaults here. docs/triggers.md says what each means.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "auth/principal.h"
#include "base/error.h"

namespace catalog {

enum class EventFormat { kRoost, kSupabase, kCloudEvents };
enum class MissedRuns { kSkip, kOnce, kAll };
enum class Overlap { kAllow, kForbid, kReplace };

struct TriggerOptions {
  int attempts = 5;  // tries before an event is dead
  std::chrono::milliseconds backoff = std::chrono::seconds(1);
  std::chrono::milliseconds max_backoff = std::chrono::hours(1);
  std::optional<auth::Role> run_as;  // else the writer's identity
  EventFormat format = EventFormat::kRoost;
  bool transactional = false;
  MissedRuns missed = MissedRuns::kOnce;  // cron
  Overlap overlap = Overlap::kAllow;      // cron

  bool operator==(const TriggerOptions&) const = default;

  // `name=value,…`. kInvalidArgument says of the trigger, as in "has the option …", what is wrong
  // and what fits; `cron` decides which options there are.
  static base::Result<TriggerOptions> parse(std::string_view text, bool cron);
  // What parse reads: those that are not at their defaults, in the order above; empty without any.
  [[nodiscard]] std::string text() const;
};

std::string_view name_of(EventFormat format);  // roost | supabase | cloudevents
std::string_view name_of(MissedRuns missed);   // skip | once | all
std::string_view name_of(Overlap overlap);     // allow | forbid | replace

}  // namespace catalog
