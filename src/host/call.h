// Everything one guest call may see and touch, and what it left behind.
//
// The sandbox makes one Call for each invocation and hands it to every host function; the call's
// guest never sees another's. Belongs to the loop that runs the guest; not shared. The references
// it is made from must outlive it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/principal.h"
#include "base/deadline.h"
#include "base/error.h"
#include "database/sql_error.h"
#include "host/event.h"
#include "host/guest_log.h"
#include "telemetry/redaction.h"

namespace host {

struct Response {
  int status = 204;
  NameValues headers;
  std::string body;
};

// What a db_query or db_batch asks for, as it came (database_call.h).
struct DatabaseRequest {
  enum class Kind : std::uint8_t { kQuery, kBatch };
  Kind kind = Kind::kQuery;
  std::string sql;   // of a query
  std::string json;  // a query's parameters, or the batch
  // Arguments that are too long are not copied; this says which.
  std::optional<database::SqlError> refused;
};

// The part of a function's limits that host functions enforce.
struct Quota {
  std::uint64_t response_bytes = 0;
  std::uint64_t log_bytes = 0;
  std::uint32_t host_calls = 10'000;
};

using Environment = std::map<std::string, std::string>;

struct Call {
  Call(const Event& event_in, const auth::Principal& principal_in,
       const Environment& environment_in, const telemetry::Redactor& redactor, Quota quota_in)
      : event(event_in),
        principal(principal_in),
        environment(environment_in),
        quota(quota_in),
        log(quota_in.log_bytes, redactor) {}

  const Event& event;
  const auth::Principal& principal;
  const Environment& environment;
  const Quota quota;

  GuestLog log;
  std::optional<std::string> event_json;  // made by the first event_size or event_read
  std::string result;                     // what result_read reads: the last sized answer
  std::optional<Response> response;
  std::uint32_t host_calls = 0;
  // From the asking of the guest to the answer of the driver.
  std::optional<DatabaseRequest> database;
  // Of the last query, until another succeeds or the guest responds: then it was handled.
  std::optional<database::SqlError> query_failure;
  // Set by a host function that ends the call; the sandbox then reports it in place of the trap.
  std::optional<base::Error> failure;
  // Set by proc_exit.
  std::optional<std::uint32_t> exit_code;
};

}  // namespace host
