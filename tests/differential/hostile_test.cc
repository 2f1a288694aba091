// Attacks on the guest's connection and the keeper from below the translator: random SQL with every
// internal name, random changes with keys, columns and conditions of the enemy's choice, all
// callers mixed on the same pair of connections. No row of somebody else's may be shown or changed.
#include <iostream>
#include <map>
#include <random>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "database/sqlite/guest_pair.h"
#include "database/test_folder.h"
#include "differential/hostile_sql.h"
#include "differential/hostile_world.h"
#include "differential/soak.h"

namespace differential {
namespace {

using database::Command;
using database::GuestAccess;
using database::SqlError;
using database::SqlResult;
using database::sqlite::GuestPair;
using database::sqlite::Keeper;
using database::sqlite::Mode;
using database::sqlite::OwnedValue;
using database::sqlite::RowKey;
using database::sqlite::StoredRow;
using database::sqlite::TableKind;

constexpr int kIterationsPerSeed = 1500;
// So often the pair without an authorizer, whose own catalog an attack can spoil, is made anew.
constexpr int kIterationsPerPair = 300;

struct Tally {
  std::size_t shown = 0;    // rows that came back
  std::size_t failed = 0;   // statements that were refused
  std::size_t changed = 0;  // rows that were changed
};

class Hostility {
 public:
  Hostility(const HostileWorld& world, std::filesystem::path folder, std::uint64_t seed,
            bool authorizer)
      : world_(world), folder_(std::move(folder)), random_(seed), authorizer_(authorizer) {}

  void run(int iterations, Tally& tally);

 private:
  bool open_pair();
  void read_keys();
  Choices choose();
  void iterate(Tally& tally);

  void ask(const std::string& sql, Tally& tally);
  void look_at_row(sqlite3_stmt* statement, const std::string& what);
  void look_at_stored(const StoredRow& row, const std::string& what);
  void look_at_text(std::string_view text, const std::string& what);
  void look_at_error(const SqlError& error, const std::string& what);

  OwnedValue value(Choices& choices);
  StoredRow row_of(Choices& choices, std::size_t count);
  std::vector<std::size_t> columns(Choices& choices);
  RowKey key(Choices& choices, std::size_t table);

  SqlResult<Keeper::Changed> change(Choices& choices, std::size_t table);
  SqlResult<Keeper::Changed> update(Choices& choices, std::size_t table, bool want_rows);
  SqlResult<Keeper::Changed> remove(Choices& choices, std::size_t table, bool want_rows);
  SqlResult<Keeper::Changed> insert(Choices& choices, std::size_t table, bool want_rows);
  void attack_keeper(Choices& choices, Tally& tally);

  const HostileWorld& world_;
  const std::filesystem::path folder_;
  std::mt19937 random_;
  const bool authorizer_;
  std::vector<std::uint32_t> numbers_;
  std::unique_ptr<GuestPair> pair_;
  std::vector<std::vector<RowKey>> keys_;  // by table
  const Caller* caller_ = nullptr;
  Deed deed_ = Deed::kSelect;
  bool need_ = false;
};

bool Hostility::open_pair() {
  auto pair = GuestPair::open(folder_ / "data.db", Mode::kWrite);
  if (!pair) {
    ADD_FAILURE() << pair.error().message;
    return false;
  }
  pair_ = std::move(*pair);
  if (!authorizer_) sqlite3_set_authorizer(pair_->guest(), nullptr, nullptr);
  if (keys_.empty()) read_keys();
  return true;
}

// Of every row of every table, whoever's it is, and of one that is not there.
void Hostility::read_keys() {
  for (const auto& table : pair_->keeper().schema().tables) {
    std::string list;
    for (const std::size_t column : table.key) {
      list += (list.empty() ? "" : ", ") + table.columns[column].name;
    }
    auto statement = database::sqlite::prepare(
        pair_->keeper().connection(),
        fmt::format("SELECT {} FROM main.{} UNION ALL SELECT {}", list.empty() ? "rowid" : list,
                    database::sqlite::quote_name(table.name),
                    table.key.size() > 1 ? "'x', 'y'" : "4711"));
    ASSERT_TRUE(statement) << statement.error().message;
    std::vector<RowKey>& keys = keys_.emplace_back();
    const std::size_t width = std::max<std::size_t>(table.key.size(), 1);
    while (sqlite3_step(statement->get()) == SQLITE_ROW) {
      keys.push_back(database::sqlite::encode_key(statement->get(), width));
    }
  }
}

Choices Hostility::choose() {
  numbers_.resize(120);
  for (std::uint32_t& number : numbers_) number = static_cast<std::uint32_t>(random_());
  return Choices(numbers_);
}

void Hostility::run(int iterations, Tally& tally) {
  for (int i = 0; i < iterations && !testing::Test::HasFailure(); ++i) {
    if (i % kIterationsPerPair == 0 && !open_pair()) return;
    iterate(tally);
  }
}

void Hostility::iterate(Tally& tally) {
  Choices choices = choose();
  caller_ = &choices.of(callers());
  ASSERT_TRUE(pair_->keeper().begin());
  {
    const GuestPair::AsCaller as(*pair_, GuestAccess(caller_->principal), base::Deadline::never());
    deed_ = Deed::kSelect;
    need_ = false;
    if (choices.chance(40)) {
      attack_keeper(choices, tally);
    } else if (choices.chance(5)) {
      ask(hostile_command(choices, folder_.string()), tally);
    } else {
      ask(hostile_query(choices), tally);
    }
  }
  const auto after = HostileWorld::read(pair_->keeper().connection());
  if (const auto misdeed = world_.misdeed(*caller_, deed_, need_, after)) {
    ADD_FAILURE() << *misdeed;
  }
  pair_->keeper().rollback();
}

// ---- What the caller was shown -----------------------------------------------------------------

void Hostility::look_at_text(std::string_view text, const std::string& what) {
  if (const auto leak = world_.leak(*caller_, text)) ADD_FAILURE() << *leak << " by " << what;
}

void Hostility::look_at_error(const SqlError& error, const std::string& what) {
  look_at_text(error.message, what);
}

void Hostility::look_at_row(sqlite3_stmt* statement, const std::string& what) {
  for (int i = 0; i < sqlite3_column_count(statement); ++i) {
    if (sqlite3_column_type(statement, i) == SQLITE_INTEGER) {
      if (const auto leak = world_.leak(*caller_, sqlite3_column_int64(statement, i))) {
        ADD_FAILURE() << *leak << " by " << what;
      }
    }
    const void* const bytes = sqlite3_column_blob(statement, i);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, i));
    if (bytes != nullptr) look_at_text({static_cast<const char*>(bytes), size}, what);
  }
}

