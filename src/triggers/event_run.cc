#include "triggers/event_run.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/id.h"
#include "triggers/event_text.h"

namespace triggers {
namespace {

using reactor::Task;

constexpr std::size_t kMaxShownBody = 500;
// How long a transactional run may wait for the others before it.
constexpr std::chrono::seconds kPatience{20};

void judge(Delivered& delivered, invoke::Outcome& outcome) {
  delivered.lines = std::move(outcome.lines);
  if (!outcome.response) {
    const base::Error& error = outcome.response.error();
    delivered.error = fmt::format("{}: {}", base::name_of(error.code), error.message);
  } else if (outcome.response->status >= 400) {
    delivered.error =
        fmt::format("STATUS: the function answered with {}: {}", outcome.response->status,
                    outcome.response->body.substr(0, kMaxShownBody));
  } else {
    delivered.succeeded = true;
  }
}

// Whether the node had no room for the call: it is no attempt, since nothing is wrong with the
// event or its function. Without memory the function may have begun, as one that a crash ends.
bool was_refused(const invoke::Outcome& outcome) {
  constexpr std::array kNoRoom{base::Code::kConcurrencyLimit, base::Code::kDraining,
                               base::Code::kNodeMemory};
  return !outcome.response &&
         std::ranges::find(kNoRoom, outcome.response.error().code) != kNoRoom.end();
}

}  // namespace

// Null when it has been deleted, or never had that version.
Task<catalog::FunctionPtr> EventRun::function_of(const Event& event) {
  catalog::FunctionPtr function = registry_.find(event.function);
  if (function == nullptr || !event.version || function->version.number == *event.version) {
    co_return function;
  }
  auto versions =
      co_await blocking_.run([this, name = event.function] { return registry_.versions(name); });
  if (!versions) co_return nullptr;
  const auto found = std::ranges::find(*versions, *event.version, &catalog::Version::number);
  if (found == versions->end()) co_return nullptr;
  auto pinned = std::make_shared<catalog::Function>(*function);
  pinned->version = std::move(*found);
  co_return pinned;
}

invoke::Invocation EventRun::invocation_of(const Event& event, catalog::FunctionPtr function,
                                           Canceled canceled) {
  invoke::Invocation invocation;
  invocation.function = std::move(function);
  invocation.cause = is_tick(event) ? invoke::Cause::kSchedule : invoke::Cause::kDatabase;
  if (event.run_as) {
    invocation.principal = {*event.run_as, "",
                            fmt::format(R"({{"role":"{}"}})", auth::name_of(*event.run_as))};
  } else {
    invocation.principal = event.writer.value_or(auth::Principal::service());
  }
  invocation.depth = event.depth;
  invocation.event.request_id = base::make_uuid();
  invocation.event.captured = event_text(event);
  invocation.event.body = invocation.event.captured;
  invocation.canceled = std::move(canceled);
  return invocation;
}

Task<Ran> EventRun::run(reactor::Loop& loop, Event event, Canceled canceled) {
  Ran ran{Ran::End::kEnded,
          {.lease = {event.id, event.attempt, event.trigger, std::move(event.lane)}}};
  catalog::FunctionPtr function = co_await function_of(event);
  if (function == nullptr) {
    ran.delivered.last = true;
    ran.delivered.error = fmt::format(
        "NOT_FOUND: the function `{}` {}", event.function,
        event.version ? fmt::format("has no version {}", *event.version) : "has been deleted");
    co_return ran;
  }
  if (!function->enabled) {
    ran.end = Ran::End::kPostpone;
    co_return ran;
  }
  event.lane = ran.delivered.lease.lane;
  invoke::Invocation invocation = invocation_of(event, std::move(function), std::move(canceled));
  ran.delivered.invocation = invocation.event.request_id;
  if (event.transactional) {
    co_return co_await run_transaction(loop, std::move(invocation), std::move(ran));
  }
  invoke::Outcome outcome = co_await invoker_.invoke(loop, std::move(invocation));
  if (was_refused(outcome)) {
    ran.end = Ran::End::kPostpone;
  } else {
    judge(ran.delivered, outcome);
  }
  co_return ran;
}

// A failure is settled apart, once the transaction is rolled back.
Task<Ran> EventRun::run_transaction(reactor::Loop& loop, invoke::Invocation invocation, Ran ran) {
  auto transaction = co_await pool_.begin(loop, database::SystemAccess(), invoke::kMaxTransactional,
                                          base::Deadline::after(kPatience));
  if (!transaction) {
    ran.end = Ran::End::kPostpone;
    co_return ran;
  }
  invocation.transaction = transaction->get();
  invoke::Outcome outcome = co_await invoker_.invoke(loop, std::move(invocation));
  if (was_refused(outcome)) {
    ran.end = Ran::End::kPostpone;
    co_return ran;
  }
  judge(ran.delivered, outcome);
  if (!ran.delivered.succeeded) co_return ran;
  auto held = co_await acknowledge(loop, **transaction, ran.delivered.lease);
  if (held) {
    ran.end = Ran::End::kSettled;
    co_return ran;
  }
  ran.delivered.succeeded = false;
  ran.delivered.error = "TRANSACTION: " + held.error().message;
  co_return ran;
}

// False when the lease was lost: all of it is rolled back.
Task<database::SqlResult<bool>> EventRun::acknowledge(reactor::Loop& loop,
                                                      database::PoolTransaction& transaction,
                                                      const Lease& lease) {
  auto answers =
      co_await transaction.run(loop, database::SystemAccess(), outbox_.settling_success(lease), {});
  if (!answers) co_return database::sql_fail(std::move(answers.error()));
  if (answers->front().empty()) co_return false;
  auto committed = co_await transaction.commit(loop);
  if (!committed) co_return database::sql_fail(std::move(committed.error()));
  co_return true;
}

}  // namespace triggers
