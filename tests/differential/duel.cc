#include "differential/duel.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace differential {
namespace {

std::unique_ptr<Duel>& the_duel() {
  static std::unique_ptr<Duel> duel;
  return duel;
}

// The cluster ends with the tests, not with the program's globals.
class EndOfDuel : public testing::Environment {
 public:
  void TearDown() override { the_duel().reset(); }
};
[[maybe_unused]] const auto* const kEnd = testing::AddGlobalTestEnvironment(new EndOfDuel);

// SqlState is closed: where PostgreSQL is finer, or looks at things in another order, the guest has
// to do the same about both.
struct Equivalence {
  std::string_view postgres;
  std::string_view roost;
};
constexpr std::array<Equivalence, 5> kEquivalences{{
    {"42712", "42702"},  // the same name twice in FROM: a column of it is ambiguous
    {"42P01", "42703"},  // a column of a table that is not in FROM
    {"08P01", "42P02"},  // fewer parameters than placeholders
    {"42P18", "42P02"},  // a placeholder that is not used
    {"42809", "42703"},  // t.rank where t has no such column: PostgreSQL tries rank(t)
}};

}  // namespace

Duel* Duel::get() {
  if (!the_duel()) {
    auto duel = std::make_unique<Duel>();
    if (!duel->make()) return nullptr;
    the_duel() = std::move(duel);
  }
  return the_duel().get();
}

bool Duel::make() {
  cluster_ = PostgresCluster::start();
  if (!cluster_) return false;
  postgres_ = PostgresSession::open(cluster_->connection_string());
  if (!postgres_) return false;
  roost_ = RoostSession::open(cluster_->folder() / "data.db", postgres_->tables());
  return roost_ != nullptr;
}

Duel::Answers Duel::run(const Caller& caller, const database::Statement& statement, Ending ending) {
  return {postgres_->run(caller, statement, ending), roost_->run(caller, statement, ending)};
}

std::string Duel::compare(const Caller& caller, const database::Statement& statement,
                          Ending ending) {
  const Answers answers = run(caller, statement, ending);
  if (is_equivalent(answers.postgres, answers.roost)) return {};
  std::string what = difference(answers.postgres, answers.roost, is_ordered(statement.sql));
  return what.empty() ? what : fmt::format("{}: {}\n{}\n", caller.name, statement.sql, what);
}

bool is_equivalent(const Answer& postgres, const Answer& roost) {
  return std::ranges::any_of(kEquivalences, [&](const Equivalence& each) {
    return each.postgres == postgres.state && each.roost == roost.state;
  });
}

const Caller& caller_named(std::string_view name) {
  return *std::ranges::find(callers(), name, &Caller::name);
}

}  // namespace differential
