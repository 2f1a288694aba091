#include "cli/admin_client.h"

#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "catalog/function.h"

namespace cli {
namespace {

namespace json = boost::json;

constexpr std::string_view kPrefix = "/admin/v1";

Failure unreachable(const base::Error& error) {
  return {error.code == base::Code::kUnavailable ? ExitCode::kUnreachable : ExitCode::kFailed,
          error.message};
}

std::string text_member(const json::value& value, std::string_view name) {
  const json::object* object = value.if_object();
  const json::value* member = object == nullptr ? nullptr : object->if_contains(name);
  const json::string* text = member == nullptr ? nullptr : member->if_string();
  return text == nullptr ? "" : std::string(*text);
}

std::string_view advice_for(int status) {
  switch (status) {
    case 401:
      return "; set ROOST_KEY to the server's service_role_key, or name its folder with --data";
    case 403:
      return "; ROOST_KEY must be a service_role key";
    default:
      return "";
  }
}

}  // namespace

Outcome<AdminClient> AdminClient::connect(const ConnectionOptions& options, const World& world,
                                          HttpClient::Timeouts timeouts) {
  const auto settings = ConnectionSettings::read(options, world.environment);
  if (!settings) return std::unexpected(settings.error());
  auto url = settings->url(Listener::kAdmin);
  if (!url) return std::unexpected(std::move(url.error()));
  auto key = settings->admin_key();
  if (!key) return std::unexpected(std::move(key.error()));
  return AdminClient(HttpClient(std::move(*url), timeouts), std::move(*key));
}

HttpRequest AdminClient::request(std::string method, std::string_view path) const {
  return {.method = std::move(method),
          .target = std::string(kPrefix).append(path),
          .headers = {{"authorization", "Bearer " + key_}},
          .body = {}};
}

// The server's own words, where it is one of ours that speaks.
Failure AdminClient::refused(const HttpResponse& response) const {
  boost::system::error_code error;
  const json::value body = json::parse(response.body, error);
  const std::string message = error ? "" : text_member(body, "message");
  if (message.empty()) {
    return {ExitCode::kFailed,
            fmt::format("{} answered {} without a reason: is it the admin address of a roost?",
                        http_.url().text(), response.status)};
  }
  return {ExitCode::kFailed, fmt::format("{} [{}]{}", message, text_member(body, "code"),
                                         advice_for(response.status))};
}

Outcome<json::value> AdminClient::get(std::string_view path) const {
  return send("GET", path, "", "");
}

Outcome<json::value> AdminClient::send(std::string method, std::string_view path,
                                       std::string content_type, std::string body) const {
  const auto response = ask(std::move(method), path, std::move(content_type), std::move(body));
  if (!response) return std::unexpected(response.error());
  if (!response->ok()) return std::unexpected(refused(*response));
  if (response->body.empty()) return json::value();
  boost::system::error_code error;
  json::value value = json::parse(response->body, error);
  if (error) {
    return fail(ExitCode::kFailed,
                fmt::format("{} answered with something that is not JSON: is it the admin address "
                            "of a roost?",
                            http_.url().text()));
  }
  return value;
}

Outcome<HttpResponse> AdminClient::ask(std::string method, std::string_view path,
                                       std::string content_type, std::string body) const {
  HttpRequest message = request(std::move(method), path);
  if (!content_type.empty()) message.headers.emplace_back("content-type", std::move(content_type));
  message.body = std::move(body);
  auto response = http_.send(message);
  if (!response) return std::unexpected(unreachable(response.error()));
  return std::move(*response);
}

Outcome<bool> AdminClient::exists(std::string_view path) const {
  const auto response = http_.send(request("GET", path));
  if (!response) return std::unexpected(unreachable(response.error()));
  if (response->status == 404) return false;
  if (!response->ok()) return std::unexpected(refused(*response));
  return true;
}

Outcome<std::uint64_t> AdminClient::download(std::string_view path, std::ostream& file) const {
  std::uint64_t size = 0;
  std::string error;
  const auto response = http_.stream(request("POST", path), [&](const HttpResponse& head,
                                                                std::string_view piece) {
    if (!head.ok()) {
      error.append(piece);
      return true;
    }
    size += piece.size();
    return static_cast<bool>(file.write(piece.data(), static_cast<std::streamsize>(piece.size())));
  });
  if (!response) return std::unexpected(unreachable(response.error()));
  if (!response->ok()) {
    return std::unexpected(refused({response->status, response->headers, error}));
  }
  return size;
}

Outcome<void> AdminClient::follow(std::string_view path, const OnLine& line) const {
  std::string rest;
  const auto response =
      http_.stream(request("GET", path), [&](const HttpResponse& head, std::string_view piece) {
        rest.append(piece);
        if (!head.ok()) return true;
        for (std::size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
          if (!line(std::string_view(rest).substr(0, end))) return false;
          rest.erase(0, end + 1);
        }
        return true;
      });
  if (!response) return std::unexpected(unreachable(response.error()));
  if (response->ok()) return {};
  return std::unexpected(refused({response->status, response->headers, rest}));
}

Outcome<std::string> function_path(std::string_view name, std::string_view rest) {
  if (catalog::is_function_name(name)) return fmt::format("/functions/{}{}", name, rest);
  return fail(
      ExitCode::kUsage,
      fmt::format("\"{}\" is not a function's name: it begins with a-z and has at most 64 of "
                  "a-z, 0-9, _ and -",
                  name));
}

}  // namespace cli
