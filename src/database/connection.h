// A connection to a database with Roost's own authority.
//
// `SystemAccess` (access.h) is the only way to Roost's own tables. A Connection and its
// Transactions belong to one thread at a time (movable between threads, never shared); every call
// may block on the disk, so none is made on a loop. Errors: kStorage when the disk or the file
// refuses, kAlreadyExists when a unique key is taken, kInternal when the SQL itself is wrong.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "database/access.h"
#include "database/value.h"

namespace database {

class Connection {
 public:
  virtual ~Connection() = default;

  // One statement with `$1` placeholders. Rows of a statement that returns none are empty.
  // Statements are prepared once per text.
  virtual base::Result<std::vector<Row>> query(std::string_view sql,
                                               std::span<const Value> parameters) = 0;
  // Several statements without parameters or rows, e.g. a migration's script.
  virtual base::Result<void> run_script(std::string_view sql) = 0;

  base::Result<std::vector<Row>> query(std::string_view sql,
                                       std::initializer_list<Value> parameters) {
    return query(sql, std::span(parameters.begin(), parameters.size()));
  }
  base::Result<std::vector<Row>> query(std::string_view sql) {
    return query(sql, std::span<const Value>());
  }
};

// Begins at construction, by `begin`; rolls back in the destructor unless committed.
class Transaction {
 public:
  static base::Result<Transaction> begin(Connection& connection);  // takes the write lock at once
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  base::Result<void> commit();

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}
  Connection* connection_;  // null once committed or moved from
};

// Opens (and creates) a SQLite file: WAL, synchronous=FULL, foreign keys on, 5 s of busy timeout.
base::Result<std::unique_ptr<Connection>> open_sqlite(const std::filesystem::path& file,
                                                      SystemAccess);

}  // namespace database
