// One HTTP request after another, each on a connection of its own, with a bound on every wait.
//
// Blocking; for one thread at a time. Plain HTTP only. Errors: kUnavailable when no server answers
// ("cannot reach …"), kInvalidArgument for a URL that is none.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace cli {

struct Url {
  std::string host;  // without brackets
  std::string port;
  std::string prefix;  // of every path; empty, or begins with '/' and does not end with it

  [[nodiscard]] std::string authority() const;  // "[::1]:9400"
  [[nodiscard]] std::string text() const;       // "http://[::1]:9400"
  [[nodiscard]] bool is_loopback() const;       // never leaves this machine
};

// "http://host[:port][/prefix]".
base::Result<Url> parse_url(std::string_view text);

struct HttpRequest {
  std::string method = "GET";
  std::string target = "/";  // below the URL's prefix
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;

  [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }
};

class HttpClient {
 public:
  struct Timeouts {
    std::chrono::milliseconds connect{5'000};
    // Until something more comes: a deployment may wait for the compiler.
    std::chrono::milliseconds silence{180'000};
  };
  // The pieces of a body as they come; false to hear no more.
  using Sink = std::function<bool(const HttpResponse& head, std::string_view piece)>;

  explicit HttpClient(Url url) : HttpClient(std::move(url), Timeouts{}) {}
  HttpClient(Url url, Timeouts timeouts) : url_(std::move(url)), timeouts_(timeouts) {}

  [[nodiscard]] const Url& url() const { return url_; }

  [[nodiscard]] base::Result<HttpResponse> send(const HttpRequest& request) const;
  // The same without collecting the body.
  [[nodiscard]] base::Result<HttpResponse> stream(const HttpRequest& request,
                                                  const Sink& sink) const;

 private:
  Url url_;
  Timeouts timeouts_;
};

}  // namespace cli
