// The writer of SQLite's text behind translation.h: one object for one statement or policy.
//
// Methods return text; the first thing that cannot be translated is kept in `error`, and what is
// written after it is of no use. Names are resolved here (scope.h) and written with the table that
// they belong to, so that SQLite, whose scopes are wider, finds what PostgreSQL would.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "database/sql_error.h"
#include "database/sqlite/function_list.h"
#include "database/sqlite/schema.h"
#include "database/sqlite/scope.h"
#include "database/sqlite/syntax_node.h"

namespace database::sqlite {

std::string quote_text(std::string_view text);  // '…'

class Translator {
 public:
  enum class Purpose : std::uint8_t { kStatement, kPolicy };
  // `sql` is what positions refer to; `offset`, how much the parser saw before it.
  Translator(const Schema& schema, std::string_view sql, std::size_t offset, Purpose purpose)
      : schema_(schema), sql_(sql), offset_(offset), purpose_(purpose) {}

  struct Query {
    std::string text;
    std::vector<OutputColumn> columns;
    std::vector<std::string> texts;  // of each column, to tell equal ones
  };

  std::string expression(const Node& node);
  // As it is stored in a column of this type: PostgreSQL converts on assignment.
  std::string assigned(const Node& node, Type type);
  // A SELECT or VALUES with its WITH.
  Query query(const Fields& select);
  // The targets of SELECT or RETURNING, each with the name that PostgreSQL gives it.
  Query targets(const boost::json::array& list);
  std::string returned(const boost::json::array& list);
  // Sources are added to `level`; `follows`: something stands before them.
  std::string from(const boost::json::array& items, Level& level, bool follows = false);
  // Of a query of `count` columns, the value of the one at `place`, from 1.
  std::string column_of(const Fields& select, std::size_t place, std::size_t count);
  Query values(const Fields& select);

  // The common table expressions of `statement`, in scope until they are taken.
  void open_with(const Fields& statement);
  // "WITH … " of those that were used, which end here.
  std::string take_with(const Fields& statement);

  // Tells of a name that another source of the level has.
  void add_source(Source source, const Fields& at, Level& level);
  // The table that a change is for; nothing, and an error, when there is none.
  std::optional<std::size_t> target(const Fields& relation);

  // From now on, whether a column of the first source of `level` is named. It must outlive this.
  void watch(const Level& level) { watched_ = &level; }
  [[nodiscard]] bool names_watched() const { return names_watched_; }

  // A condition, where no aggregate may stand: `clause` is named in the message.
  std::string condition(const Node& node, std::string_view clause);

  // An empty text, for the caller to return.
  std::string fail(SqlState state, std::string message, const Fields* at = nullptr);
  std::string refuse(std::string_view what, const Fields* at = nullptr);

  [[nodiscard]] const Schema& schema() const { return schema_; }
  [[nodiscard]] const std::optional<SqlError>& error() const { return error_; }
  Scope& scope() { return scope_; }
  std::vector<std::size_t> take_reads() { return std::move(reads_); }
  [[nodiscard]] std::uint32_t parameters() const { return parameters_; }

  // Where aggregates are not allowed (translator_guard.h).
  class Clause;

 private:
  class Deeper;

  // translator.cc
  [[nodiscard]] std::optional<std::uint32_t> position(const Fields* at) const;
  void note_read(std::size_t table);
  std::string child(const Fields& node, std::string_view name);
  std::string list_of(const boost::json::array& nodes);

  // expression_text.cc
  std::string constant(const Fields& node);
  std::string column(const Fields& node);
  void note_watched(const Scope::Found& found);
  std::string parameter(const Fields& node);
  std::string operation(const Fields& node);
  std::string plain_operator(const Fields& node);
  std::string unary(std::string_view name, const Fields& node);
  std::string chain(std::string_view name, const Fields& node);
  std::string quotient(const Fields& node);
  std::string concatenation(const Fields& node);
  std::string boolean(const Fields& node);
  std::string joined(const boost::json::array& nodes, std::size_t begin, std::size_t end,
                     std::string_view between);
  std::string truth_test(const Fields& node);
  std::string null_test(const Fields& node);
  std::string cases(const Fields& node);
  std::string coalesce(const Fields& node);
  std::string extreme(const Fields& node);
  std::string value_function(const Fields& node);
  std::string collate(const Fields& node);
  std::string stray_default(const Fields& node);
  std::string stray_row(const Fields& node);

  // comparison_text.cc
  std::string comparison(std::string_view name, const Fields& node);
  std::string comparand(const Node& node, const Node* other);
  std::string members(const Node& left, const boost::json::array& items);
  std::string any_of(const Fields& node, bool all);
  std::string each_of(std::string_view name, const Node& left, const boost::json::array& items,
                      bool all, const Fields& at);
  std::string like(const Fields& node);
  std::string matched(std::string_view name, const std::string& left, const Node& pattern);
  std::string between(const Fields& node);
  std::string in_list(const Fields& node);
  std::string sub_query(const Fields& node);
  std::string scalar(const Fields& select, const Fields& at);
  std::string quantified(const Fields& node, std::string_view operation, bool all);

