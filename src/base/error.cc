#include "base/error.h"

#include <algorithm>
#include <array>

namespace base {
namespace {

struct Entry {
  Code code;
  std::string_view name;
  std::string_view title;
  int http_status;
  Fault fault;
};

constexpr std::array kEntries{
    Entry{Code::kInvalidArgument, "INVALID_ARGUMENT", "Invalid argument", 400, Fault::kCaller},
    Entry{Code::kInvalidModule, "INVALID_MODULE", "Invalid module", 400, Fault::kCaller},
    Entry{Code::kNoCredential, "UNAUTHORIZED_NO_AUTH_HEADER", "Missing credential", 401,
          Fault::kCaller},
    Entry{Code::kInvalidCredential, "UNAUTHORIZED_INVALID_JWT_FORMAT", "Invalid credential", 401,
          Fault::kCaller},
    Entry{Code::kForbidden, "FORBIDDEN", "Forbidden", 403, Fault::kCaller},
    Entry{Code::kNotFound, "NOT_FOUND", "Not found", 404, Fault::kCaller},
    Entry{Code::kMethodNotAllowed, "METHOD_NOT_ALLOWED", "Method not allowed", 405, Fault::kCaller},
    Entry{Code::kRequestTimeout, "REQUEST_TIMEOUT", "Request too slow", 408, Fault::kCaller},
    Entry{Code::kAlreadyExists, "ALREADY_EXISTS", "Already exists", 409, Fault::kCaller},
    Entry{Code::kPayloadTooLarge, "PAYLOAD_TOO_LARGE", "Payload too large", 413, Fault::kCaller},
    Entry{Code::kHeadersTooLarge, "HEADERS_TOO_LARGE", "Headers too large", 431, Fault::kCaller},
    Entry{Code::kConcurrencyLimit, "CONCURRENCY_LIMIT", "Too many at once", 429, Fault::kCaller},
    Entry{Code::kCanceled, "CANCELED", "Run canceled", 409, Fault::kCaller},
    Entry{Code::kTimeout, "TIMEOUT", "Function timed out", 504, Fault::kGuest},
    Entry{Code::kCpuLimit, "CPU_LIMIT", "CPU limit exceeded", 504, Fault::kGuest},
    Entry{Code::kMemoryLimit, "MEMORY_LIMIT", "Memory limit exceeded", 507, Fault::kGuest},
    Entry{Code::kTrap, "TRAP", "Function crashed", 500, Fault::kGuest},
    Entry{Code::kOutputLimit, "OUTPUT_LIMIT", "Response too large", 500, Fault::kGuest},
    Entry{Code::kHostCallLimit, "HOST_CALL_LIMIT", "Too many host calls", 500, Fault::kGuest},
    Entry{Code::kBadResponse, "BAD_RESPONSE", "Invalid response", 500, Fault::kGuest},
    Entry{Code::kGuestExit, "GUEST_EXIT", "Function exited", 500, Fault::kGuest},
    Entry{Code::kQueryFailed, "QUERY_FAILED", "Database query failed", 500, Fault::kGuest},
    Entry{Code::kNodeMemory, "NODE_MEMORY", "Node out of memory", 503, Fault::kWorld},
    Entry{Code::kDraining, "DRAINING", "Server is shutting down", 503, Fault::kWorld},
    Entry{Code::kDatabaseUnavailable, "DATABASE_UNAVAILABLE", "Database unavailable", 500,
          Fault::kWorld},
    Entry{Code::kStorage, "STORAGE", "Storage failed", 500, Fault::kWorld},
    Entry{Code::kUnavailable, "UNAVAILABLE", "Unavailable", 503, Fault::kWorld},
    Entry{Code::kInternal, "INTERNAL", "Internal error", 500, Fault::kOurs},
};

consteval bool in_order() {
  for (std::size_t i = 0; i < kEntries.size(); ++i) {
    if (static_cast<std::size_t>(kEntries[i].code) != i) return false;
  }
  return kEntries.size() == static_cast<std::size_t>(Code::kInternal) + 1;
}
static_assert(in_order(), "the table is indexed by Code: one row each, in the enum's order");

constexpr const Entry& entry(Code code) { return kEntries.at(static_cast<std::size_t>(code)); }

}  // namespace

std::string_view name_of(Code code) { return entry(code).name; }
std::string_view title_of(Code code) { return entry(code).title; }
int http_status_of(Code code) { return entry(code).http_status; }
Fault fault_of(Code code) { return entry(code).fault; }

std::optional<Code> code_named(std::string_view name) {
  const auto* found = std::ranges::find(kEntries, name, &Entry::name);
  if (found == kEntries.end()) return std::nullopt;
  return found->code;
}

}  // namespace base
