// Both databases with the same schema and rows, and a statement run on both.
//
// Made once per program, at its first use; gone at the end of its tests. One thread.
#pragma once

#include <string>

#include "differential/postgres_cluster.h"
#include "differential/postgres_session.h"
#include "differential/roost_session.h"

namespace differential {

class Duel {
 public:
  // Null when it could not be made: the test has failed then.
  static Duel* get();

  struct Answers {
    Answer postgres;
    Answer roost;
  };
  Answers run(const Caller& caller, const database::Statement& statement,
              Ending ending = Ending::kRollback);
  // Nothing when they agree; else the statement, its caller and what differs.
  std::string compare(const Caller& caller, const database::Statement& statement,
                      Ending ending = Ending::kRollback);

 private:
  friend class DuelEnvironment;
  bool make();

  std::unique_ptr<PostgresCluster> cluster_;
  std::unique_ptr<PostgresSession> postgres_;
  std::unique_ptr<RoostSession> roost_;
};

// The two SQLSTATEs say the same, each in its database's words.
bool is_equivalent(const Answer& postgres, const Answer& roost);

const Caller& caller_named(std::string_view name);

}  // namespace differential
