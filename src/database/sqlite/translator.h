// The writer of SQLite's text behind translation.h: one object for one statement or policy.
//
// Methods return text; the first thing that cannot be translated is kept in `error`, and what is
// written after it is of no use. Nodes are libpg_query's (sql/syntax_tree.h). Names of tables are
// resolved here, because PostgreSQL's scopes of common table expressions differ from SQLite's;
// names of columns are left to SQLite.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "database/sql_error.h"
#include "database/sqlite/schema.h"

namespace database::sqlite {

using Node = boost::json::value;     // {"A_Const":{…}}
using Fields = boost::json::object;  // what is inside

// Absent fields are null, "", 0 and false in the tree's terms.
const Node* field(const Fields& node, std::string_view name);
std::string_view text_field(const Fields& node, std::string_view name);
std::int64_t number_field(const Fields& node, std::string_view name);
bool flag_field(const Fields& node, std::string_view name);
// The elements of a list; empty when it is absent.
std::vector<const Node*> list_field(const Fields& node, std::string_view name);
std::string_view kind_of(const Node& node);  // "A_Const"; "" for an empty node
const Fields& fields_of(const Node& node);
// "a.b.c" → {"a", "b", "c"}; a star is "*".
std::vector<std::string_view> names_of(const Fields& node, std::string_view name);

std::string quote_text(std::string_view text);  // '…'

class Translator {
 public:
  // `sql` is what positions refer to; `offset`, how much the parser saw before it.
  Translator(const Schema& schema, std::string_view sql, std::size_t offset, bool policy)
      : schema_(schema), sql_(sql), offset_(offset), policy_(policy) {}

  std::string expression(const Node& node);
  std::string query(const Fields& select);  // a SELECT or VALUES, with its WITH
  // The targets of SELECT or RETURNING, each with the name that PostgreSQL gives it.
  std::string targets(const std::vector<const Node*>& list);
  std::string from(const std::vector<const Node*>& items);
  // "WITH …, " opened for the rest of the statement; empty when there is none.
  std::string open_with(const Fields& statement);
  // The values of an INSERT may say DEFAULT.
  std::string insert_values(const Fields& select);
  // The table that a change is for. kUndefinedTable.
  std::size_t target(const Fields& relation);
  // What a change calls its target, quoted.
  static std::string alias_of(const Fields& relation);

  std::string fail(SqlState state, std::string message, const Fields* at = nullptr);
  std::string refuse(std::string_view what, const Fields* at = nullptr);
  std::optional<std::uint32_t> position(const Fields* at) const;

  [[nodiscard]] const Schema& schema() const { return schema_; }
  std::optional<SqlError> error;
  std::vector<std::size_t> reads;  // tables, each once
  std::uint32_t parameters = 0;

 private:
  struct Cte {
    std::string name;
    std::string written;  // another name where a table of that name stands behind it
  };
  // What one level of a query selects from, for what SQLite has to be told about NULLs.
  struct Source {
    std::string alias;
    std::optional<std::size_t> table;
  };
  struct Level {
    std::vector<Source> sources;
    bool outer_joins = false;
  };
  class Deeper;

  // expression_text.cc
  std::string constant(const Fields& node);
  std::string column(const Fields& node);
  std::string parameter(const Fields& node);
  std::string operation(const Fields& node);
  std::string plain_operator(std::string_view name, const Fields& node);
  std::string any_of(const Fields& node, bool all);
  std::string like(const Fields& node, bool any_case);
  std::string between(const Fields& node, bool negated);
  std::string in_list(const Fields& node);
  std::string boolean(const Fields& node);
  std::string truth_test(const Fields& node);
  std::string cases(const Fields& node);
  std::string sub_query(const Fields& node);
  std::string cast(const Fields& node);
  std::string value_function(const Fields& node);
  std::string collate(const Fields& node);
  std::string json_text_member(const std::string& from, const std::string& key);
  std::string list_of(const std::vector<const Node*>& nodes);
  std::string child(const Fields& node, std::string_view name);

  // function_text.cc
  std::string call(const Fields& node);
  std::string setting(const Fields& node);
  std::string arguments(const Fields& node);
  std::string over(const Fields& node);
  std::string window(const Fields& definition);
  std::string frame(const Fields& definition);

  // query_text.cc
  std::string select(const Fields& node);
  std::string values(const Fields& node, bool defaults);
  std::string operand(const Fields& node, bool left);
  std::string source(const Node& item);
  std::string table(const Fields& node);
  std::string join(const Fields& node);
  std::string derived(const Fields& node);
  std::string table_function(const Fields& node);
  std::string order(const std::vector<const Node*>& terms, const Fields* select);
  std::string order_term(const Fields& term, const Fields* select);
  std::string limit(const Fields& node);
  std::string group(const Fields& node);
  std::string windows(const Fields& node);
  [[nodiscard]] bool never_null(const Node& node, const Fields* select) const;
  [[nodiscard]] const Cte* find_cte(std::string_view name) const;
  std::string cte(const Fields& node, const std::string& written);
  void note_read(std::size_t table);

  const Schema& schema_;
  const std::string_view sql_;
  const std::size_t offset_;
  const bool policy_;
  int depth_ = 0;
  bool defaults_allowed_ = false;
  std::vector<Cte> ctes_;  // those in scope, innermost last
  std::vector<Level> levels_;
};

// The name of a result column, as PostgreSQL's FigureColname finds it.
std::string result_name(const Node& value);

}  // namespace database::sqlite
