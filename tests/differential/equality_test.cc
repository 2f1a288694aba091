// What a guest reads through a guarded table is what SQLite reads from the file itself: random
// queries under policies that hide nothing, over columns of every affinity and collation.
//
// SQLite's own dialect, below the translator. Where a query keeps one of several equal values
// (DISTINCT, GROUP BY, min), which of them is SQLite's own affair.
#include <algorithm>
#include <cmath>
#include <iostream>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/ascii.h"
#include "base/encoding.h"
#include "database/sqlite/administration.h"
#include "database/sqlite/guest_pair.h"
#include "database/test_folder.h"
#include "differential/callers.h"
#include "differential/choices.h"
#include "differential/soak.h"

namespace differential {
namespace {

using database::sqlite::ConnectionHandle;
using database::sqlite::GuestPair;

constexpr int kQueriesPerSeed = 2500;

constexpr std::string_view kSchema = R"(
CREATE TABLE loose (a INTEGER, b TEXT, c TEXT COLLATE NOCASE, d REAL, e BLOB, f, g ANY, h NUMERIC, i VARCHAR(9));
CREATE INDEX loose_b ON loose (b);
CREATE INDEX loose_a ON loose (a, c);
CREATE INDEX loose_i ON loose (i);
CREATE TABLE strict (id INTEGER PRIMARY KEY, a INT, b TEXT, c TEXT COLLATE NOCASE, d REAL, e BLOB, g ANY,
  r TEXT COLLATE RTRIM UNIQUE) STRICT;
CREATE INDEX strict_b ON strict (b, a);
CREATE INDEX strict_c ON strict (c);
CREATE INDEX strict_g ON strict (g);
CREATE TABLE keyed (b TEXT NOT NULL, a INTEGER NOT NULL, c TEXT COLLATE NOCASE, g ANY, d REAL, PRIMARY KEY (b, a))
  STRICT, WITHOUT ROWID;
CREATE TABLE folded (c TEXT COLLATE NOCASE PRIMARY KEY, a INTEGER UNIQUE, g ANY) STRICT, WITHOUT ROWID;
GRANT SELECT ON loose, strict, keyed, folded TO authenticated;
ALTER TABLE strict ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON strict FOR SELECT USING (true);
ALTER TABLE keyed ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON keyed USING (EXISTS (SELECT 1 FROM folded));
ALTER TABLE folded ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON folded FOR SELECT USING (true);
)";

struct TestTable {
  std::string_view name;
  std::string_view columns;  // a letter each
};
constexpr std::array<TestTable, 4> kTables{
    {{"loose", "abcdefghi"}, {"strict", "abcdegr"}, {"keyed", "bacgd"}, {"folded", "cag"}}};

// Any value; those that a STRICT column of the letter takes.
std::string value_for(Choices& choices, char column, bool strict) {
  const auto of = [&](std::initializer_list<std::string_view> list) {
    return std::string(choices.of(list));
  };
  if (strict && (column == 'a')) return of({"1", "NULL", "2", "0", "-1", "9007199254740993", "10"});
  if (strict && column == 'd') return of({"1.0", "NULL", "2.5", "0.0", "-0.0", "1e300", "1"});
  if (strict && column == 'e') return of({"x'31'", "NULL", "x''", "x'61'", "x'4100'"});
  if (strict && (column == 'b' || column == 'c' || column == 'r')) {
    return of({"'1'", "NULL", "'01'", "'1.0'", "'a'", "'A'", "'a '", "''", "'2'", "'b'", "' 1'"});
  }
  return of({"1",
             "NULL",
             "'1'",
             "'01'",
             "1.0",
             "'1.0'",
             "'a'",
             "'A'",
             "'a '",
             "x'31'",
             "x'61'",
             "''",
             "2",
             "2.5",
             "'2.5'",
             "-1",
             "9007199254740993",
             "9007199254740992.0",
             "' 1'",
             "1e300",
             "'1e1'",
             "10",
             "0",
             "-0.0",
             "x''"});
}

std::string rows_text() {
  std::mt19937 random(7);
  std::string text;
  std::vector<std::uint32_t> numbers(20);
  for (const TestTable& table : kTables) {
    for (int i = 0; i < 18; ++i) {
      for (std::uint32_t& number : numbers) number = static_cast<std::uint32_t>(random());
      Choices choices(numbers);
      std::string names;
      std::string values;
      for (const char column : table.columns) {
        names += fmt::format("{}{}", names.empty() ? "" : ", ", column);
        values += (values.empty() ? "" : ", ") + value_for(choices, column, table.name != "loose");
      }
      text += fmt::format("INSERT OR IGNORE INTO {} ({}) VALUES ({});", table.name, names, values);
    }
  }
  return text;
}

class QueryGenerator {
 public:
  explicit QueryGenerator(Choices& choices) : choices_(choices) {}

