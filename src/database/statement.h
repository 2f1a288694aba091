// A statement and what came of it, as every driver understands them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/units.h"
#include "database/value.h"

namespace database {

struct Statement {
  std::string sql;  // PostgreSQL's grammar, `$1` placeholders
  std::vector<Value> parameters;
};

// What one run may take. A statement past its deadline is cancelled (kQueryCanceled), one with more
// rows or bytes of JSON is ended (kProgramLimitExceeded); neither changes anything.
struct Bounds {
  base::Deadline deadline = base::Deadline::never();
  std::uint64_t max_rows = 100'000;
  std::uint64_t max_bytes = 8 * base::kMiB;  // of all statements of the run together
};

// The rows as a JSON array of objects, `[]` when there are none: integers and doubles as numbers,
// text as strings, JSON values as they are, bytes as strings of the form `\x6869`.
struct Rows {
  std::string json = "[]";
  std::uint64_t count = 0;  // rows returned, or changed by a statement that returns none
};

}  // namespace database
