// The rows of a stepping statement, written as the JSON of statement.h's Rows.
//
// Straight from SQLite's memory into the text: no value is kept in between. Belongs to the thread
// of its statement, which must outlive it.
#pragma once

#include <string>
#include <vector>

#include <sqlite3.h>

#include "database/sql_error.h"
#include "database/statement.h"

namespace database::sqlite {

class JsonRows {
 public:
  explicit JsonRows(sqlite3_stmt* statement) : statement_(statement) {}

  // The row that the statement stands on. kProgramLimitExceeded when it is one too many, or the
  // text too long.
  SqlResult<void> add(const Bounds& bounds);
  // All rows so far; nothing may be added after it.
  Rows take();

 private:
  void read_names();
  void append(int column);
  [[nodiscard]] bool fits(int column, const Bounds& bounds) const;

  sqlite3_stmt* statement_;
  std::vector<std::string> keys_;  // `{"id":`, `,"name":` …
  std::string json_ = "[";
  std::uint64_t count_ = 0;
};

}  // namespace database::sqlite
