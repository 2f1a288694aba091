// What all connections of a Server share. Each of them holds it, so that it outlasts the Server
// where a connection does.
#pragma once

#include <atomic>
#include <cstddef>

#include "auth/token_verifier.h"
#include "base/deadline.h"
#include "http/body_budget.h"
#include "http/server.h"

namespace http {

struct SharedState {
  SharedState(Settings settings_in, Context context_in)
      : settings(std::move(settings_in)),
        context(context_in),
        tokens(context_in.keys.signing,
               {context_in.keys.anon_key, context_in.keys.service_role_key}),
        bodies(settings.max_buffered_bytes),
        answers(settings.max_buffered_bytes) {}

  const Settings settings;
  const Context context;
  const auth::TokenVerifier tokens;
  BodyBudget bodies;
  BodyBudget answers;
  std::atomic<bool> draining = false;
  std::atomic<std::size_t> connections = 0;
  // When it may be said again that connections have to wait.
  std::atomic<base::Deadline::Clock::time_point> next_warning{};
};

}  // namespace http
