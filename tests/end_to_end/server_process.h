// `roost serve` on a folder, on ports of the system's choice. For tests.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "cli/http_client.h"
#include "end_to_end/process.h"
#include "server/keys_file.h"

namespace end_to_end {

// Calls that it runs at once: fewer where a sanitizer leaves room for few instances.
#ifdef ROOST_SANITIZED
constexpr int kPlaces = 48;
#else
constexpr int kPlaces = 1000;
#endif

// Empty when there is none; `name` in lower case.
[[nodiscard]] std::string header(const cli::HttpResponse& answer, std::string_view name);

class ServerProcess {
 public:
  // Returns when it serves; fails the test when it ends before that.
  explicit ServerProcess(std::filesystem::path data, const std::vector<std::string>& flags = {});

  [[nodiscard]] const server::KeysFile& keys() const { return keys_; }
  [[nodiscard]] Process& process() { return process_; }

  // A subcommand with this server's folder.
  [[nodiscard]] Finished roost(std::vector<std::string> arguments) const;
  // A fixture under its own name.
  void deploy(const std::string& fixture, const std::vector<std::string>& flags = {}) const;
  // What `roost logs --json` says of a function, oldest first: one JSON object each.
  [[nodiscard]] std::vector<std::string> entries(const std::string& function) const;

  // Status 0 when no answer came. `key` is a token; without one the anon key.
  struct Request {
    std::string method = "POST";
    std::string key = {};
    std::string body = {};
  };
  [[nodiscard]] cli::HttpResponse ask(const std::string& function, Request request) const;
  // POST with the anon key.
  [[nodiscard]] cli::HttpResponse call(const std::string& function, std::string body = {}) const;
  // A token for a user.
  [[nodiscard]] std::string token(const std::string& user) const;
  // A script as the database's administrator.
  void sql(const std::string& script) const;
  [[nodiscard]] int health() const;  // the status of /healthz
  // The value of a metric without labels; -1 when there is none.
  [[nodiscard]] double metric(const std::string& name) const;

 private:
  std::filesystem::path data_;
  Process process_;
  server::KeysFile keys_;
};

}  // namespace end_to_end
