// What the names in a query stand for: its tables, their columns, and common table expressions.
//
// PostgreSQL's rules (parser/parse_relation.c): a name is looked for in the innermost query first;
// a column that USING or NATURAL has merged counts once; a common table expression hides a table.
// Names compare without regard to ASCII case, as SQLite will compare them. Belongs to one
// translation; positions and messages are the translator's.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "database/sqlite/schema.h"
#include "database/sqlite/syntax_node.h"

namespace database::sqlite {

// As far as it shows in the text of an expression: a parameter's, or that of a column of JSON, does
// not.
enum class Type : std::uint8_t {
  kUnknown,
  kInteger,
  kNumeric,  // PostgreSQL's decimal type; a double, or a sum of integers, in SQLite
  kFloat,
  kText,
  kBoolean,
  kJson,
};
Type type_of(const Column& column);

struct OutputColumn {
  std::string name;
  Type type = Type::kUnknown;
  bool not_null = false;
};

// A table, sub-query or function in FROM.
struct Source {
  std::string alias;
  std::vector<OutputColumn> columns;
  std::optional<std::size_t> table = std::nullopt;  // when it is one of the schema
  // Of an UPDATE's FROM, while RETURNING is written: its rows are gone by then.
  bool out_of_reach = false;
};

// A column as `*` would show it, and as it is written.
struct VisibleColumn {
  std::string text;
  OutputColumn column;
};

// What one query selects from.
struct Level {
  std::vector<Source> sources;
  std::vector<VisibleColumn> visible;

  void add(Source source);
  // One side of an outer join: its rows may be missing.
  void make_nullable(std::size_t first_source, std::size_t end_source);
};

struct Cte {
  enum class State : std::uint8_t {
    kPending,    // a later one of WITH RECURSIVE
    kForbidden,  // its own text, where it may not stand
    kRecursive,  // its own text, right of UNION
    kReady
  };
  std::string name;
  std::string written;  // unlike any table's, because SQLite's scopes are wider
  std::vector<OutputColumn> columns;
  State state = State::kReady;
  const Fields* body = nullptr;     // whose own columns are not known before its left side is
  std::vector<std::string> titles;  // "a(x, y)"
  bool used = false;
  std::string text;
  std::vector<std::size_t> reads;  // tables that it names
};

class Scope {
 public:
  struct Found {
    enum class Outcome : std::uint8_t { kColumn, kNoColumn, kNoTable, kAmbiguous, kOutOfReach };
    Outcome outcome = Outcome::kNoColumn;
    VisibleColumn column;
    std::size_t depth = 0;           // of the query: 0 is the innermost
    const Source* source = nullptr;  // when the name says which
  };

  // "column", or "table.column" when `table` is not empty.
  [[nodiscard]] Found find(std::string_view table, std::string_view column) const;
  // A column of the innermost query only.
  [[nodiscard]] Found find_here(std::string_view column) const;
  // Of the innermost query only.
  [[nodiscard]] const Source* find_source(std::string_view alias) const;
  // Null when no common table expression is called so.
  Cte* find_cte(std::string_view name);
  [[nodiscard]] bool has_cte(std::string_view name) const;

  // Innermost last.
  std::vector<const Level*> levels;
  std::deque<Cte> ctes;  // references to them stay good while others come and go
};

// A level in force for a block.
class InLevel {
 public:
  InLevel(Scope& scope, const Level& level) : scope_(scope) { scope.levels.push_back(&level); }
  InLevel(const InLevel&) = delete;
  InLevel& operator=(const InLevel&) = delete;
  ~InLevel() { scope_.levels.pop_back(); }

 private:
  Scope& scope_;
};

Source source_of(const Table& table, std::size_t index, std::string alias);

}  // namespace database::sqlite