  struct Query {
    std::string sql;
    std::size_t order = 0;  // so many of the first columns are the order
    bool keeps_one_of_equals = false;
  };
  Query make();

 private:
  struct Source {
    std::string alias;
    const TestTable* table;
  };
  std::string column(const std::vector<Source>& sources) {
    const Source& source = choices_.of(sources);
    const std::string_view columns = source.table->columns;
    return fmt::format("{}.{}", source.alias, columns[choices_.below(columns.size())]);
  }
  std::string value() { return value_for(choices_, '?', false); }
  std::string operand(const std::vector<Source>& sources) {
    if (choices_.chance(45)) return column(sources);
    if (choices_.chance(15)) return fmt::format("({} || '')", column(sources));
    if (choices_.chance(15)) return fmt::format("(+{})", column(sources));
    if (choices_.chance(10)) {
      return fmt::format("CAST({} AS {})", column(sources),
                         choices_.of({"INTEGER", "TEXT", "REAL"}));
    }
    return value();
  }
  std::string condition(const std::vector<Source>& sources, int depth);
  std::string set(const std::vector<Source>& sources, int depth);
  std::vector<Source> more(std::vector<Source> sources, Source added) {
    sources.push_back(std::move(added));
    return sources;
  }

  Choices& choices_;
  int aliases_ = 0;
};

std::string QueryGenerator::set(const std::vector<Source>& sources, int depth) {
  switch (choices_.below(5)) {
    case 0:
      return fmt::format("({}, {}, {})", value(), value(), value());
    case 1:
      return fmt::format("({})", value());
    case 2:
      return "()";
    default: {
      const Source inner{fmt::format("s{}", ++aliases_), &choices_.of(kTables)};
      const std::string where =
          choices_.chance(20) ? "0" : condition(more(sources, inner), depth - 1);
      return fmt::format("(SELECT {} FROM {} AS {} WHERE {})", column({inner}), inner.table->name,
                         inner.alias, where);
    }
  }
}

std::string QueryGenerator::condition(const std::vector<Source>& sources, int depth) {
  const std::string a = column(sources);
  switch (choices_.below(depth > 0 ? 11 : 6)) {
    case 0:
    case 1:
      return fmt::format("{} {} {}", a,
                         choices_.of({"=", "<", ">", "<=", ">=", "<>", "IS", "IS NOT"}),
                         operand(sources));
    case 2:
      return fmt::format(
          "{} {}", a,
          choices_.of({"IS NULL", "IS NOT NULL", "LIKE 'a%'", "LIKE '%1'", "NOT LIKE 'A%'"}));
    case 3:
      return fmt::format("{} BETWEEN {} AND {}", a, operand(sources), operand(sources));
    case 4:
      return fmt::format("{} {} {} COLLATE {}", a, choices_.of({"=", "<", ">="}), operand(sources),
                         choices_.of({"NOCASE", "BINARY", "RTRIM"}));
    case 5:
      return fmt::format("{} {} {}", operand(sources), choices_.of({"=", "<", ">="}), a);
    case 6:
      return fmt::format("({} OR {})", condition(sources, depth - 1),
                         condition(sources, depth - 1));
    case 7:
      return fmt::format("({} AND {})", condition(sources, depth - 1),
                         condition(sources, depth - 1));
    case 8:
      return fmt::format("NOT ({})", condition(sources, depth - 1));
    case 9:
      return fmt::format("({}, {}) {} ({}, {})", a, column(sources), choices_.of({"=", "<", ">="}),
                         operand(sources), operand(sources));
    default:
      return fmt::format("{} {}IN {}", a, choices_.of({"", "NOT "}), set(sources, depth));
  }
}

QueryGenerator::Query QueryGenerator::make() {
  std::vector<Source> sources{{"x", &choices_.of(kTables)}};
  std::string from = fmt::format("{} AS x", sources[0].table->name);
  for (int i = 0; i < 2 && choices_.chance(35); ++i) {
    const Source added{fmt::format("y{}", i), &choices_.of(kTables)};
    const auto both = more(sources, added);
    from += fmt::format(" {} {} AS {} ON {}",
                        choices_.of({"JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"}),
                        added.table->name, added.alias, condition(both, 1));
    sources = both;
  }
  Query query;
  std::string list;
  for (std::size_t i = 0; i <= choices_.below(3); ++i) {
    list += (list.empty() ? "" : ", ") + column(sources);
  }
  std::string tail;
  if (choices_.chance(85)) tail += " WHERE " + condition(sources, 2);
  query.keeps_one_of_equals = choices_.chance(25);
  if (query.keeps_one_of_equals && choices_.chance(50)) {
    tail += " GROUP BY " + list;
    list +=
        fmt::format(", count(*), {}({})", choices_.of({"min", "max", "count"}), column(sources));
  } else if (query.keeps_one_of_equals) {
    list = "DISTINCT " + list;
  } else if (choices_.chance(40)) {
    std::string order;
    query.order = 1 + choices_.below(2);
    for (std::size_t i = 0; i < query.order; ++i) {
      const std::string term = column(sources);
      order += fmt::format("{}{}{}", i > 0 ? ", " : "", term,
                           choices_.of({"", " DESC", " NULLS LAST", " DESC NULLS FIRST"}));
      list = i == 0 ? term + ", " + list : list.insert(list.find(", "), ", " + term);
    }
    tail += " ORDER BY " + order;
  }
  query.sql = fmt::format("SELECT {} FROM {}{}", list, from, tail);
  return query;
}

// ---- Running -----------------------------------------------------------------------------------

// Equal values are equal texts, whatever the collation.
std::string folded(sqlite3_stmt* row, int column) {
  switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
    case SQLITE_FLOAT:
      return fmt::format("{:.17g}", sqlite3_column_double(row, column) + 0.0);  // -0 is 0
    case SQLITE_TEXT: {
      std::string text =
          base::to_lower(reinterpret_cast<const char*>(sqlite3_column_text(row, column)));
      text.erase(text.find_last_not_of(' ') + 1);
      return "'" + text + "'";
    }
    default:
      return "";
  }
}

