// Row-level security on SQLite against PostgreSQL's own: the same schema, policies and rows on
// both, the same statements as the same callers, and the same answers.
#include <algorithm>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "differential/corpus.h"
#include "differential/duel.h"
#include "differential/known_differences.h"

namespace differential {
namespace {

bool is_known(std::string_view sql, std::string_view caller) {
  return std::ranges::any_of(known_differences(), [&](const KnownDifference& each) {
    return each.sql == sql && each.applies_to(caller);
  });
}

TEST(Differential, CorpusAsEveryCaller) {
  Duel* const duel = Duel::get();
  ASSERT_NE(duel, nullptr);
  const auto corpus = whole_corpus();
  ASSERT_GE(corpus.size(), 150U);
  std::size_t compared = 0;
  std::size_t differ = 0;
  for (const database::Statement& statement : corpus) {
    for (const Caller& caller : callers()) {
      if (is_known(statement.sql, caller.name)) continue;
      const std::string difference = duel->compare(caller, statement);
      ++compared;
      if (difference.empty()) continue;
      ++differ;
      ADD_FAILURE() << difference;
    }
  }
  std::cout << corpus.size() << " statements, " << compared << " answers compared, " << differ
            << " differ\n";
}

// An entry that no longer differs has to go.
TEST(Differential, KnownDifferencesAreExactlyThose) {
  Duel* const duel = Duel::get();
  ASSERT_NE(duel, nullptr);
  const auto corpus = whole_corpus();
  for (const KnownDifference& known : known_differences()) {
    SCOPED_TRACE(known.sql);
    EXPECT_FALSE(known.reason.empty());
    EXPECT_FALSE(known.postgres.empty() && known.roost.empty());
    const auto statement = std::ranges::find(corpus, known.sql, &database::Statement::sql);
    ASSERT_NE(statement, corpus.end());
    std::size_t callers_concerned = 0;
    for (const Caller& caller : callers()) {
      if (!known.applies_to(caller.name)) continue;
      ++callers_concerned;
      const auto [postgres, roost] = duel->run(caller, *statement);
      EXPECT_NE(difference(postgres, roost, false), "") << caller.name << " is answered alike";
      if (!known.postgres.empty()) {
        EXPECT_EQ(brief(postgres), known.postgres) << caller.name;
      }
      if (!known.roost.empty()) {
        EXPECT_EQ(brief(roost), known.roost) << caller.name;
      }
    }
    EXPECT_GT(callers_concerned, 0U);
  }
}

// What was committed on one side was committed on the other, and seen by the next.
TEST(Differential, KeptOneAfterAnother) {
  Duel* const duel = Duel::get();
  ASSERT_NE(duel, nullptr);
  for (const Kept& kept : kept_corpus()) {
    const std::string difference =
        duel->compare(caller_named(kept.caller), {std::string(kept.sql), {}}, Ending::kCommit);
    EXPECT_EQ(difference, "");
  }
}

}  // namespace
}  // namespace differential
