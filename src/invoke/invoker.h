// The one door: every run of a function, whatever triggers it, goes through `invoke`.
//
//   admission → sandbox → journal entry → metrics → outcome
//
// An invocation is a call that admission let start: only those are in the journal; what was refused
// before shows in the metrics. The entry is written before `invoke` returns. One per process;
// `invoke` runs on the loop it is awaited on.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "auth/principal.h"
#include "base/error.h"
#include "catalog/registry.h"
#include "host/call.h"
#include "host/event.h"
#include "invoke/admission.h"
#include "invoke/profile.h"
#include "journal/journal.h"
#include "reactor/loop.h"
#include "sandbox/sandbox.h"
#include "telemetry/metrics.h"

namespace invoke {

// What made it run, as the journal and the metrics name it.
enum class Cause { kHttp, kDatabase, kSchedule };
std::string_view name_of(Cause cause);  // http | database | schedule

struct Invocation {
  catalog::FunctionPtr function;
  Cause cause = Cause::kHttp;
  auth::Principal principal;
  int depth = 0;      // how many events led to it, one another's cause
  host::Event event;  // event.request_id is the invocation's id
  // What its queries are part of, if anything; it then ends within kMaxTransactional.
  database::PoolTransaction* transaction = nullptr;
  std::shared_ptr<const std::atomic<bool>> canceled = nullptr;  // set: it ends soon (kCanceled)
  // Set: who asked has gone, so it need not begin any more. Outlives the call.
  const std::atomic<bool>* gone = nullptr;
};

// While a transaction is open, nobody else writes to a SQLite file.
inline constexpr std::chrono::seconds kMaxTransactional{1};

struct Outcome {
  base::Result<host::Response> response;
  // On kConcurrencyLimit: when to try again.
  std::optional<std::chrono::seconds> retry_after;
  // What a run that failed and that no request asked for had logged.
  std::vector<std::string> lines = {};
};

class Invoker {
 public:
  // All must outlive the Invoker.
  Invoker(const catalog::Registry& registry, sandbox::Sandbox& sandbox, journal::Journal& journal,
          telemetry::Metrics& metrics, Admission::Settings admission,
          ProfileCache::EnvironmentOf environment_of);

  // The function that a trigger of this kind may run. kNotFound when there is none of that name, it
  // is disabled, or it does not have the trigger: callers cannot tell these apart.
  [[nodiscard]] base::Result<catalog::FunctionPtr> resolve(std::string_view name,
                                                           catalog::TriggerKind trigger) const;

  // Suspends. `loop` is the one it runs on.
  reactor::Task<Outcome> invoke(reactor::Loop& loop, Invocation invocation);

  Admission& admission() { return admission_; }

 private:
  // Takes what the entry keeps out of both, which end with it.
  void record(Invocation& invocation, sandbox::CallResult& result,
              std::chrono::system_clock::time_point time);

  const catalog::Registry& registry_;
  sandbox::Sandbox& sandbox_;
  journal::Journal& journal_;
  telemetry::Metrics& metrics_;
  Admission admission_;
  ProfileCache profiles_;
};

}  // namespace invoke
