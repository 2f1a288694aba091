#include "host/wasi.h"

#include <limits>
#include <string>

namespace host::wasi {
namespace {

constexpr std::uint32_t kClockRealtime = 0;
constexpr std::uint32_t kClockMonotonic = 1;
constexpr std::uint32_t kStdout = 1;
constexpr std::uint32_t kStderr = 2;
constexpr std::uint32_t kMaxIovs = 1024;  // IOV_MAX
constexpr std::uint64_t kMaxWrite = std::numeric_limits<std::int32_t>::max();

Result answer(Errno error) { return static_cast<std::uint32_t>(error); }
Result answer(bool stored) { return answer(stored ? Errno::kSuccess : Errno::kFault); }

std::uint64_t nanoseconds(std::chrono::nanoseconds span) {
  return static_cast<std::uint64_t>(span.count());
}

// The process and thread clocks are not granted.
std::optional<std::uint64_t> read_clock(std::uint32_t clock) {
  if (clock == kClockRealtime) {
    return nanoseconds(std::chrono::system_clock::now().time_since_epoch());
  }
  if (clock == kClockMonotonic) {
    return nanoseconds(std::chrono::steady_clock::now().time_since_epoch());
  }
  return std::nullopt;
}

// Nothing when the table or any piece is outside.
std::optional<std::vector<std::string_view>> read_iovs(GuestMemory memory, std::uint32_t iovs,
                                                       std::uint32_t count) {
  constexpr std::uint32_t kIovBytes = 8;  // pointer u32, length u32
  if (!memory.read(iovs, count * kIovBytes)) return std::nullopt;
  std::vector<std::string_view> pieces;
  pieces.reserve(count);
  for (std::uint32_t at = iovs; pieces.size() < count; at += kIovBytes) {
    const auto piece =
        memory.read(*memory.load<std::uint32_t>(at), *memory.load<std::uint32_t>(at + 4));
    if (!piece) return std::nullopt;
    pieces.push_back(*piece);
  }
  return pieces;
}

std::string entry_of(const Environment::value_type& variable) {
  return variable.first + "=" + variable.second + '\0';
}

}  // namespace

Result clock_time_get(Call& /*call*/, GuestMemory memory, std::uint32_t clock,
                      std::uint64_t /*precision*/, std::uint32_t out) {
  const auto time = read_clock(clock);
  return time ? answer(memory.store(out, *time)) : answer(Errno::kInval);
}

Result clock_res_get(Call& /*call*/, GuestMemory memory, std::uint32_t clock, std::uint32_t out) {
  return read_clock(clock) ? answer(memory.store(out, std::uint64_t{1})) : answer(Errno::kInval);
}

Result random_get(Call& call, GuestMemory memory, std::uint32_t pointer, std::uint32_t length) {
  if (!memory.writable(pointer, length)) return answer(Errno::kFault);
  if (!random(call, memory, pointer, length)) return std::nullopt;
  return answer(Errno::kSuccess);
}

Result environ_sizes_get(Call& call, GuestMemory memory, std::uint32_t count_out,
                         std::uint32_t size_out) {
  std::size_t size = 0;
  for (const auto& variable : call.environment) size += entry_of(variable).size();
  return answer(memory.store(count_out, static_cast<std::uint32_t>(call.environment.size())) &&
                memory.store(size_out, static_cast<std::uint32_t>(size)));
}

Result environ_get(Call& call, GuestMemory memory, std::uint32_t pointers_out,
                   std::uint32_t text_out) {
  for (const auto& variable : call.environment) {
    const std::string entry = entry_of(variable);
    // A pointer that wrapped round would have failed to store before it could.
    if (!memory.store(pointers_out, text_out) || !memory.write(text_out, entry)) {
      return answer(Errno::kFault);
    }
    pointers_out += sizeof(std::uint32_t);
    text_out += static_cast<std::uint32_t>(entry.size());
  }
  return answer(Errno::kSuccess);
}

Result args_sizes_get(Call& /*call*/, GuestMemory memory, std::uint32_t count_out,
                      std::uint32_t size_out) {
  return answer(memory.store(count_out, 0U) && memory.store(size_out, 0U));
}

Result args_get(Call& /*call*/, GuestMemory /*memory*/, std::uint32_t /*pointers_out*/,
                std::uint32_t /*text_out*/) {
  return answer(Errno::kSuccess);
}

Result fd_write(Call& call, GuestMemory memory, std::uint32_t fd, std::uint32_t iovs,
                std::uint32_t iovs_length, std::uint32_t written_out) {
  if (fd != kStdout && fd != kStderr) return answer(Errno::kBadf);
  if (iovs_length > kMaxIovs) return answer(Errno::kInval);
  const auto pieces = read_iovs(memory, iovs, iovs_length);
  if (!pieces) return answer(Errno::kFault);
  std::uint64_t written = 0;
  for (const std::string_view piece : *pieces) written += piece.size();
  // The same bytes may be named again and again, past what a size can say.
  if (written > kMaxWrite) return answer(Errno::kInval);
  for (const std::string_view piece : *pieces) call.log.stream(piece);
  return answer(memory.store(written_out, static_cast<std::uint32_t>(written)));
}

// fdstat: filetype u8 @0 · flags u16 @2 · rights u64 @8 · inheriting rights u64 @16
Result fd_fdstat_get(Call& /*call*/, GuestMemory memory, std::uint32_t fd, std::uint32_t out) {
  constexpr std::uint64_t kCharacterDevice = 2;
  constexpr std::uint64_t kMayWrite = 1U << 6U;
  if (fd != kStdout && fd != kStderr) return answer(Errno::kBadf);
  const std::array<std::uint64_t, 3> record{kCharacterDevice, kMayWrite, 0};
  return answer(memory.write(out, {reinterpret_cast<const char*>(record.data()), sizeof record}));
}

Result sched_yield(Call& /*call*/, GuestMemory /*memory*/) { return answer(Errno::kSuccess); }

Answer<Unit> proc_exit(Call& call, GuestMemory /*memory*/, std::uint32_t code) {
  call.exit_code = code;
  return std::nullopt;
}

}  // namespace host::wasi
