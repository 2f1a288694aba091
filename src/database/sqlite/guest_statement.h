// One statement of a guest, cut into the pieces of translation.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "database/sqlite/translation.h"
#include "database/sqlite/translator_guard.h"

namespace database::sqlite {

// "(a), (b)"
std::string parenthesized(const std::vector<std::string>& values);

class GuestStatementWriter {
 public:
  GuestStatementWriter(std::string_view sql, const Schema& schema)
      : schema_(schema), translator_(schema, sql, 0, Translator::Purpose::kStatement) {}

  SqlResult<GuestStatement> write(const Node& statement);

 private:
  // What SET assigns: texts for `columns`, which may be fewer than the statement names.
  struct Assignments {
    std::vector<std::size_t> columns;
    std::vector<std::string> values;
    std::vector<std::size_t> defaults;
    bool queries = false;  // one of the values holds a query
  };

  bool open(const Fields& statement);
  void finish(const Fields& statement);
  void select(const Fields& statement);

  void insert(const Fields& statement);
  void name_columns(const Fields& statement);
  void insert_rows(const Fields& values);
  std::string row(const boost::json::array& items, const std::vector<std::size_t>& targets);
  void insert_query(const Fields& query);
  std::string stored(const Translator::Query& query);
  bool check_width(std::size_t width, std::size_t columns);
  void conflict(const Fields& clause);
  void conflict_target(const Fields& infer, Conflict& made);

  void update(const Fields& statement);
  void remove(const Fields& statement);
  std::string sources(const Fields& statement, std::string_view clause, std::string_view prefix);
  std::string where(const Fields& statement);
  Assignments assignments(const Fields& statement);
  void assign(std::size_t column, const Node& value, Assignments& made);
  std::string part_of(const Fields& reference, std::size_t column, Assignments& made);
  std::string part_of_query(const Node& query, std::size_t place, std::size_t count);
  void check_assigned_once(const Assignments& made);

  void returning(const Fields& statement);

  [[nodiscard]] const Table& target() const { return schema_.tables[made_.target]; }
  [[nodiscard]] std::string guarded(std::string_view prefix) const;
  [[nodiscard]] std::string row_id() const;
  std::size_t column(const Fields& named);

  const Schema& schema_;
  Translator translator_;
  GuestStatement made_;
  std::string alias_;
  Level level_;
  bool own_with_ = false;  // the rows of an INSERT begin with a WITH of their own
};

}  // namespace database::sqlite
