#include "sandbox/guest_run.h"

#include <algorithm>
#include <string>
#include <utility>

#include <time.h>

#include "base/encoding.h"
#include "base/units.h"

namespace sandbox {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::nanoseconds;

// A whole tick at least: short runs never wait in the queue of slices.
constexpr std::uint64_t kFirstSliceTicks = 2;
// A call that has used no more CPU than this is no spinning guest, however often it waits: after
// each answer it goes on at once. What has used more stands in its turn, or guests that sleep for a
// nanosecond after each slice would get all of a loop.
constexpr std::chrono::milliseconds kLight{10};
// Of a message or a name that the guest chose.
constexpr std::size_t kMaxMessage = 4096;

nanoseconds thread_cpu_time() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + nanoseconds(now.tv_nsec);
}

host::Quota quota_of(const catalog::Limits& limits) {
  host::Quota quota;
  quota.response_bytes = limits.response_bytes;
  quota.log_bytes = limits.log_bytes;
  return quota;
}

}  // namespace

GuestRun::GuestRun(const Grounds& grounds, const Program& program, const CallRequest& request,
                   unsigned loop)
    : grounds_(grounds),
      program_(program),
      limits_(request.limits),
      redactor_(request.redactor),
      canceled_(request.canceled),
      loop_(loop),
      begin_(Clock::now()),
      deadline_(base::Deadline::after(limits_.timeout, begin_)),
      times_first_slice_(limits_.cpu || program.overrun->suspected()),
      overruns_(program.overrun->expected(begin_)),
      state_{.call = host::Call(request.event, request.principal, request.environment,
                                request.redactor, quota_of(request.limits))},
      store_(grounds.engine, limits_.memory_bytes, grounds.budget, &state_) {
  store_.set_slice(kFirstSliceTicks);
  run_.emplace(program_.entry_point, store_);
}

bool GuestRun::poll() {
  const Clock::time_point begin = now_ = Clock::now();
  if (!first_slice_ && over_time()) return true;
  // The thread's own clock costs a system call; a slice at the beginning or after an answer is
  // short, so the wall clock does for it.
  const nanoseconds cpu_begin = times_cpu() ? thread_cpu_time() : nanoseconds::zero();
  bool done = false;
  {
    const Ticker::Running running(grounds_.ticker, loop_);
    done = run_->poll();
  }
  account(begin, cpu_begin);
  return over_time() || done;
}

// Adds what the slice used, now that it has ended.
void GuestRun::account(Clock::time_point begin, nanoseconds cpu_begin) {
  now_ = Clock::now();
  const nanoseconds slice = times_cpu() ? thread_cpu_time() - cpu_begin : now_ - begin;
  cpu_ += slice;
  if (slice > Overrun::kMuch) {
    Overrun& overrun = *program_.overrun;
    overrun.suspect();
    if (times_cpu()) {
      overrun.confirm(now_);
    } else if (slice > Overrun::kBelieved) {
      overrun.believe(now_);
    }
    overran_ = overruns_ = true;
  }
  first_slice_ = false;
  fresh_ = false;
}

bool GuestRun::over_time() {
  if (limits_.cpu && cpu_ > *limits_.cpu) {
    stopped_ = base::Error{base::Code::kCpuLimit,
                           "the function used " +
                               base::format_duration(duration_cast<microseconds>(cpu_)) +
                               " of CPU time, its limit is " + base::format_duration(*limits_.cpu) +
                               ": make it do less, or raise `cpu`"};
  } else if (deadline_.expired(now_)) {
    stopped_ = timeout_error();
  } else if (canceled_ != nullptr && canceled_->load(std::memory_order_relaxed)) {
    stopped_ = base::Error{base::Code::kCanceled, "the run was canceled from outside"};
  }
  return stopped_.has_value();
}

base::Error GuestRun::timeout_error() const {
  return {base::Code::kTimeout,
          "the function ran for " +
              base::format_duration(duration_cast<microseconds>(now_ - begin_)) +
              ", its timeout is " + base::format_duration(limits_.timeout) +
              ": make it faster, or raise `timeout`"};
}

GuestRun::Waits GuestRun::waits() {
  if (!store_.suspension().waiting()) return Waits::kTurn;
  return state_.call.database ? Waits::kDatabase : Waits::kClock;
}