std::string exact(sqlite3_stmt* row, int column) {
  const int type = sqlite3_column_type(row, column);
  if (type == SQLITE_NULL) return "NULL";
  const void* const bytes = sqlite3_column_blob(row, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(row, column));
  const std::string_view text =
      bytes == nullptr ? "" : std::string_view(static_cast<const char*>(bytes), size);
  return fmt::format("{}:{}", type, base::to_hex(text));
}

struct Outcome {
  int status = SQLITE_OK;
  std::vector<std::string> rows;   // sorted
  std::vector<std::string> order;  // of the first columns, in sequence
};

Outcome run(sqlite3* connection, const QueryGenerator::Query& query) {
  Outcome outcome;
  sqlite3_stmt* raw = nullptr;
  outcome.status = sqlite3_prepare_v2(connection, query.sql.c_str(), -1, &raw, nullptr);
  const database::sqlite::StatementHandle statement(raw);
  if (outcome.status != SQLITE_OK) return outcome;
  while ((outcome.status = sqlite3_step(raw)) == SQLITE_ROW) {
    std::string row;
    std::string order;
    for (int i = 0; i < sqlite3_column_count(raw); ++i) {
      row += (query.keeps_one_of_equals ? folded(raw, i) : exact(raw, i)) + "|";
      if (static_cast<std::size_t>(i) < query.order) order += folded(raw, i) + "|";
    }
    outcome.rows.push_back(std::move(row));
    if (query.order > 0) outcome.order.push_back(std::move(order));
  }
  std::ranges::sort(outcome.rows);
  return outcome;
}

