// What a guest is told of the reason it runs. A value; the JSON is made when the guest first asks.
//
//   {"trigger":"http","method":"POST","path":"/a","query":{"k":"v"},"headers":{"content-type":"…"},
//    "body":"…","body_encoding":"utf8"|"base64","user_id":"…"|null,"role":"anon","claims":{…},
//    "request_id":"…"}
// `path` is what follows the function's name ("/" when nothing does). A repeated query key keeps
// its last value; a repeated header is joined by ", ". Header names are lower case.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/principal.h"

namespace host {

using NameValues = std::vector<std::pair<std::string, std::string>>;

struct Event {
  std::string method;
  std::string path;
  std::string query;  // raw, without '?'
  NameValues headers;
  std::string body;
  std::string request_id;
  // Of a run that no request asked for (a row's change, a tick): the JSON that the guest reads, as
  // it was captured. The members of a request are then empty, but for the body, which is this JSON.
  std::string captured = {};
};

std::string to_json(const Event& event, const auth::Principal& principal);

}  // namespace host
