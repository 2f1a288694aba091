// Statements on a SQLite file through the guest's connection, each as one caller.
//
// Belongs to one thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "database/sqlite/guest_connection.h"
#include "database/sqlite/guest_pair.h"
#include "database/sqlite/prepared.h"
#include "differential/answer.h"
#include "differential/callers.h"
#include "differential/postgres_session.h"

namespace differential {

class RoostSession {
 public:
  // Makes the file, the schema and its rows, as an administrator would. A failure of the test when
  // it cannot. `tables`: whose rows are compared.
  static std::unique_ptr<RoostSession> open(const std::filesystem::path& file,
                                            const PostgresSession::Tables& tables);

  // One transaction. With the tables' rows when the statement is no SELECT and went well. What is
  // committed goes through GuestConnection; what is not, through the pair below it, whose tables
  // can be looked at before they are rolled back.
  Answer run(const Caller& caller, const database::Statement& statement, Ending ending);

 private:
  Answer try_out(const Caller& caller, const database::Statement& statement);
  Answer keep(const Caller& caller, const database::Statement& statement);
  std::vector<std::string> table_rows(sqlite3* connection) const;

  std::unique_ptr<database::sqlite::GuestPair> pair_;
  std::unique_ptr<database::sqlite::GuestConnection> connection_;
  database::sqlite::ConnectionHandle reader_;
  std::string dump_;
};

}  // namespace differential
