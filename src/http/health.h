// /healthz and /readyz, the same on both listeners: "the process answers" and "send me more".
#pragma once

#include <string_view>

#include "http/message.h"

namespace http {

inline constexpr std::string_view kHealthPath = "/healthz";
inline constexpr std::string_view kReadyPath = "/readyz";

Answer health_answer();
Answer ready_answer(bool draining);

// 405 with the methods that there are.
Answer method_not_allowed(std::string_view method, std::string_view allowed);

}  // namespace http
