// The functions of module `roost`, as plain C++ over a Call and the guest's memory (docs/abi.md).
//
// Each returns what the guest sees, or nothing after it has set `call.failure`: then the guest is
// stopped. A pointer or length outside the guest's memory stops it (kTrap). They only copy; none
// blocks or suspends. No Wasmtime here: the sandbox links them, tests call them on a byte array.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "host/call.h"
#include "host/guest_memory.h"

namespace host {

struct Unit {};
template <class T>
using Answer = std::optional<T>;

// Stops the guest with a reason that says which argument of which function was wrong.
std::nullopt_t out_of_bounds(Call& call, std::string_view function, std::uint32_t pointer,
                             std::uint32_t length);

// Every host function of every module begins with this: counts it against the quota
// (kHostCallLimit past it).
bool count_host_call(Call& call);

// The event's JSON: its size, and a copy of [offset, offset + length) of it to `pointer`; returns
// how many bytes were copied (fewer at the end).
Answer<std::uint32_t> event_size(Call& call, GuestMemory memory);
Answer<std::uint32_t> event_read(Call& call, GuestMemory memory, std::uint32_t pointer,
                                 std::uint32_t offset, std::uint32_t length);
// The request's body as it came, without JSON.
Answer<std::uint32_t> body_size(Call& call, GuestMemory memory);
Answer<std::uint32_t> body_read(Call& call, GuestMemory memory, std::uint32_t pointer,
                                std::uint32_t offset, std::uint32_t length);

// Sets the answer; a second call replaces the first. Headers are lines `name: value` separated by
// LF (a CR before it is dropped). kBadResponse: status outside 200…599, a name that is no token, a
// value with control characters, or a header that belongs to the server (connection,
// content-length, date, transfer-encoding, keep-alive, upgrade, trailer, te, proxy-connection).
// kOutputLimit: headers and body together past the limit.
Answer<Unit> respond(Call& call, GuestMemory memory, std::uint32_t status,
                     std::uint32_t headers_pointer, std::uint32_t headers_length,
                     std::uint32_t body_pointer, std::uint32_t body_length);

// The line reads `[Function] message`; levels: 0 debug, 1 info, 2 warn, 3 error, anything else
// info. Levels other than info are named before it: `[warn] [Function] message`.
Answer<Unit> log(Call& call, GuestMemory memory, std::uint32_t level, std::uint32_t pointer,
                 std::uint32_t length);

// The size of a variable's value, kept for result_read; -1 when there is none.
Answer<std::int32_t> env(Call& call, GuestMemory memory, std::uint32_t pointer,
                         std::uint32_t length);
Answer<std::uint32_t> result_read(Call& call, GuestMemory memory, std::uint32_t pointer,
                                  std::uint32_t offset, std::uint32_t length);

Answer<std::int64_t> now(Call& call, GuestMemory memory);  // nanoseconds since 1970, UTC
Answer<Unit> random(Call& call, GuestMemory memory, std::uint32_t pointer, std::uint32_t length);

}  // namespace host