void Hostility::look_at_stored(const StoredRow& row, const std::string& what) {
  for (const OwnedValue& value : row) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value.get()));
    if (text != nullptr) look_at_text(text, what);
  }
}

void Hostility::ask(const std::string& sql, Tally& tally) {
  auto statement = database::sqlite::prepare(pair_->guest(), sql);
  if (!statement) {
    ++tally.failed;
    look_at_error(statement.error(), sql);
    return;
  }
  int status = SQLITE_OK;
  for (int rows = 0; rows < 500 && (status = sqlite3_step(statement->get())) == SQLITE_ROW;
       ++rows) {
    ++tally.shown;
    look_at_row(statement->get(), sql);
  }
  if (status != SQLITE_ROW && status != SQLITE_DONE) ++tally.failed;
  look_at_text(sqlite3_errmsg(pair_->guest()), sql);
  if (pair_->scope().failure) look_at_error(*pair_->scope().failure, sql);
}

// ---- Changes of the enemy's choice -------------------------------------------------------------

OwnedValue Hostility::value(Choices& choices) {
  static const std::vector<std::string> kExpressions{"NULL",
                                                     "1",
                                                     "2",
                                                     "3",
                                                     "7",
                                                     "-1",
                                                     "1.5",
                                                     "''",
                                                     "'x'",
                                                     "x'61'",
                                                     "9223372036854775807",
                                                     "'canary'",
                                                     "'" + std::string(kAlice) + "'",
                                                     "'" + std::string(kBob) + "'",
                                                     "'" + std::string(kCarol) + "'",
                                                     "auth_uid()",
                                                     "pg_default()"};
  auto statement = database::sqlite::prepare(pair_->guest(), "SELECT " + choices.of(kExpressions));
  EXPECT_TRUE(statement);
  sqlite3_step(statement->get());
  return OwnedValue(sqlite3_value_dup(sqlite3_column_value(statement->get(), 0)));
}

StoredRow Hostility::row_of(Choices& choices, std::size_t count) {
  StoredRow row;
  for (std::size_t i = 0; i < count; ++i) row.push_back(value(choices));
  return row;
}

// Mostly such as there are, sometimes twice, or one too many.
std::vector<std::size_t> Hostility::columns(Choices& choices) {
  std::vector<std::size_t> columns;
  for (std::size_t i = 0; i < 5; ++i) {
    if (choices.chance(45)) columns.push_back(i);
  }
  if (choices.chance(3)) columns.push_back(choices.below(8));
  return columns;
}

// Mostly the table's own; a key of another's is the enemy's choice too.
RowKey Hostility::key(Choices& choices, std::size_t table) {
  return choices.of(choices.chance(80) ? keys_[table] : choices.of(keys_));
}

