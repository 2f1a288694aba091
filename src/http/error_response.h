// The one body of all errors that the host makes:
//   {"error": "<short>", "message": "<what and why>", "code": "<STABLE_CODE>"}
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "http/message.h"

namespace http {

// The value of `sb-error-code` (conventions.md, "Invoking"); empty where the ecosystem has no name.
std::string_view relay_code_of(base::Code code);

// 401 carries WWW-Authenticate; 429 carries Retry-After, 1 s unless `retry_after` says more.
Answer error_response(const base::Error& error,
                      std::optional<std::chrono::seconds> retry_after = std::nullopt);

}  // namespace http
