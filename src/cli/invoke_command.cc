// roost invoke: one HTTP call of a function.
#include <chrono>
#include <filesystem>
#include <memory>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/ascii.h"
#include "base/encoding.h"
#include "base/units.h"
#include "cli/admin_client.h"
#include "cli/command.h"
#include "cli/connection_settings.h"
#include "cli/input.h"

namespace cli {
namespace {

namespace json = boost::json;

struct Options {
  ConnectionOptions connection;
  std::string name;
  std::string method;
  std::string data;
  std::vector<std::string> headers;
  std::string path;
  std::string key;
  bool json = false;
};

// As curl has it: @FILE is the file's content, @- standard input's.
Outcome<std::string> body_of(const std::string& data) {
  return data.starts_with('@') ? read_input(data.substr(1)) : data;
}

std::string_view media_type_of(const std::string& body) {
  boost::system::error_code error;
  json::parse(body, error);
  if (!error) return "application/json";
  return base::is_utf8(body) ? "text/plain" : "application/octet-stream";
}

Outcome<void> add_headers(HttpRequest& request, const std::vector<std::string>& headers) {
  for (const std::string& header : headers) {
    const std::size_t colon = header.find(':');
    const bool breaks = header.find_first_of("\r\n") != std::string::npos;
    if (colon == std::string::npos || colon == 0 || breaks) {
      return fail(ExitCode::kUsage, fmt::format("--header {}: write NAME: VALUE", header));
    }
    const std::size_t value = std::min(header.find_first_not_of(' ', colon + 1), header.size());
    request.headers.emplace_back(header.substr(0, colon), header.substr(value));
  }
  return {};
}

bool has_header(const HttpRequest& request, std::string_view name) {
  return std::ranges::any_of(request.headers, [name](const auto& header) {
    return base::equal_ignoring_case(header.first, name);
  });
}

Outcome<HttpRequest> request_of(const Options& options, const std::string& key) {
  const auto function = function_path(options.name);
  if (!function) return std::unexpected(function.error());
  auto body = body_of(options.data);
  if (!body) return std::unexpected(std::move(body.error()));
  if (options.path.find_first_of("\r\n \t") != std::string::npos) {
    return fail(ExitCode::kUsage, "--path: write spaces and line ends as %20, %0D and %0A");
  }
  const bool slash =
      options.path.empty() || options.path.starts_with('/') || options.path.starts_with('?');
  HttpRequest request{
      .method = options.method,
      .target = fmt::format("/functions/v1/{}{}{}", options.name, slash ? "" : "/", options.path),
      .headers = {},
      .body = std::move(*body)};
  if (auto added = add_headers(request, options.headers); !added) {
    return std::unexpected(std::move(added.error()));
  }
  if (!key.empty() && !has_header(request, "authorization")) {
    request.headers.emplace_back("authorization", "Bearer " + key);
  }
  if (!request.body.empty() && !has_header(request, "content-type")) {
    request.headers.emplace_back("content-type", media_type_of(request.body));
  }
  return request;
}

std::string header_of(const HttpResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "-";
}

void print_json(World& world, const HttpResponse& response, std::chrono::microseconds took) {
  json::object headers;
  for (const auto& [name, value] : response.headers) headers[name] = value;
  const bool text = base::is_utf8(response.body);
  world.out << json::serialize(
                   json::object{{"status", response.status},
                                {"duration_us", took.count()},
                                {"headers", std::move(headers)},
                                {"body", text ? response.body : base::to_base64(response.body)},
                                {"body_encoding", text ? "utf8" : "base64"}})
            << '\n';
}

void print(World& world, const HttpResponse& response, std::chrono::microseconds took) {
  world.out << response.body;
  const bool text = base::is_utf8(response.body);
  if (!response.body.empty() && text && !response.body.ends_with('\n')) world.out << '\n';
  world.out.flush();
  world.err << fmt::format("{} in {}, request {}\n", response.status, base::format_duration(took),
                           header_of(response, "x-request-id"));
}

// curl's --data is the body, and here it would be looked for as a folder and left out in silence.
Outcome<void> check_data_folder(const ConnectionOptions& connection) {
  std::error_code error;
  if (connection.data.empty() || std::filesystem::is_directory(connection.data, error)) return {};
  return fail(ExitCode::kUsage,
              fmt::format("--data names the server's data folder, and there is none called {}; "
                          "the body is given by -d",
                          base::escape_controls(connection.data)));
}

ExitCode invoke(const Options& options, World& world) {
  if (const auto meant = check_data_folder(options.connection); !meant) {
    return report(world, meant.error());
  }
  const auto settings = ConnectionSettings::read(options.connection, world.environment);
  if (!settings) return report(world, settings.error());
  const auto url = settings->url(Listener::kFunctions);
  if (!url) return report(world, url.error());
  const auto key = settings->function_key(options.key);
  if (!key) return report(world, key.error());
  const auto request = request_of(options, *key);
  if (!request) return report(world, request.error());
  // A function may run for 300 s, and wait before that.
  const HttpClient client(
      *url, {.connect = std::chrono::seconds(5), .silence = std::chrono::seconds(330)});
  const auto begin = std::chrono::steady_clock::now();
  const auto response = client.send(*request);
  if (!response) return report(world, {ExitCode::kUnreachable, response.error().message});
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - begin);
  (options.json ? print_json : print)(world, *response, took);
  return response->ok() ? ExitCode::kOk : ExitCode::kGuestFailed;
}

}  // namespace

void add_invoke_command(CLI::App& app, Command& chosen) {
  auto* command = app.add_subcommand("invoke", "Call a function and print its answer");
  const auto options = std::make_shared<Options>();
  options->method = "POST";
  command->add_option("NAME", options->name, "The function")->required();
  command->add_option("--method", options->method, "Default: POST");
  command->add_option("-d,--data-raw", options->data, "The body; @FILE reads a file, @- the input");
  command->add_option("--header", options->headers, "NAME: VALUE; may be repeated")
      ->allow_extra_args(false);
  command->add_option("--path", options->path, "What follows the name, such as /a?b=c");
  command->add_option("--key", options->key, "anon, service or a token; else ROOST_KEY, else anon");
  command->add_flag("--json", options->json, "Print status, headers and body as JSON");
  add_connection_options(*command, options->connection, Listener::kFunctions);
  command->callback(
      [&chosen, options] { chosen = [options](World& world) { return invoke(*options, world); }; });
}

}  // namespace cli
