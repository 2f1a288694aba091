#include "http/admin_routes.h"

#include <chrono>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "auth/credential.h"
#include "http/address.h"
#include "http/admin_json.h"
#include "http/database_routes.h"
#include "http/deploy_form.h"
#include "http/error_response.h"
#include "http/event_routes.h"
#include "http/file_stream.h"
#include "http/health.h"
#include "http/log_query.h"
#include "http/log_stream.h"
#include "http/openapi.h"

namespace http {
namespace {

using reactor::Task;

// What a form adds to its module: the config and the lines between the parts.
constexpr std::uint64_t kFormBytes = base::kMiB;

Answer function_answer(int status, const base::Result<catalog::FunctionPtr>& function) {
  if (!function) return error_response(function.error());
  return json_answer(status, function_json(**function, {}));
}

// The journal knows no metrics: its one counter joins the rest here.
std::string dropped_metric(const journal::Journal& journal) {
  return fmt::format(
      "# HELP journal_dropped_total Invocations that the journal could not write\n"
      "# TYPE journal_dropped_total counter\njournal_dropped_total {}\n",
      journal.dropped());
}

Answer not_found(std::string_view name) {
  return error_response({base::Code::kNotFound, fmt::format("there is no function '{}'", name)});
}

}  // namespace

std::uint64_t AdminRoutes::max_body_bytes() const {
  return shared_.context.deployer.max_module_bytes() + kFormBytes;
}

base::Result<Pass> AdminRoutes::admit(const Request& head) const {
  if (!is_trusted_authority(head.authority, host_)) {
    return base::fail(
        base::Code::kForbidden,
        fmt::format("host '{}' is not how this listener is reached: use its IP address, "
                    "localhost or the name it was told to listen on",
                    head.authority));
  }
  if (!needs_key(head.path))
    return Pass{.function = nullptr, .principal = {}, .body = BodyBound::kShort};
  base::Result<auth::Principal> principal = auth::authenticate_admin(
      {.authorization = head.header("authorization"), .apikey = head.header("apikey")},
      shared_.tokens, auth::Clock::now());
  if (!principal) return base::fail(std::move(principal.error()));
  return Pass{.function = nullptr,
              .principal = std::move(*principal),
              .body = match_admin_path(head.path) ? BodyBound::kListeners : BodyBound::kShort};
}

Task<Answer> AdminRoutes::answer(reactor::Loop& loop, Pass&, Request& request) {
  const std::optional<AdminPath> path = match_admin_path(request.path);
  if (!path) {
    co_return error_response(
        {base::Code::kNotFound,
         fmt::format("there is nothing at {}: see /admin/v1/openapi.json", request.path)});
  }
  if (!allows(path->route, request.method)) {
    co_return method_not_allowed(request.method, allowed_methods(path->route));
  }
  if (is_event_route(path->route)) {
    co_return co_await answer_events(loop, shared_.context.events, *path, request);
  }
  co_return co_await dispatch(loop, *path, request);
}

Task<Answer> AdminRoutes::dispatch(reactor::Loop& loop, AdminPath path, Request& request) {
  const bool reads = request.method == "GET" || request.method == "HEAD";
  switch (path.route) {
    case AdminRoute::kFunctions:
      if (!reads) co_return co_await create(loop, request);
      co_return co_await list();
    case AdminRoute::kFunction:
      if (!reads) co_return co_await change(loop, path.name, request);
      co_return get(path.name);
    case AdminRoute::kVersions:
      co_return co_await versions(path.name);
    case AdminRoute::kRollback:
      co_return co_await rollback(loop, path.name, request);
    case AdminRoute::kCanary:
      co_return co_await canary(path.name, request);
    case AdminRoute::kFunctionLogs:
    case AdminRoute::kLogs:
      co_return co_await logs(path.name, request);
    case AdminRoute::kSql:
      co_return co_await after_change(loop,
                                      co_await answer_sql(loop, shared_.context.database, request));
    case AdminRoute::kMigrations:
      co_return co_await after_change(
          loop, co_await answer_migrations(loop, shared_.context.database, request));
    case AdminRoute::kPolicies:
      co_return co_await answer_policies(loop, shared_.context.database);
    case AdminRoute::kBackup:
      co_return co_await backup(request);
    case AdminRoute::kOpenApi:
      co_return json_answer(200, std::string(openapi_json()));
    case AdminRoute::kMetrics:
      co_return co_await metrics();
    case AdminRoute::kHealth:
      co_return health_answer();
    case AdminRoute::kReady:
      co_return ready_answer(shared_.draining);
    default:  // event_routes.h
      break;
  }
  std::unreachable();
}

// Tables may have changed under what fires on them. The statement is committed whatever comes of
// that: a failure is the log's.
Task<Answer> AdminRoutes::after_change(reactor::Loop& loop, Answer answer) {
  if (answer.status != 200) co_return answer;
  if (auto followed = co_await shared_.context.deployer.refresh(loop); !followed) {
    shared_.context.log.warn("triggers do not follow a change of the database",
                             {{"error", followed.error().message}});
  }
  co_return answer;
}

Task<Answer> AdminRoutes::change(reactor::Loop& loop, std::string_view name, Request& request) {
  if (request.method == "PUT") co_return co_await deploy(loop, name, request);
  if (request.method == "PATCH") co_return co_await patch(name, request);
  co_return co_await remove(loop, name);
}

// With thousands of functions both are megabytes, whose making no call on this loop is to wait for.
Task<Answer> AdminRoutes::list() const {
  co_return json_answer(
      200, co_await shared_.context.reactor.blocking().run([context = &shared_.context] {
        return functions_json(context->registry.list(), context->deployer.faults());
      }));
}

Task<Answer> AdminRoutes::metrics() const {
  // Awaited ahead of the braces, where GCC 12 cannot.
  std::string text = co_await shared_.context.reactor.blocking().run([context = &shared_.context] {
    return context->metrics.expose() + dropped_metric(context->journal);
  });
  co_return Answer{.status = 200,
                   .headers = {{"content-type", "text/plain; version=0.0.4"}},
                   .body = std::move(text),
                   .stream = nullptr};
}

Answer AdminRoutes::get(std::string_view name) const {
  const catalog::FunctionPtr function = shared_.context.registry.find(name);
  if (function == nullptr) return not_found(name);
  return json_answer(200, function_json(*function, shared_.context.deployer.faults()));
}

Task<Answer> AdminRoutes::create(reactor::Loop& loop, Request& request) {
  base::Result<DeployForm> form = read_deploy_form(request, {});
  if (!form) co_return error_response(form.error());
  const base::Result<catalog::FunctionPtr> function = co_await shared_.context.deployer.create(
      loop, std::move(form->config), std::move(form->module));
  Answer answer = function_answer(201, function);
  if (function) {
    answer.headers.emplace_back("location", "/admin/v1/functions/" + (*function)->name());
  }
  co_return answer;
}

Task<Answer> AdminRoutes::deploy(reactor::Loop& loop, std::string_view name, Request& request) {
  const base::Result<std::optional<catalog::CanarySplit>> canary =
      parse_deploy_query(request.query);
  if (!canary) co_return error_response(canary.error());
  base::Result<DeployForm> form = read_deploy_form(request, name);
  if (!form) co_return error_response(form.error());
  const base::Result<catalog::FunctionPtr> function = co_await shared_.context.deployer.deploy(
      loop, std::move(form->config), std::move(form->module), *canary);
  co_return function_answer(200, function);
}

Task<Answer> AdminRoutes::patch(std::string_view name, const Request& request) {
  const base::Result<bool> enabled = parse_patch(request.body);
  if (!enabled) co_return error_response(enabled.error());
  const base::Result<catalog::FunctionPtr> function =
      co_await shared_.context.reactor.blocking().run(
          [registry = &shared_.context.registry, name = std::string(name), enabled = *enabled] {
            return registry->set_enabled(name, enabled);
          });
  co_return function_answer(200, function);
}

Task<Answer> AdminRoutes::remove(reactor::Loop& loop, std::string_view name) {
  const base::Result<void> removed =
      co_await shared_.context.deployer.remove(loop, std::string(name));
  if (!removed) co_return error_response(removed.error());
  co_return Answer{.status = 204, .headers = {}, .body = {}, .stream = nullptr};
}

Task<Answer> AdminRoutes::versions(std::string_view name) {
  const base::Result<std::vector<catalog::Version>> found =
      co_await shared_.context.reactor.blocking().run(
          [registry = &shared_.context.registry, name = std::string(name)] {
            return registry->versions(name);
          });
  if (!found) co_return error_response(found.error());
  co_return json_answer(200, versions_json(*found));
}

Task<Answer> AdminRoutes::rollback(reactor::Loop& loop, std::string_view name,
                                   const Request& request) {
  const base::Result<int> version = parse_rollback(request.body);
  if (!version) co_return error_response(version.error());
  const base::Result<catalog::FunctionPtr> function =
      co_await shared_.context.deployer.rollback(loop, std::string(name), *version);
  co_return function_answer(200, function);
}

// Only HTTP calls get a canary, so nothing of what fires by itself changes with it.
Task<Answer> AdminRoutes::canary(std::string_view name, const Request& request) {
  std::optional<CanaryRequest> wanted;
  if (request.method == "PUT") {
    base::Result<CanaryRequest> parsed = parse_canary(request.body);
    if (!parsed) co_return error_response(parsed.error());
    wanted = std::move(*parsed);
  }
  const base::Result<catalog::FunctionPtr> function =
      co_await shared_.context.reactor.blocking().run(
          [registry = &shared_.context.registry, name = std::string(name), wanted] {
            return wanted ? registry->set_canary(name, wanted->version, wanted->split)
                          : registry->remove_canary(name);
          });
  co_return function_answer(200, function);
}

// Never the master key: who has a service_role key shall not be able to read the signing keys.
Task<Answer> AdminRoutes::backup(const Request& request) {
  if (!request.query.empty() && request.query != "journal=true") {
    co_return error_response(
        {base::Code::kInvalidArgument,
         fmt::format("unknown query '{}': there is journal=true", request.query)});
  }
  if (!backup_.expired()) {
    co_return error_response({base::Code::kAlreadyExists,
                              "another backup is being made or sent: try again when it is done"});
  }
  const auto turn = std::make_shared<char>();
  backup_ = turn;
  using Opened = base::Result<std::unique_ptr<FileStream>>;
  reactor::Reactor& reactor = shared_.context.reactor;
  Opened file = co_await reactor.long_work().run([back_up = &shared_.context.back_up,
                                                  journal = !request.query.empty(),
                                                  blocking = &reactor.blocking()]() -> Opened {
    const auto made = (*back_up)(journal);
    if (!made) return base::fail(made.error());
    return FileStream::open(*made, *blocking);
  });
  if (!file) co_return error_response(file.error());
  (*file)->hold(turn);
  co_return Answer{.status = 200,
                   .headers = {{"content-type", "application/x-tar"}},
                   .body = {},
                   .stream = std::move(*file)};
}

Task<bool> AdminRoutes::has_logs(std::string_view name) {
  if (shared_.context.registry.find(name)) co_return true;
  co_return co_await shared_.context.reactor.blocking().run(
      [journal = &shared_.context.journal, function = std::string(name)] {
        const auto found = journal->read({.function = function, .limit = 1});
        return !found || !found->empty();
      });
}

Task<Answer> AdminRoutes::logs(std::string_view name, const Request& request) {
  const auto now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  base::Result<LogQuery> query = parse_log_query(request.query, name, now);
  if (!query) co_return error_response(query.error());
  const bool known = name.empty() || co_await has_logs(name);
  if (!known) co_return not_found(name);
  reactor::BlockingPool& blocking = shared_.context.reactor.blocking();
  if (query->follow) {
    co_return Answer{.status = 200,
                     .headers = {{"content-type", "application/x-ndjson"}},
                     .body = {},
                     .stream = std::make_unique<LogStream>(shared_.context.journal, blocking,
                                                           std::move(query->entries))};
  }
  // An answer may have megabytes: they are put together there, too.
  base::Result<std::string> entries =
      co_await blocking.run([journal = &shared_.context.journal,
                             query = std::move(query->entries)]() -> base::Result<std::string> {
        const auto found = journal->read(query);
        if (!found) return base::fail(found.error());
        return entries_json(*found);
      });
  if (!entries) co_return error_response(entries.error());
  co_return json_answer(200, std::move(*entries));
}

}  // namespace http
