#include "sandbox/host_functions.h"

#include <cstdint>
#include <optional>
#include <type_traits>

#include "host/assemblyscript.h"
#include "host/database_call.h"
#include "host/functions.h"
#include "host/wasi.h"

namespace sandbox {
namespace {

constexpr std::string_view kRoost = "roost";
constexpr std::string_view kWasi = "wasi_snapshot_preview1";

GuestState& state_of(const wasm::Caller& caller) {
  return *static_cast<GuestState*>(caller.data());
}

// Turns a host function into one that wasm/ links: counts the call, finds the memory, passes the
// rest on.
template <auto function, class Signature = decltype(function)>
struct Linked;
template <auto function, class R, class... Args>
struct Linked<function, host::Answer<R> (*)(host::Call&, host::GuestMemory, Args...)> {
  using Value = std::conditional_t<std::is_same_v<R, host::Unit>, wasm::Nothing, R>;
  static std::optional<Value> call(wasm::Caller& caller, Args... arguments) {
    host::Call& call = state_of(caller).call;
    if (!host::count_host_call(call)) return std::nullopt;
    const auto answer = function(call, host::GuestMemory(caller.memory()), arguments...);
    if (!answer) return std::nullopt;
    if constexpr (std::is_same_v<R, host::Unit>) {
      return wasm::Nothing{};
    } else {
      return answer;
    }
  }
};

// wasi poll_oneoff over clocks: the answer is known at once, so it is written before the guest
// sleeps; nothing of the guest is touched when it wakes.
std::optional<wasm::Step> poll_oneoff(wasm::Caller& caller, std::uint32_t subscriptions,
                                      std::uint32_t events, std::uint32_t count,
                                      std::uint32_t count_out) {
  GuestState& state = state_of(caller);
  if (!host::count_host_call(state.call)) return std::nullopt;
  const host::GuestMemory memory(caller.memory());
  const auto plan = host::wasi::plan_poll(state.call, memory, subscriptions, count);
  if (!plan) return std::nullopt;
  if (plan->error != host::wasi::Errno::kSuccess) {
    return wasm::Step::done(static_cast<std::int32_t>(plan->error));
  }
  const host::wasi::Sleep& sleep = plan->sleep;
  const std::string_view records(reinterpret_cast<const char*>(sleep.events.data()),
                                 sleep.events.size());
  if (!memory.write(events, records) || !memory.store(count_out, sleep.count)) {
    return wasm::Step::done(static_cast<std::int32_t>(host::wasi::Errno::kFault));
  }
  if (sleep.duration.count() <= 0) return wasm::Step::done(0);
  state.wake = base::Deadline::after(sleep.duration);
  return wasm::Step::suspend();
}

// db_query and db_batch: what is asked for is noted, the driver has it answered.
template <auto ask, class Signature = decltype(ask)>
struct Asked;
template <auto ask, class... Args>
struct Asked<ask, host::Answer<host::Unit> (*)(host::Call&, host::GuestMemory, Args...)> {
  static std::optional<wasm::Step> call(wasm::Caller& caller, Args... arguments) {
    host::Call& call = state_of(caller).call;
    if (!host::count_host_call(call)) return std::nullopt;
    if (!ask(call, host::GuestMemory(caller.memory()), arguments...)) return std::nullopt;
    return wasm::Step::suspend();
  }
};

template <auto function>
void link(wasm::Linker& linker, std::string_view module, std::string_view name) {
  linker.define<&Linked<function>::call>(module, name);
}

void link_roost(wasm::Linker& linker) {
  link<&host::event_size>(linker, kRoost, "event_size");
  link<&host::event_read>(linker, kRoost, "event_read");
  link<&host::body_size>(linker, kRoost, "body_size");
  link<&host::body_read>(linker, kRoost, "body_read");
  link<&host::respond>(linker, kRoost, "respond");
  link<&host::log>(linker, kRoost, "log");
  link<&host::env>(linker, kRoost, "env");
  link<&host::result_read>(linker, kRoost, "result_read");
  link<&host::now>(linker, kRoost, "now");
  link<&host::random>(linker, kRoost, "random");
  linker.define<&Asked<&host::ask_query>::call>(kRoost, "db_query");
  linker.define<&Asked<&host::ask_batch>::call>(kRoost, "db_batch");
  link<&host::assemblyscript_abort>(linker, "env", "abort");
}

void link_wasi(wasm::Linker& linker) {
  link<&host::wasi::clock_time_get>(linker, kWasi, "clock_time_get");
  link<&host::wasi::clock_res_get>(linker, kWasi, "clock_res_get");
  link<&host::wasi::random_get>(linker, kWasi, "random_get");
  link<&host::wasi::environ_sizes_get>(linker, kWasi, "environ_sizes_get");
  link<&host::wasi::environ_get>(linker, kWasi, "environ_get");
  link<&host::wasi::args_sizes_get>(linker, kWasi, "args_sizes_get");
  link<&host::wasi::args_get>(linker, kWasi, "args_get");
  link<&host::wasi::fd_write>(linker, kWasi, "fd_write");
  link<&host::wasi::fd_fdstat_get>(linker, kWasi, "fd_fdstat_get");
  link<&host::wasi::sched_yield>(linker, kWasi, "sched_yield");
  link<&host::wasi::proc_exit>(linker, kWasi, "proc_exit");
  linker.define<&poll_oneoff>(kWasi, "poll_oneoff");
  for (const host::wasi::Refused& refused : host::wasi::refused_functions()) {
    linker.define_constant(kWasi, refused.name, refused.parameters,
                           static_cast<std::int32_t>(refused.answer));
  }
}

}  // namespace

wasm::Linker link_host_functions(const wasm::Engine& engine) {
  wasm::Linker linker(engine);
  link_roost(linker);
  link_wasi(linker);
  return linker;
}

}  // namespace sandbox
