#include "host/functions.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <string>

#include <sys/random.h>

#include "base/units.h"
#include "host/header_lines.h"

namespace host {
namespace {

// Copies [offset, offset + length) of `from` into the guest: what all the reading functions do.
Answer<std::uint32_t> copy_out(Call& call, GuestMemory memory, std::string_view function,
                               std::string_view from, std::uint32_t pointer, std::uint32_t offset,
                               std::uint32_t length) {
  if (!memory.writable(pointer, length)) return out_of_bounds(call, function, pointer, length);
  const std::string_view part = from.substr(std::min<std::size_t>(offset, from.size()), length);
  if (!memory.write(pointer, part)) return out_of_bounds(call, function, pointer, length);
  return static_cast<std::uint32_t>(part.size());
}

const std::string& event_json(Call& call) {
  if (!call.event.captured.empty()) return call.event.captured;
  if (!call.event_json) call.event_json = to_json(call.event, call.principal);
  return *call.event_json;
}

std::optional<base::Error> check_response(std::uint32_t status, std::uint64_t size,
                                          const Quota& quota) {
  if (status < 200 || status > 599) {
    return base::Error{base::Code::kBadResponse, "respond: the status " + std::to_string(status) +
                                                     " is not between 200 and 599"};
  }
  if (size > quota.response_bytes) {
    return base::Error{base::Code::kOutputLimit, "the response has " + base::format_size(size) +
                                                     ", its limit is " +
                                                     base::format_size(quota.response_bytes) +
                                                     ": answer less, or raise `max_response`"};
  }
  return std::nullopt;
}

// From the kernel itself: OpenSSL's generator, which the rest of the server uses, may want more
// stack than a guest's fiber has.
void fill_random(std::span<std::uint8_t> target) {
  while (!target.empty()) {
    const ssize_t filled = ::getrandom(target.data(), target.size(), 0);
    if (filled < 0 && errno != EINTR) std::abort();  // nothing safe could follow
    if (filled > 0) target = target.subspan(static_cast<std::size_t>(filled));
  }
}

}  // namespace

std::nullopt_t out_of_bounds(Call& call, std::string_view function, std::uint32_t pointer,
                             std::uint32_t length) {
  call.failure =
      base::Error{base::Code::kTrap,
                  std::string(function) + ": the range of " + std::to_string(length) +
                      " bytes at " + std::to_string(pointer) + " is outside the function's memory"};
  return std::nullopt;
}

bool count_host_call(Call& call) {
  if (++call.host_calls <= call.quota.host_calls) return true;
  call.failure =
      base::Error{base::Code::kHostCallLimit, "the function made more than " +
                                                  std::to_string(call.quota.host_calls) +
                                                  " host calls: read and write in larger pieces"};
  return false;
}

Answer<std::uint32_t> event_size(Call& call, GuestMemory /*memory*/) {
  return static_cast<std::uint32_t>(event_json(call).size());
}

Answer<std::uint32_t> event_read(Call& call, GuestMemory memory, std::uint32_t pointer,
                                 std::uint32_t offset, std::uint32_t length) {
  return copy_out(call, memory, "event_read", event_json(call), pointer, offset, length);
}

Answer<std::uint32_t> body_size(Call& call, GuestMemory /*memory*/) {
  return static_cast<std::uint32_t>(call.event.body.size());
}

Answer<std::uint32_t> body_read(Call& call, GuestMemory memory, std::uint32_t pointer,
                                std::uint32_t offset, std::uint32_t length) {
  return copy_out(call, memory, "body_read", call.event.body, pointer, offset, length);
}

Answer<Unit> respond(Call& call, GuestMemory memory, std::uint32_t status,
                     std::uint32_t headers_pointer, std::uint32_t headers_length,
                     std::uint32_t body_pointer, std::uint32_t body_length) {
  const auto header_text = memory.read(headers_pointer, headers_length);
  if (!header_text) return out_of_bounds(call, "respond: headers", headers_pointer, headers_length);
  const auto body = memory.read(body_pointer, body_length);
  if (!body) return out_of_bounds(call, "respond: body", body_pointer, body_length);
  const auto size = static_cast<std::uint64_t>(headers_length) + body_length;
  call.failure = check_response(status, size, call.quota);
  if (call.failure) return std::nullopt;
  auto headers = parse_header_lines(*header_text);
  if (!headers) {
    call.failure = std::move(headers.error());
    return std::nullopt;
  }
  call.query_failure.reset();  // an answer after it: the guest has seen it
  call.response = Response{static_cast<int>(status), std::move(*headers), std::string(*body)};
  return Unit{};
}

Answer<Unit> log(Call& call, GuestMemory memory, std::uint32_t level, std::uint32_t pointer,
                 std::uint32_t length) {
  constexpr std::array<std::string_view, 4> kPrefixes{"[debug] [Function] ", "[Function] ",
                                                      "[warn] [Function] ", "[error] [Function] "};
  constexpr std::uint32_t kInfo = 1;
  const auto message = memory.read(pointer, length);
  if (!message) return out_of_bounds(call, "log", pointer, length);
  call.log.line(*message, kPrefixes.at(level < kPrefixes.size() ? level : kInfo));
  return Unit{};
}

Answer<std::int32_t> env(Call& call, GuestMemory memory, std::uint32_t pointer,
                         std::uint32_t length) {
  const auto name = memory.read(pointer, length);
  if (!name) return out_of_bounds(call, "env", pointer, length);
  // Compared in place: a name may be as long as the guest's memory.
  const auto found = std::ranges::find(call.environment, *name, &Environment::value_type::first);
  if (found == call.environment.end()) return -1;
  call.result = found->second;
  return static_cast<std::int32_t>(call.result.size());
}

Answer<std::uint32_t> result_read(Call& call, GuestMemory memory, std::uint32_t pointer,
                                  std::uint32_t offset, std::uint32_t length) {
  return copy_out(call, memory, "result_read", call.result, pointer, offset, length);
}

Answer<std::int64_t> now(Call& /*call*/, GuestMemory /*memory*/) {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
}

Answer<Unit> random(Call& call, GuestMemory memory, std::uint32_t pointer, std::uint32_t length) {
  // More than a guest needs at once, and not enough to hold up a loop.
  constexpr std::uint32_t kMaxRandom = 64 * 1024;
  const auto target = memory.writable(pointer, length);
  if (!target) return out_of_bounds(call, "random", pointer, length);
  if (length > kMaxRandom) {
    call.failure = base::Error{base::Code::kTrap, "random: " + std::to_string(length) +
                                                      " bytes were asked for, at most 65536 are "
                                                      "given at a time: ask again for the rest"};
    return std::nullopt;
  }
  fill_random(*target);
  return Unit{};
}

}  // namespace host
