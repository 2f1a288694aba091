#include "http/health.h"

#include <fmt/format.h>

#include "http/error_response.h"

namespace http {

Answer health_answer() { return json_answer(200, R"({"status":"ok"})"); }

Answer ready_answer(bool draining) {
  if (!draining) return json_answer(200, R"({"status":"ready"})");
  return error_response({base::Code::kDraining, "the server takes no new requests: use another"});
}

Answer method_not_allowed(std::string_view method, std::string_view allowed) {
  Answer answer = error_response({base::Code::kMethodNotAllowed,
                                  fmt::format("{} is not for this path: use {}", method, allowed)});
  answer.headers.emplace_back("allow", allowed);
  return answer;
}

}  // namespace http
