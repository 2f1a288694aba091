// Random statements on both databases, with fixed seeds, so that a failure is the same tomorrow; a
// long run takes others (soak.h).
#include <cstdlib>
#include <iostream>
#include <random>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "differential/duel.h"
#include "differential/generator.h"
#include "differential/soak.h"

namespace differential {
namespace {

constexpr int kNumbers = 160;
constexpr int kStatementsPerSeed = 400;

struct Tally {
  std::size_t statements = 0;
  std::size_t rows = 0;     // that came back or were changed
  std::size_t refused = 0;  // by a policy, a grant or a constraint
  std::size_t by_other_rule = 0;
  std::size_t forgotten = 0;  // tables without a grant that PostgreSQL did not ask for
};

bool is_refusal(const Answer& answer) {
  return answer.state == "42501" || answer.state.starts_with("23") || answer.state == "21000";
}

// What PostgreSQL computes before it looks for tables hides their grants from it; Roost refuses
// (known_differences.cc).
bool is_forgotten_table(const Answer& postgres, const Answer& roost) {
  return roost.state == "42501" && roost.message.starts_with("permission denied for table ") &&
         !postgres.message.starts_with("permission denied");
}

// Nothing, or what differs.
std::string try_one(Duel& duel, const std::vector<std::uint32_t>& numbers, Tally& tally) {
  Choices choices(numbers);
  const Caller& caller = choices.of(callers());
  const Generated generated = generate_statement(choices);
  const database::Statement statement{generated.sql, {}};
  const auto [postgres, roost] = duel.run(caller, statement);
  ++tally.statements;
  tally.rows += postgres.count;
  if (is_refusal(postgres)) ++tally.refused;
  if (generated.many_faults && is_refusal(postgres) && is_refusal(roost) &&
      postgres.state != roost.state) {
    ++tally.by_other_rule;
    return {};
  }
  if (generated.moves_keys && (postgres.state == "23505") != (roost.state == "23505")) {
    ++tally.by_other_rule;
    return {};
  }
  if (is_equivalent(postgres, roost)) return {};
  if (is_forgotten_table(postgres, roost)) {
    ++tally.forgotten;
    return {};
  }
  const std::string what = difference(postgres, roost, is_ordered(generated.sql));
  if (what.empty()) return {};
  return std::string(caller.name) + ": " + generated.sql + "\n" + what;
}

// Shrinks to the smallest statement that still differs.
void check(Duel& duel, std::uint64_t seed, int statements, Tally& tally) {
  rc::detail::TestParams params;
  params.seed = seed;
  params.maxSuccess = statements;
  rc::detail::TestMetadata metadata;
  const auto result = rc::detail::checkTestable(
      [&] {
        const auto numbers = *rc::gen::container<std::vector<std::uint32_t>>(
            kNumbers, rc::gen::inRange<std::uint32_t>(0, 10'000));
        const std::string what = try_one(duel, numbers, tally);
        if (!what.empty()) RC_FAIL(what);
      },
      metadata, params);
  if (result.is<rc::detail::SuccessResult>()) return;
  std::ostringstream text;
  rc::detail::printResultMessage(result, text);
  ADD_FAILURE() << "seed " << seed << "\n" << text.str();
}

TEST(Differential, RandomStatements) {
  Duel* const duel = Duel::get();
  ASSERT_NE(duel, nullptr);
  Tally tally;
  for (const std::uint64_t seed : soak_seeds({11, 12, 13, 14, 15, 16})) {
    check(*duel, seed, soak_size(kStatementsPerSeed), tally);
  }
  std::cout << tally.statements << " statements: " << tally.rows << " rows, " << tally.refused
            << " refused, " << tally.by_other_rule << " of them by another rule, "
            << tally.forgotten << " by Roost alone for a table that is never read\n";
  EXPECT_GT(tally.rows, tally.statements / 4);
  EXPECT_GT(tally.refused, tally.statements / 20);
  EXPECT_LT(tally.forgotten, tally.statements / 50);
}

}  // namespace
}  // namespace differential
