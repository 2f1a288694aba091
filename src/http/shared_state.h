// What all connections of a Server share. Each of them holds it, so that it outlasts the Server
// where a connection does.
#pragma once

#include <atomic>
#include <cstddef>

#include "http/server.h"

namespace http {

struct SharedState {
  SharedState(Settings settings_in, Context context_in)
      : settings(std::move(settings_in)), context(context_in) {}

  const Settings settings;
  const Context context;
  std::atomic<bool> draining = false;
  std::atomic<std::size_t> connections = 0;
};

}  // namespace http