SqlResult<Keeper::Changed> Hostility::update(Choices& choices, std::size_t table, bool want_rows) {
  Keeper::Assignment assignment{columns(choices), {}};
  if (choices.chance(10)) assignment.defaults.push_back(choices.below(5));
  std::vector<Keeper::Update> items;
  for (std::size_t i = 0; i <= choices.below(6); ++i) {
    const std::size_t values = assignment.columns.size() + (choices.chance(3) ? 1 : 0);
    items.push_back({key(choices, table), row_of(choices, values)});
  }
  return pair_->keeper().update(table, assignment, items, need_, want_rows);
}

SqlResult<Keeper::Changed> Hostility::remove(Choices& choices, std::size_t table, bool want_rows) {
  std::vector<RowKey> keys;
  for (std::size_t i = 0; i <= choices.below(8); ++i) keys.push_back(key(choices, table));
  return pair_->keeper().remove(table, keys, need_, want_rows);
}

SqlResult<Keeper::Changed> Hostility::insert(Choices& choices, std::size_t table, bool want_rows) {
  std::vector<Keeper::Insertion> rows;
  for (std::size_t i = 0; i <= choices.below(3); ++i) {
    auto listed = columns(choices);
    const std::size_t count = listed.size();
    rows.push_back({std::move(listed), row_of(choices, count)});
  }
  Keeper::Upsert upsert;
  upsert.assignment.columns = columns(choices);
  // Unique keys of the tables, or of other tables.
  static const std::map<std::string, std::vector<std::vector<std::size_t>>, std::less<>> kTargets{
      {"owned", {{0}, {4}, {}}},
      {"keyed", {{2, 0}, {0, 2}}},
      {"memberships", {{1, 2}}},
      {"Odd \"Name", {{0}, {3}}},
      {"", {{0}, {0}, {0}, {}, {1}, {2, 0}, {9}}}};
  const auto targets = kTargets.find(pair_->keeper().schema().tables[table].name);
  upsert.target = choices.of(
      (targets == kTargets.end() || choices.chance(8) ? kTargets.begin() : targets)->second);
  if (choices.chance(60)) {
    upsert.evaluate = [&](StoredRow old_row,
                          StoredRow proposed) -> SqlResult<std::optional<StoredRow>> {
      look_at_stored(old_row, "DO UPDATE's old row");
      look_at_stored(proposed, "DO UPDATE's proposed row");
      if (choices.chance(20)) return std::nullopt;
      return row_of(choices, upsert.assignment.columns.size());
    };
  }
  const bool conflicts = choices.chance(60);
  // What the database asks of a statement with a conflict's target, the pair asks for.
  if (conflicts && !upsert.target.empty()) need_ = true;
  return pair_->keeper().insert(table, rows, need_, conflicts ? &upsert : nullptr, want_rows);
}

SqlResult<Keeper::Changed> Hostility::change(Choices& choices, std::size_t table) {
  const bool want_rows = choices.chance(50);
  need_ = choices.chance(50);
  switch (choices.below(3)) {
    case 0:
      deed_ = Deed::kInsert;
      return insert(choices, table, want_rows);
    case 1:
      deed_ = Deed::kUpdate;
      return update(choices, table, want_rows);
    default:
      deed_ = Deed::kDelete;
      return remove(choices, table, want_rows);
  }
}

void Hostility::attack_keeper(Choices& choices, Tally& tally) {
  const auto& tables = pair_->keeper().schema().tables;
  const std::size_t table = choices.below(tables.size());
  auto changed = change(choices, table);
  if (!changed) {
    ++tally.failed;
    look_at_error(changed.error(), "a change of " + tables[table].name);
    // What a statement did before it failed is taken back by whoever runs it.
    pair_->keeper().rollback();
    ASSERT_TRUE(pair_->keeper().begin());
    return;
  }
  tally.changed += changed->count;
  pair_->scope().set_rows(TableKind::kReturned, table, std::move(changed->rows));
  pair_->scope().may_return = need_;
  ask("SELECT * FROM " + database::sqlite::quote_name("__r_" + tables[table].name), tally);
}

// ---- The tests ---------------------------------------------------------------------------------

void attack(bool authorizer) {
  const database::TestFolder folder;
  const auto world = HostileWorld::make(folder / "data.db");
  ASSERT_NE(world, nullptr);
  Tally tally;
  for (const std::uint64_t seed : soak_seeds({21, 22, 23, 24})) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Hostility(*world, folder / "", seed, authorizer).run(soak_size(kIterationsPerSeed), tally);
    if (testing::Test::HasFailure()) return;
  }
  std::cout << tally.shown << " rows shown, " << tally.changed << " changed, " << tally.failed
            << " refusals\n";
  EXPECT_GT(tally.shown, 2000U);
  EXPECT_GT(tally.changed, 100U);
}

TEST(Hostile, RandomStatementsAndChanges) { attack(true); }

// The authorizer is the second layer: without it nothing is shown either.
TEST(Hostile, RandomStatementsAndChangesWithoutAuthorizer) { attack(false); }

}  // namespace
}  // namespace differential
