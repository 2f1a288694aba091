#include "http/cors.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/ascii.h"

namespace http {
namespace {

constexpr std::string_view kPrefix = "access-control-";

struct Line {
  std::string_view name;
  std::string_view text;
};

constexpr std::array kLines{
    Line{"access-control-allow-origin", "access-control-allow-origin: *\r\n"},
    Line{"access-control-allow-headers",
         "access-control-allow-headers: authorization, x-client-info, apikey, content-type, "
         "x-retry-count, x-region, traceparent, tracestate, baggage\r\n"},
    Line{"access-control-allow-methods",
         "access-control-allow-methods: GET, POST, PUT, PATCH, DELETE, OPTIONS\r\n"},
    Line{"access-control-expose-headers",
         "access-control-expose-headers: x-relay-error, sb-error-code, x-request-id\r\n"},
};

bool is_set(const host::NameValues& headers, std::string_view name) {
  return std::ranges::any_of(headers, [name](const auto& header) {
    return base::equal_ignoring_case(header.first, name);
  });
}

}  // namespace

void append_cors(std::string& head, const host::NameValues& headers) {
  const bool any_set = std::ranges::any_of(headers, [](const auto& header) {
    return base::equal_ignoring_case(std::string_view(header.first).substr(0, kPrefix.size()),
                                     kPrefix);
  });
  for (const Line& line : kLines) {
    if (!any_set || !is_set(headers, line.name)) head += line.text;
  }
}

Answer preflight_answer() { return {.status = 204, .headers = {}, .body = {}, .stream = nullptr}; }

}  // namespace http
