// The part of WASI preview 1 (module `wasi_snapshot_preview1`) that wasi-libc and AssemblyScript
// need to link: clocks, random, environ, args (none), fd_write to the log, proc_exit, sched_yield.
// No files, no sockets: all else answers ENOSYS, and descriptors beyond stdout and stderr answer
// EBADF. Source: the WASI preview 1 witx, "wasi_snapshot_preview1". Each returns a WASI errno, or
// nothing to stop the guest. `poll_oneoff` is here only as the reading of its subscriptions; the
// waiting is the sandbox's.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "host/functions.h"

namespace host::wasi {

enum class Errno : std::uint16_t { kSuccess = 0, kBadf = 8, kFault = 21, kInval = 28, kNosys = 52 };

using Result = Answer<std::uint32_t>;  // an Errno as the guest sees it

Result clock_time_get(Call& call, GuestMemory memory, std::uint32_t clock, std::uint64_t precision,
                      std::uint32_t out);
Result clock_res_get(Call& call, GuestMemory memory, std::uint32_t clock, std::uint32_t out);
Result random_get(Call& call, GuestMemory memory, std::uint32_t pointer, std::uint32_t length);
Result environ_sizes_get(Call& call, GuestMemory memory, std::uint32_t count_out,
                         std::uint32_t size_out);
Result environ_get(Call& call, GuestMemory memory, std::uint32_t pointers_out,
                   std::uint32_t text_out);
Result args_sizes_get(Call& call, GuestMemory memory, std::uint32_t count_out,
                      std::uint32_t size_out);
Result args_get(Call& call, GuestMemory memory, std::uint32_t pointers_out, std::uint32_t text_out);
// stdout (1) and stderr (2) are streams of log lines.
Result fd_write(Call& call, GuestMemory memory, std::uint32_t fd, std::uint32_t iovs,
                std::uint32_t iovs_length, std::uint32_t written_out);
// Of 1 and 2: a character device that can only be written to, so that C's stdout is buffered by the
// line.
Result fd_fdstat_get(Call& call, GuestMemory memory, std::uint32_t fd, std::uint32_t out);
Result sched_yield(Call& call, GuestMemory memory);
// Always stops the guest, with call.exit_code set.
Answer<Unit> proc_exit(Call& call, GuestMemory memory, std::uint32_t code);

// How long a poll_oneoff of only clock subscriptions waits, and what it then answers.
struct Sleep {
  std::chrono::nanoseconds duration{};
  std::vector<std::uint8_t> events;  // the event records to write to `out`
  std::uint32_t count = 0;
};
struct PollPlan {
  Errno error = Errno::kSuccess;  // other than success: answer this at once
  Sleep sleep;
};
// Subscriptions other than clocks are ENOSYS.
Answer<PollPlan> plan_poll(Call& call, GuestMemory memory, std::uint32_t subscriptions,
                           std::uint32_t count);

// The rest of the module: linked so that programs load. Descriptors are all bad (wasi-libc's search
// for preopened folders ends at that answer), everything else is not there. `parameters` has one
// letter for each: i = i32, I = i64.
struct Refused {
  std::string_view name;
  std::string_view parameters;
  Errno answer;
};
const std::vector<Refused>& refused_functions();

}  // namespace host::wasi
