// multipart/form-data (RFC 7578), read from a whole body.
//
//   body  = "--" boundary *( padding CRLF part CRLF "--" boundary ) "--" padding [ CRLF ]
//   part  = *( header CRLF ) CRLF content
//
// Strict: no text before the first boundary or after the last, CRLF only, each part named. Parts
// are views into the body; nothing is copied or decoded. Pure. Errors: kInvalidArgument, saying
// what is malformed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace http {

inline constexpr std::size_t kMaxParts = 16;
inline constexpr std::size_t kMaxPartHeadBytes = 4096;

struct Part {
  std::string_view name;
  std::string_view content;
};

// The boundary that a Content-Type names.
base::Result<std::string> boundary_of(std::string_view content_type);

base::Result<std::vector<Part>> parse_multipart(std::string_view body, std::string_view boundary);

}  // namespace http
