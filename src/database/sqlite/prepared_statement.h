// One prepared statement with `$1` placeholders.
//
// Belongs to the thread of its connection, which must outlive it. `run` leaves it ready for the
// next run, however it ended: a statement left half-way would hold its read transaction open.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <sqlite3.h>

#include "base/error.h"
#include "database/value.h"

namespace database::sqlite {

class PreparedStatement {
 public:
  // kInternal unless `sql` is exactly one valid statement whose placeholders are all `$<number>`.
  static base::Result<PreparedStatement> prepare(sqlite3* connection, std::string_view sql);

  // kInternal when there are more or fewer parameters than placeholders.
  base::Result<std::vector<Row>> run(std::span<const Value> parameters);

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
  };
  using Handle = std::unique_ptr<sqlite3_stmt, Finalize>;

  explicit PreparedStatement(Handle handle) : handle_(std::move(handle)) {}
  base::Result<void> number_placeholders();
  base::Result<void> bind(std::span<const Value> parameters);
  base::Result<std::vector<Row>> rows();

  Handle handle_;
  // SQLite numbers placeholders as they appear; entry i is the parameter that its placeholder i + 1
  // takes.
  std::vector<std::size_t> parameter_of_;
  std::size_t parameters_ = 0;
};

}  // namespace database::sqlite
