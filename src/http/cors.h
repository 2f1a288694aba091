// Cross-origin access to functions: any origin may call (conventions.md, "Invoking").
//
// A function's own Access-Control-… headers win, each by itself.
#pragma once

#include <string>

#include "host/event.h"
#include "http/message.h"

namespace http {

// Appends, as lines of a head, those that `headers` does not set.
void append_cors(std::string& head, const host::NameValues& headers);

// The answer to OPTIONS; its CORS headers come with the head.
Answer preflight_answer();

}  // namespace http
