// db_query and db_batch (docs/abi.md), the host functions that wait.
//
//   ask_…           copies the arguments out of the guest, on its fiber
//   statements_of   makes statements of them, on any thread
//   (the sandbox's driver has them run, as the caller)
//   answer_query    makes what result_read reads, and the number that the host call returns
//
// A query's error is the guest's to handle: until it responds, or another query succeeds,
// `call.query_failure` keeps it, and a call that ends like this fails (unhandled).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/units.h"
#include "database/sql_error.h"
#include "database/statement.h"
#include "host/call.h"
#include "host/functions.h"
#include "host/guest_memory.h"

namespace host {

inline constexpr std::uint32_t kMaxSqlBytes = 256 * base::kKiB;
inline constexpr std::uint32_t kMaxParametersBytes = 6 * base::kMiB;  // a batch's JSON too
inline constexpr std::size_t kMaxStatements = 1000;                   // of a batch
inline constexpr std::size_t kMaxParameters = 100'000;                // of all its statements

// Sets `call.database`; a range outside the guest's memory stops the guest.
Answer<Unit> ask_query(Call& call, GuestMemory memory, std::uint32_t sql_pointer,
                       std::uint32_t sql_length, std::uint32_t parameters_pointer,
                       std::uint32_t parameters_length);
Answer<Unit> ask_batch(Call& call, GuestMemory memory, std::uint32_t pointer, std::uint32_t length);

// kProgramLimitExceeded for what is too much, kInvalidTextRepresentation and kInvalidParameterValue
// for JSON that is none or not of this form, kNumericValueOutOfRange.
database::SqlResult<std::vector<database::Statement>> statements_of(const DatabaseRequest& request);

// Ends `call.database`: ≥ 0 the size of the rows' JSON, < 0 minus the size of the error's, either
// of them in `call.result`. An error is logged.
std::int32_t answer_query(Call& call, database::SqlResult<std::vector<database::Rows>> outcome);

// The end of a call that left a query's error unhandled: kQueryFailed, or kDatabaseUnavailable
// where the database itself failed.
base::Error unhandled(const database::SqlError& error);
// "unique_violation: …": for messages and the log.
std::string describe(const database::SqlError& error);

}  // namespace host
