#include "http/error_response.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/encoding.h"

namespace http {

std::string_view relay_code_of(base::Code code) {
  using enum base::Code;
  switch (code) {
    case kNoCredential:
    case kInvalidCredential:
    case kNotFound:
      return base::name_of(code);
    case kConcurrencyLimit:
      return "RATE_LIMIT_EXCEEDED";
    case kTimeout:
      return "IDLE_TIMEOUT";
    case kCpuLimit:
    case kMemoryLimit:
    case kNodeMemory:
    case kOutputLimit:
    case kHostCallLimit:
      return "WORKER_RESOURCE_LIMIT";
    case kTrap:
    case kBadResponse:
    case kGuestExit:
    case kQueryFailed:
      return "WORKER_ERROR";
    // Both end a call before its first instruction: a module that does not load, or is not there.
    case kInvalidModule:
    case kStorage:
      return "BOOT_ERROR";
    case kInvalidArgument:
    case kForbidden:
    case kMethodNotAllowed:
    case kRequestTimeout:
    case kAlreadyExists:
    case kCanceled:
    case kPayloadTooLarge:
    case kHeadersTooLarge:
    case kDraining:
    case kDatabaseUnavailable:
    case kUnavailable:
    case kInternal:
      return "";
  }
  return "";
}

Answer error_response(const base::Error& error, std::optional<std::chrono::seconds> retry_after) {
  std::string body = R"({"error":)";
  base::append_json_string(body, base::title_of(error.code));
  body += R"(,"message":)";
  base::append_json_string(body, error.message);
  body += R"(,"code":)";
  base::append_json_string(body, base::name_of(error.code));
  body += '}';

  Answer answer = json_answer(base::http_status_of(error.code), std::move(body));
  if (const std::string_view relay = relay_code_of(error.code); !relay.empty()) {
    answer.headers.emplace_back("sb-error-code", relay);
  }
  if (answer.status == 401) answer.headers.emplace_back("www-authenticate", "Bearer");
  if (answer.status == 429) {
    const auto seconds = std::max(retry_after.value_or(std::chrono::seconds(1)).count(),
                                  std::chrono::seconds::rep{1});
    answer.headers.emplace_back("retry-after", std::to_string(seconds));
  }
  return answer;
}

}  // namespace http