std::string only_in(const std::vector<std::string>& these, const std::vector<std::string>& others) {
  std::vector<std::string> rows;
  std::ranges::set_difference(these, others, std::back_inserter(rows));
  return fmt::format("{} of {} rows: {}", rows.size(), these.size(), fmt::join(rows, "  "));
}

class Equality : public testing::Test {
 protected:
  void SetUp() override {
    auto administration = database::sqlite::Administration::open(file_);
    ASSERT_TRUE(administration) << administration.error().message;
    for (const std::string& script : {std::string(kSchema), rows_text()}) {
      const auto made = (*administration)->run(script, {});
      ASSERT_TRUE(made) << database::to_json(made.error());
    }
    auto pair = GuestPair::open(file_, database::sqlite::Mode::kRead);
    ASSERT_TRUE(pair) << pair.error().message;
    pair_ = std::move(*pair);
    sqlite3* raw = nullptr;
    ASSERT_EQ(sqlite3_open_v2(file_.c_str(), &raw, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
    direct_.reset(raw);
    // SQLite 3.40 builds automatic indexes without the comparison's collation: x.f = 'a ' COLLATE
    // RTRIM misses 'a' where it uses one.
    ASSERT_TRUE(database::sqlite::execute(
        raw, "PRAGMA case_sensitive_like = ON; PRAGMA automatic_index = OFF"));
  }

  Outcome ask_guest(const QueryGenerator::Query& query) {
    const GuestPair::AsCaller as(*pair_, database::GuestAccess(callers()[1].principal),
                                 base::Deadline::never());
    EXPECT_TRUE(pair_->keeper().begin());
    Outcome outcome = run(pair_->guest(), query);
    pair_->keeper().rollback();
    return outcome;
  }

  const database::TestFolder folder_;
  const std::filesystem::path file_ = folder_ / "data.db";
  std::unique_ptr<GuestPair> pair_;
  ConnectionHandle direct_;
};

TEST_F(Equality, GuardedTablesAnswerAsTheFileDoes) {
  std::size_t rows = 0;
  std::size_t queries = 0;
  for (const std::uint64_t seed : soak_seeds({31, 32, 33, 34})) {
    std::mt19937 random(static_cast<std::mt19937::result_type>(seed));
    std::vector<std::uint32_t> numbers(120);
    for (int i = 0; i < soak_size(kQueriesPerSeed); ++i) {
      for (std::uint32_t& number : numbers) number = static_cast<std::uint32_t>(random());
      Choices choices(numbers);
      const auto query = QueryGenerator(choices).make();
      const Outcome direct = run(direct_.get(), query);
      const Outcome guarded = ask_guest(query);
      ++queries;
      rows += direct.rows.size();
      ASSERT_EQ(direct.status, guarded.status) << query.sql << "\n"
                                               << sqlite3_errmsg(pair_->guest());
      ASSERT_TRUE(direct.rows == guarded.rows)
          << query.sql << "\n  in the file only, " << only_in(direct.rows, guarded.rows)
          << "\n  guarded only, " << only_in(guarded.rows, direct.rows);
      ASSERT_EQ(direct.order, guarded.order) << query.sql;
    }
  }
  std::cout << queries << " queries, " << rows << " rows\n";
  EXPECT_GT(rows, queries);
}

}  // namespace
}  // namespace differential
