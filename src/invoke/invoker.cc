#include "invoke/invoker.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace invoke {
namespace {

Admission::Caller caller_of(const Invocation& invocation) {
  const catalog::Function& function = *invocation.function;
  return {.function = function.id,
          .version = function.version.number,
          .name = function.name(),
          .limit = function.version.config.limits.concurrency,
          .gone = invocation.gone != nullptr ? invocation.gone : invocation.canceled.get()};
}

journal::Status status_of(const base::Result<host::Response>& response) {
  if (response) return journal::Status::kSuccess;
  switch (response.error().code) {
    case base::Code::kTimeout:
      return journal::Status::kTimeout;
    case base::Code::kCpuLimit:
      return journal::Status::kCpuLimit;
    case base::Code::kMemoryLimit:
      return journal::Status::kMemoryExceeded;
    default:
      return journal::Status::kError;
  }
}

std::string error_text(const sandbox::CallResult& result) {
  if (result.response) return {};
  const base::Error& error = result.response.error();
  std::string text = std::string(base::name_of(error.code)) + ": " + error.message;
  if (!result.backtrace.empty()) text += "\n" + result.backtrace;
  return text;
}

// What it says of the function's own timeout would not help.
base::Error transactional_timeout() {
  return {base::Code::kTimeout,
          "the run did not end within " + base::format_duration(kMaxTransactional) +
              ", which is what a transactional run has whatever the function's timeout, because "
              "nobody else writes meanwhile: make it faster, or deploy its trigger without "
              "delivery=transactional"};
}

}  // namespace

std::string_view name_of(Cause cause) {
  constexpr std::array<std::string_view, 3> kNames{"http", "database", "schedule"};
  return kNames.at(static_cast<std::size_t>(cause));
}

Invoker::Invoker(const catalog::Registry& registry, sandbox::Sandbox& sandbox,
                 journal::Journal& journal, telemetry::Metrics& metrics,
                 Admission::Settings admission, ProfileCache::EnvironmentOf environment_of)
    : registry_(registry),
      sandbox_(sandbox),
      journal_(journal),
      metrics_(metrics),
      admission_(admission, metrics),
      profiles_(std::move(environment_of), [&registry] { return registry.list(); }) {}

base::Result<catalog::FunctionPtr> Invoker::resolve(std::string_view name,
                                                    catalog::TriggerKind trigger) const {
  catalog::FunctionPtr function = registry_.find(name);
  if (function == nullptr || !function->enabled || !function->has_trigger(trigger)) {
    return base::fail(base::Code::kNotFound,
                      "there is no function `" + std::string(name) +
                          "` here, or it is disabled, or deployed without `--trigger http`: "
                          "`roost list` shows those there are");
  }
  return function;
}

reactor::Task<Outcome> Invoker::invoke(reactor::Loop& loop, Invocation invocation) {
  const Admission::Caller caller = caller_of(invocation);
  // The loop's credit does for nearly every call, and saves it a Task.
  std::optional<Admission::Permit> permit = admission_.try_enter(loop, caller);
  if (!permit) {
    Admission::Entered entered = co_await admission_.enter(loop, caller);
    if (!entered) {
      co_return Outcome{
          base::fail(std::move(entered.error().error)), entered.error().retry_after, {}};
    }
    permit.emplace(std::move(*entered));
  }
  const catalog::Version& version = invocation.function->version;
  const ProfilePtr profile = profiles_.of(*invocation.function);
  catalog::Limits limits = version.config.limits;
  if (invocation.transaction != nullptr) {
    limits.timeout = std::min<std::chrono::milliseconds>(limits.timeout, kMaxTransactional);
  }
  const auto time = std::chrono::system_clock::now();
  sandbox::CallResult result =
      co_await sandbox_.call(loop, {.module = version.module,
                                    .limits = limits,
                                    .environment = profile->environment,
                                    .redactor = profile->redactor,
                                    .principal = invocation.principal,
                                    .event = invocation.event,
                                    .depth = invocation.depth,
                                    .transaction = invocation.transaction,
                                    .canceled = invocation.canceled.get()});
  std::vector<std::string> lines;
  if (invocation.transaction != nullptr && !result.response &&
      result.response.error().code == base::Code::kTimeout) {
    result.response = base::fail(transactional_timeout());
  }
  if (!result.response && invocation.cause != Cause::kHttp) lines = result.lines;
  record(invocation, result, time);
  co_return Outcome{std::move(result.response), std::nullopt, std::move(lines)};
}

// Before the answer is sent: an invocation that somebody saw is in the journal.
void Invoker::record(Invocation& invocation, sandbox::CallResult& result,
                     std::chrono::system_clock::time_point time) {
  const std::string& name = invocation.function->name();
  const journal::Status status = status_of(result.response);
  journal_.append({.id = std::move(invocation.event.request_id),
                   .function = name,
                   .version = invocation.function->version.number,
                   .trigger = std::string(name_of(invocation.cause)),
                   .status = status,
                   .duration = result.usage.duration,
                   .cpu = result.usage.cpu,
                   .peak_memory_bytes = result.usage.peak_memory_bytes,
                   .error = error_text(result),
                   .user_id = std::move(invocation.principal.user_id),
                   .time = time,
                   .lines = std::move(result.lines)});
  if (result.usage.handed_over) metrics_.handed_over();
  metrics_.invocation({.function = name,
                       .trigger = name_of(invocation.cause),
                       .status = journal::name_of(status),
                       .duration = result.usage.duration,
                       .peak_memory_bytes = result.usage.peak_memory_bytes});
}

}  // namespace invoke
