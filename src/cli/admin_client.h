// The admin API as the subcommands use it: JSON in, JSON out, errors in words.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "cli/command.h"
#include "cli/connection_settings.h"
#include "cli/http_client.h"

namespace cli {

class AdminClient {
 public:
  static Outcome<AdminClient> connect(const ConnectionOptions& options, const World& world,
                                      HttpClient::Timeouts timeouts = {});

  // Paths are below /admin/v1. kUnreachable; kFailed with the server's own message; a null value
  // where the answer has no body.
  [[nodiscard]] Outcome<boost::json::value> get(std::string_view path) const;
  [[nodiscard]] Outcome<boost::json::value> send(std::string method, std::string_view path,
                                                 std::string content_type, std::string body) const;
  // The answer whatever its status, for those who read errors by themselves; kUnreachable.
  [[nodiscard]] Outcome<HttpResponse> ask(std::string method, std::string_view path,
                                          std::string content_type, std::string body) const;
  // What to tell of an answer that is an error.
  [[nodiscard]] Failure refused(const HttpResponse& response) const;
  // False when the server says that there is no such thing.
  [[nodiscard]] Outcome<bool> exists(std::string_view path) const;

  // POST whose answer, whatever it is, becomes the rest of a file; how many bytes.
  [[nodiscard]] Outcome<std::uint64_t> download(std::string_view path, std::ostream& file) const;

  // Each line of a body as it comes, until it ends or `line` returns false.
  using OnLine = std::function<bool(std::string_view line)>;
  [[nodiscard]] Outcome<void> follow(std::string_view path, const OnLine& line) const;

 private:
  AdminClient(HttpClient http, std::string key) : http_(std::move(http)), key_(std::move(key)) {}
  [[nodiscard]] HttpRequest request(std::string method, std::string_view path) const;

  HttpClient http_;
  std::string key_;
};

// "/functions/{name}{rest}"; kUsage when the name could not be one.
Outcome<std::string> function_path(std::string_view name, std::string_view rest = "");

}  // namespace cli
