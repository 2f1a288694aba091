// Statements on the test's PostgreSQL, each as one caller: as PostgREST would run them.
//
// One connection, a superuser's, that takes the caller's role and claims for one transaction.
// Belongs to one thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <libpq-fe.h>

#include "database/statement.h"
#include "differential/answer.h"
#include "differential/callers.h"

namespace differential {

enum class Ending { kRollback, kCommit };

class PostgresSession {
 public:
  // Makes the roles, the schema and its rows. A failure of the test when it cannot.
  static std::unique_ptr<PostgresSession> open(const std::string& connection_string);

  // One transaction. With the tables' rows when the statement is no SELECT and went well.
  Answer run(const Caller& caller, const database::Statement& statement, Ending ending);

  // By name, in order; JSON is to be told from text.
  struct ColumnName {
    std::string name;
    bool json = false;
  };
  using Tables = std::map<std::string, std::vector<ColumnName>>;
  [[nodiscard]] const Tables& tables() const { return tables_; }

 private:
  struct Finish {
    void operator()(PGconn* connection) const noexcept { ::PQfinish(connection); }
  };
  struct Clear {
    void operator()(PGresult* result) const noexcept { ::PQclear(result); }
  };
  using Result = std::unique_ptr<PGresult, Clear>;

  Result execute(const std::string& sql);
  bool script(const std::string& sql);
  Result execute(const database::Statement& statement);
  Answer answer_of(const PGresult* result) const;
  bool read_tables();
  std::vector<std::string> table_rows();

  std::unique_ptr<PGconn, Finish> connection_;
  Tables tables_;
  std::string dump_;
  std::string restart_;  // sequences go on behind the highest id, as SQLite's ids do
};

// Whether a statement may write, by its first word.
bool may_write(std::string_view sql);

}  // namespace differential
