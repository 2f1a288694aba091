// The head of a response, from its status line to the empty line.
//
// What frames the message, its id and its date are the server's alone: such headers of an answer
// are left out, and so are headers that would break the head (a name that is no token, a value with
// CR, LF or NUL).
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"
#include "http/routes.h"

namespace http {

enum class Framing { kLength, kChunked, kUntilClose };
enum class Connection { kClose, kKeepAlive };

struct HeadOptions {
  std::string_view request_id;
  std::string_view date = {};  // of http_date.h
  Framing framing = Framing::kLength;
  Connection connection = Connection::kClose;
  bool http11 = true;
  CrossOrigin cross_origin = CrossOrigin::kForbidden;
};

// 204 and 304 end with their head, whatever their answer says.
bool has_body(int status);

void append_head(std::string& out, const Answer& answer, const HeadOptions& options);

}  // namespace http