  // json_member_text.cc
  std::string json_member(std::string_view name, const Fields& node);
  std::string json_path(const Node& key);
  std::string json_path_of(std::string_view members, const Fields& at);
  std::string json_value(const Node& node);

  // cast_text.cc
  std::string cast(const Fields& node);
  std::string cast_to(std::string_view type, const Node& value, const Fields& at);
  std::string cut_to(const std::string& text, std::string_view type,
                     const boost::json::array& modifiers, const Fields& at);
  std::string literal(const Node& constant, Type type);
  std::string as_text(const Node& value);
  std::string as_integer(std::string_view function, const Node& value);

  // function_text.cc
  std::string call(const Fields& node);
  void check_call(const ListedFunction& function, const Fields& node);
  std::string plain_call(const ListedFunction& function, const Fields& node);
  std::string round_call(const Fields& node);
  std::string concat_call(const ListedFunction& function, const Fields& node);
  std::string json_type_call(const Fields& node);
  std::string aggregate_call(const ListedFunction& function, const Fields& node);
  std::string aggregate_arguments(const ListedFunction& function, const Fields& node);
  std::string sorted_aggregate(const ListedFunction& function, const Fields& node);
  std::string identity(std::string_view name, const Fields& node);
  std::string setting(const Fields& node);
  std::string claim(std::string_view name);

  // window_text.cc
  std::string over(const Fields& node);
  std::string window(const Fields& definition);
  std::string windows(const Fields& node);
  std::string frame(const Fields& definition);

  // query_text.cc
  void check_query(const Fields& node);
  Query select(const Fields& node, bool unread);
  Query compound(const Fields& node);
  Query operand(const Fields& node, bool left);
  std::string tail(const Fields& node, const Query& made);
  void add_target(OutputColumn column, const std::string& text, Query& made);
  [[nodiscard]] bool is_never_null(const Node& value) const;
  void expand_star(const Fields& reference, Query& made);
  std::string group(const Fields& node, const Query& made);
  void check_grouping(const Fields& select);
  std::string limit(const Fields& node);
  std::string bound(const Node& node, std::string_view clause);

  // order_text.cc
  struct Sorted;
  struct SortedBy {
    std::string text;
    bool not_null = false;
  };
  std::string order(const boost::json::array& terms, const Sorted& sorted);
  std::string order_term(const Fields& term, const Sorted& sorted);
  SortedBy sorted_by(const Node& what, const Sorted& sorted, std::string_view clause);
  std::optional<std::size_t> result_place(const Node& what, const Sorted& sorted,
                                          std::string_view clause);
  std::optional<std::size_t> named_result(std::string_view name, const Query& result,
                                          const Fields& at);
  std::string grouping_term(const Node& term, const Query& result);

  // source_text.cc
  struct Place {
    std::size_t source = 0;
    std::size_t visible = 0;
  };
  struct Sides {
    std::string_view type;  // of the join
    Place left, right;      // where each begins in its level
  };
  std::string source(const Node& item, Level& level);
  std::string table(const Fields& node, Level& level);
  std::string cte_source(Cte& cte, const Fields& node, Level& level);
  std::string named(const std::string& written, Source source,
                    const std::vector<std::string>& titles, const Fields& at, Level& level);
  std::string join(const Fields& node, Level& level);
  std::string joined_on(const Fields& node, Level& level, const Sides& sides);
  std::string merge(const Fields& node, Level& level, const Sides& sides);
  static std::vector<std::string_view> common_names(const std::vector<VisibleColumn>& left,
                                                    const std::vector<VisibleColumn>& right);
  std::optional<VisibleColumn> one_named(std::string_view name,
                                         const std::vector<VisibleColumn>& columns,
                                         std::string_view side, const Fields& at);
  std::string derived(const Fields& node, Level& level);
  std::string table_function(const Fields& node, Level& level);

  // with_text.cc
  Cte begin_cte(const Fields& expression, std::size_t siblings);
  void write_cte(Cte& cte, const Fields& expression);
  std::vector<OutputColumn> titled(std::vector<OutputColumn> columns,
                                   const std::vector<std::string>& titles, std::string_view what,
                                   std::string_view name);
  static std::string listed(const std::vector<OutputColumn>& columns);
  std::string own_name();

  const Schema& schema_;
  const std::string_view sql_;
  const std::size_t offset_;
  const Purpose purpose_;
  std::optional<SqlError> error_;
  Scope scope_;
  const Level* watched_ = nullptr;
  bool names_watched_ = false;
  std::vector<std::size_t> reads_;  // tables, each once
  std::uint32_t parameters_ = 0;
  int depth_ = 0;
  int own_names_ = 0;
  bool in_exists_ = false;   // the query whose columns nobody reads is about to be written
  std::string_view clause_;  // in which no aggregate may stand; empty where one may
};

}  // namespace database::sqlite
