// A request as the routes see it, and their answer. Values; no socket behind them.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "host/event.h"
#include "reactor/task.h"

namespace http {

struct Request {
  std::string method;
  std::string path;       // begins with '/', still percent-encoded
  std::string query;      // raw, without '?'
  std::string authority;  // of the target where it is absolute, else of Host; empty when neither is
  host::NameValues headers;  // names in lower case, without those of the connection
  std::string body;
  std::string id;                           // x-request-id of the answer
  const std::atomic<bool>* gone = nullptr;  // set once the client has gone; outlives the answer

  // The first of that name (lower case).
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
};

// A body in pieces. One without an end is asked again and again until the client goes or the server
// drains.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  // Suspends. What came since the last call; empty when nothing did, or that was all.
  virtual reactor::Task<base::Result<std::string>> next() = 0;
  [[nodiscard]] virtual bool endless() const { return true; }
};

struct Answer {
  int status = 200;
  host::NameValues headers;
  std::string body;
  std::unique_ptr<BodyStream> stream;  // in place of `body`
};

Answer json_answer(int status, std::string json);

}  // namespace http