// However long it waited, none of that was its slice.
void GuestRun::go_on() {
  fresh_ = true;
  if (cpu_ < kLight) store_.renew_slice();
}

void GuestRun::wake_up() {
  go_on();
  store_.suspension().answer(0);
}

// A result that the guest's memory could not hold is not made.
database::Bounds GuestRun::bounds() const {
  database::Bounds bounds;
  bounds.deadline = deadline_;
  bounds.max_bytes = std::min(bounds.max_bytes, limits_.memory_bytes);
  return bounds;
}

void GuestRun::answer(database::SqlResult<std::vector<database::Rows>> outcome) {
  go_on();
  store_.suspension().answer(host::answer_query(state_.call, std::move(outcome)));
}

std::optional<base::Error> GuestRun::refusal() const {
  switch (store_.refused()) {
    case wasm::Refused::kNothing:
      return std::nullopt;
    case wasm::Refused::kByLimit:
      return base::Error{base::Code::kMemoryLimit,
                         "the function asked for " + base::format_size(store_.refused_bytes()) +
                             " of memory, its limit is " + base::format_size(limits_.memory_bytes) +
                             ": make it use less, or raise `memory`"};
    case wasm::Refused::kByBudget:
      // By itself, so that it is no matter of waiting until others end.
      if (store_.refused_bytes() > grounds_.budget.total()) {
        return base::Error{base::Code::kMemoryLimit,
                           "the function asked for " + base::format_size(store_.refused_bytes()) +
                               " of memory, all functions together may have " +
                               base::format_size(grounds_.budget.total()) +
                               ": make it use less, or raise limits.node_memory"};
      }
      return base::Error{base::Code::kNodeMemory,
                         "the function asked for " + base::format_size(store_.refused_bytes()) +
                             " of memory, but all functions together have used up the node's " +
                             base::format_size(grounds_.budget.total()) +
                             ": try again later, or raise limits.node_memory"};
  }
  return std::nullopt;
}

base::Error GuestRun::crash() const {
  const host::Call& call = state_.call;
  base::Error error;
  if (call.exit_code) {
    error = {base::Code::kGuestExit, "the function exited with code " +
                                         std::to_string(*call.exit_code) + ": its log may say why"};
  } else {
    error = {base::Code::kTrap, "the function trapped: " + trap_->message};
  }
  if (call.query_failure) {
    error.message += "; its last query had failed: " + host::describe(*call.query_failure);
  }
  return error;
}

base::Result<host::Response> GuestRun::outcome() {
  host::Call& call = state_.call;
  if (stopped_) return base::fail(*stopped_);
  if (trap_) {
    if (auto refused = refusal()) return base::fail(std::move(*refused));
    if (call.failure) return base::fail(*call.failure);
    if (call.exit_code != 0U) return base::fail(crash());
  }
  if (call.query_failure) return base::fail(host::unhandled(*call.query_failure));
  return call.response ? std::move(*call.response) : host::Response{};
}

// Redacted whole before anything is escaped or cut: both would hide a secret from the redactor and
// not from people.
std::string GuestRun::for_people(std::string_view text) const {
  std::string safe = base::escape_controls(redactor_.redact(text));
  if (safe.size() > kMaxMessage) safe.resize(kMaxMessage);
  return safe;
}

CallResult GuestRun::finish() {
  if (run_) trap_ = run_->take_trap();
  run_.reset();
  if (times_first_slice_ && !overran_) program_.overrun->acquit();
  CallResult result{.response = outcome(), .backtrace = {}, .usage = {}, .lines = {}};
  if (!result.response) {
    base::Error& error = result.response.error();
    error.message = for_people(error.message);
    const bool crashed = error.code == base::Code::kTrap;
    if (trap_ && crashed) {
      for (wasm::Frame& frame : trap_->frames) frame.function = for_people(frame.function);
      result.backtrace = trap_->backtrace();
    }
  }
  state_.call.log.finish();
  result.lines = state_.call.log.take();
  result.usage = {duration_cast<microseconds>(now_ - begin_), duration_cast<microseconds>(cpu_),
                  store_.peak_memory_bytes()};
  return result;
}

}  // namespace sandbox
