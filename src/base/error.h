// What can go wrong, as values.
//
// `Code` is closed and grouped by whose fault it is; each code has one stable name (what users
// match on), one HTTP status and one short title, kept in one table in error.cc. `Error` adds the
// message, which says what happened, to what, and what to do. Exceptions do not cross rooms. Pure
// values, safe on any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace base {

enum class Code : std::uint8_t {
  // The caller's: the same request will fail again.
  kInvalidArgument,
  kInvalidModule,
  kNoCredential,
  kInvalidCredential,
  kForbidden,
  kNotFound,
  kMethodNotAllowed,
  kRequestTimeout,
  kAlreadyExists,
  kPayloadTooLarge,
  kHeadersTooLarge,
  kConcurrencyLimit,
  kCanceled,
  // The guest's: its code broke off or passed one of its own limits.
  kTimeout,
  kCpuLimit,
  kMemoryLimit,
  kTrap,
  kOutputLimit,
  kHostCallLimit,
  kBadResponse,
  kGuestExit,
  kQueryFailed,
  // The world's: the machine, its disk, the network.
  kNodeMemory,
  kDraining,
  kDatabaseUnavailable,
  kStorage,
  kUnavailable,
  // Ours: a bug.
  kInternal,
};

enum class Fault : std::uint8_t { kCaller, kGuest, kWorld, kOurs };

// The stable name, e.g. "NODE_MEMORY": part of the interface, never changed.
std::string_view name_of(Code code);
// A few words for people, e.g. "Function timed out".
std::string_view title_of(Code code);
int http_status_of(Code code);
Fault fault_of(Code code);
std::optional<Code> code_named(std::string_view name);

struct Error {
  Code code = Code::kInternal;
  std::string message;
};

template <class T>
using Result = std::expected<T, Error>;

// `return fail(Code::kNotFound, "…");` from any function that returns a Result.
inline std::unexpected<Error> fail(Code code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}
inline std::unexpected<Error> fail(Error error) { return std::unexpected(std::move(error)); }

}  // namespace base
