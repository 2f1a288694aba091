#include "http/function_routes.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "auth/credential.h"
#include "base/crypto.h"
#include "catalog/canary.h"
#include "http/cors.h"
#include "http/error_response.h"
#include "http/health.h"

namespace http {
namespace {

bool is_health(std::string_view path) { return path == kHealthPath || path == kReadyPath; }

bool is_preflight(const Request& request) {
  return request.method == "OPTIONS" && request.path.starts_with(kFunctionsPrefix);
}

// Each call draws for itself; who wants to stay on one version sends the header.
catalog::FunctionPtr version_of(const Request& head, const catalog::FunctionPtr& function) {
  std::uint32_t random = 0;
  base::fill_random(&random, sizeof random);
  return catalog::version_for_call(
      function, [&head](std::string_view name) { return head.header(name); }, random % 100);
}

}  // namespace

std::optional<FunctionPath> split_function_path(std::string_view path) {
  if (!path.starts_with(kFunctionsPrefix)) return std::nullopt;
  path.remove_prefix(kFunctionsPrefix.size());
  const std::size_t slash = std::min(path.find('/'), path.size());
  if (slash == 0) return std::nullopt;
  const std::string_view rest = path.substr(slash);
  return FunctionPath{path.substr(0, slash), rest.empty() ? std::string_view("/") : rest};
}

base::Result<Pass> FunctionRoutes::admit(const Request& head) const {
  if (is_preflight(head) || is_health(head.path))
    return Pass{.function = nullptr, .principal = {}, .body = BodyBound::kShort};
  const std::optional<FunctionPath> path = split_function_path(head.path);
  if (!path) {
    return base::fail(base::Code::kNotFound,
                      fmt::format("there is nothing at {}: functions are at {}<name>", head.path,
                                  kFunctionsPrefix));
  }
  base::Result<catalog::FunctionPtr> function =
      shared_.context.invoker.resolve(path->name, catalog::TriggerKind::kHttp);
  if (!function) return base::fail(std::move(function.error()));
  if ((*function)->canary) *function = version_of(head, *function);
  const auto verify = (*function)->version.config.verify_jwt ? auth::VerifyJwt::kRequired
                                                             : auth::VerifyJwt::kOptional;
  base::Result<auth::Principal> principal = auth::authenticate(
      {.authorization = head.header("authorization"), .apikey = head.header("apikey")}, verify,
      shared_.tokens, auth::Clock::now());
  if (!principal) return base::fail(std::move(principal.error()));
  return Pass{std::move(*function), std::move(*principal)};
}

reactor::Task<Answer> FunctionRoutes::answer(reactor::Loop& loop, Pass& pass, Request& request) {
  if (!pass.function) co_return answer_by_host(request);
  std::string path(split_function_path(request.path)->rest);
  invoke::Invocation invocation{.function = std::move(pass.function),
                                .principal = std::move(pass.principal),
                                .event = {.method = std::move(request.method),
                                          .path = std::move(path),
                                          .query = std::move(request.query),
                                          .headers = std::move(request.headers),
                                          .body = std::move(request.body),
                                          .request_id = std::move(request.id)},
                                .gone = request.gone};
  invoke::Outcome outcome = co_await shared_.context.invoker.invoke(loop, std::move(invocation));
  if (!outcome.response) {
    co_return error_response(outcome.response.error(), outcome.retry_after);
  }
  co_return Answer{.status = outcome.response->status,
                   .headers = std::move(outcome.response->headers),
                   .body = std::move(outcome.response->body),
                   .stream = nullptr};
}

Answer FunctionRoutes::answer_by_host(const Request& request) const {
  if (is_preflight(request)) return preflight_answer();
  if (request.method != "GET" && request.method != "HEAD") {
    return method_not_allowed(request.method, "GET, HEAD");
  }
  return request.path == kHealthPath ? health_answer() : ready_answer(shared_.draining);
}

}  // namespace http
