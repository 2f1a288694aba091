#include "end_to_end/server_process.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace end_to_end {
namespace {

cli::HttpResponse send(const std::string& url, const cli::HttpRequest& request) {
  const auto parsed = cli::parse_url(url);
  if (!parsed) return {};
  return cli::HttpClient(*parsed).send(request).value_or(cli::HttpResponse());
}

std::vector<std::string> arguments_of(const std::filesystem::path& data,
                                      const std::vector<std::string>& flags) {
  std::vector<std::string> arguments{"serve",       "--data",         data.string(), "--listen",
                                     "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"};
#ifdef ROOST_SANITIZED
  const bool told = std::filesystem::exists(data / "roost.toml") ||
                    std::ranges::find(flags, "--limits-max-concurrency") != flags.end();
  if (!told) {
    arguments.insert(arguments.end(), {"--limits-max-concurrency", fmt::to_string(kPlaces)});
  }
#endif
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  return arguments;
}

}  // namespace

std::string header(const cli::HttpResponse& answer, std::string_view name) {
  for (const auto& [each, value] : answer.headers) {
    if (each == name) return value;
  }
  return {};
}

ServerProcess::ServerProcess(std::filesystem::path data, const std::vector<std::string>& flags)
    : data_(std::move(data)), process_(arguments_of(data_, flags)) {
  // keys.json may be an earlier start's until the server says that it serves.
  for (;;) {
    const auto line = process_.read_line();
    if (!line) {
      ADD_FAILURE() << "the server ended: " << process_.errors();
      return;
    }
    if (line->starts_with("Functions on ")) break;
  }
  auto keys = server::read_keys_file(data_);
  EXPECT_TRUE(keys) << (keys ? "" : keys.error().message);
  if (keys) keys_ = std::move(*keys);
}

Finished ServerProcess::roost(std::vector<std::string> arguments) const {
  arguments.insert(arguments.end(), {"--data", data_.string()});
  return end_to_end::roost(arguments);
}

void ServerProcess::deploy(const std::string& fixture,
                           const std::vector<std::string>& flags) const {
  std::vector<std::string> arguments{"deploy", fmt::format("{}/{}.wasm", ROOST_FIXTURES, fixture),
                                     "--name", fixture};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  const Finished deployed = roost(std::move(arguments));
  ASSERT_EQ(deployed.exit, 0) << deployed.err;
}

std::vector<std::string> ServerProcess::entries(const std::string& function) const {
  std::istringstream out(roost({"logs", function, "--json", "-n", "10000"}).out);
  std::vector<std::string> lines;
  for (std::string line; std::getline(out, line);) lines.push_back(line);
  return lines;
}

cli::HttpResponse ServerProcess::ask(const std::string& function, Request request) const {
  const std::string& key = request.key.empty() ? keys_.anon_key : request.key;
  return send(keys_.url, {.method = std::move(request.method),
                          .target = "/functions/v1/" + function,
                          .headers = {{"authorization", "Bearer " + key}},
                          .body = std::move(request.body)});
}

cli::HttpResponse ServerProcess::call(const std::string& function, std::string body) const {
  return ask(function, {.body = std::move(body)});
}

std::string ServerProcess::token(const std::string& user) const {
  const Finished signed_token = roost({"token", "--sub", user});
  EXPECT_EQ(signed_token.exit, 0) << signed_token.err;
  return signed_token.out.substr(0, signed_token.out.find('\n'));
}

void ServerProcess::sql(const std::string& script) const {
  const Finished done = roost({"db", "sql", script});
  ASSERT_EQ(done.exit, 0) << done.err;
}

int ServerProcess::health() const {
  return send(keys_.url, {.method = "GET", .target = "/healthz", .headers = {}, .body = {}}).status;
}

double ServerProcess::metric(const std::string& name) const {
  const std::string text =
      "\n" +
      send(keys_.admin_url, {.method = "GET", .target = "/metrics", .headers = {}, .body = {}})
          .body;
  const std::size_t at = text.find("\n" + name + " ");
  if (at == std::string::npos) return -1;
  return std::strtod(text.c_str() + at + name.size() + 2, nullptr);
}

}  // namespace end_to_end
