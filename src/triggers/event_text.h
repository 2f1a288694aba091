// What a function reads of an event, in the format that its trigger asks for.
//
//   roost        {"id":…,"attempt":…, and what was captured (capture.h, clock.h)}
//   supabase     {"type","table","schema","record","old_record"}: Supabase's database webhooks
//   cloudevents  CloudEvents 1.0, structured: {"specversion","id","source","type",…,"data"}
//
// `id` is the idempotency key: the same over all attempts. A tick is in our own format where
// Supabase has none. Pure.
#pragma once

#include <string>

#include "triggers/outbox.h"

namespace triggers {

std::string event_text(const Event& event);

// Whether it came from the clock.
bool is_tick(const Event& event);

}  // namespace triggers
