// The admin routes of events and schedules (admin_path.h).
#pragma once

#include "http/admin_path.h"
#include "http/message.h"
#include "http/server.h"
#include "reactor/loop.h"
#include "reactor/task.h"

namespace http {

bool is_event_route(AdminRoute route);

// REQUIRES: is_event_route(path.route). Suspends until the database answers, 30 s at most; what was
// changed is looked at at once. What it is given must outlive the Task.
reactor::Task<Answer> answer_events(reactor::Loop& loop, const Events& events, AdminPath path,
                                    const Request& request);

}  // namespace http
