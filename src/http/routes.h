// What a listener serves: the door between connections and what they ask for.
//
// One per listener; safe from any loop. A connection asks `admit` as soon as it has the head of a
// request, so that nobody uploads a body to hear a 401, and `answer` when it has all of it.
#pragma once

#include <cstdint>
#include <string_view>

#include "auth/principal.h"
#include "base/error.h"
#include "catalog/registry.h"
#include "http/message.h"
#include "reactor/loop.h"

namespace http {

// How much body is read: up to the listener's bound, or only what costs less to read than a new
// connection, for what anybody may ask and no body belongs to.
enum class BodyBound : std::uint8_t { kListeners, kShort };

// What the head of a request settled.
struct Pass {
  catalog::FunctionPtr function;  // null: the listener answers by itself
  auth::Principal principal;
  BodyBound body = BodyBound::kListeners;
};

enum class CrossOrigin { kForbidden, kAllowed };

class Routes {
 public:
  virtual ~Routes() = default;

  [[nodiscard]] virtual std::string_view listener() const = 0;  // its name in the metrics
  [[nodiscard]] virtual CrossOrigin cross_origin() const = 0;
  [[nodiscard]] virtual std::uint64_t max_body_bytes() const = 0;

  [[nodiscard]] virtual base::Result<Pass> admit(const Request& head) const = 0;
  // Suspends. Takes what it needs out of both, which must outlive the Task.
  virtual reactor::Task<Answer> answer(reactor::Loop& loop, Pass& pass, Request& request) = 0;
};

}  // namespace http
