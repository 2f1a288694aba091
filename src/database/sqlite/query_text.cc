// SELECT, VALUES and what joins them (translator.h).
#include <utility>

#include <fmt/format.h>

#include "database/sqlite/expression_type.h"
#include "database/sqlite/grouping.h"
#include "database/sqlite/order_text.h"
#include "database/sqlite/result_name.h"
#include "database/sqlite/translator_guard.h"

namespace database::sqlite {
namespace {

bool is_compound(const Fields& query) { return object_field(query, "larg") != nullptr; }

bool is_bare(const Fields& query) {
  for (const std::string_view clause : {"sortClause", "limitCount", "limitOffset", "withClause"}) {
    if (field(query, clause) != nullptr) return false;
  }
  return true;
}

std::string_view word_of(std::string_view operation, bool all) {
  if (operation == "SETOP_UNION") return all ? " UNION ALL " : " UNION ";
  return operation == "SETOP_INTERSECT" ? " INTERSECT " : " EXCEPT ";
}

bool is_star(const Node& value) {
  if (!is_kind(value, "ColumnRef")) return false;
  const auto names = names_of(fields_of(value), "fields");
  return !names.empty() && names.back() == "*";
}

}  // namespace

void Translator::check_query(const Fields& node) {
  if (field(node, "lockingClause") != nullptr) refuse("FOR UPDATE or FOR SHARE", &node);
  if (field(node, "intoClause") != nullptr) refuse("SELECT INTO", &node);
  if (text_field(node, "limitOption") == "LIMIT_OPTION_WITH_TIES") refuse("WITH TIES", &node);
  if (flag_field(node, "groupDistinct")) refuse("GROUP BY DISTINCT", &node);
}

Translator::Query Translator::query(const Fields& node) {
  const Deeper deeper(*this);
  const Clause anything(*this, "");
  const bool unread = std::exchange(in_exists_, false);
  if (deeper.too_deep()) {
    fail(SqlState::kStatementTooComplex, "the statement is nested too deeply");
  }
  if (!error_) check_query(node);
  if (error_) return {};
  open_with(node);
  Query made;
  if (is_compound(node)) {
    made = compound(node);
  } else if (field(node, "valuesLists") == nullptr) {
    made = select(node, unread);
  } else {
    made = values(node);
    if (!is_bare(node)) made.text = "SELECT * FROM (" + made.text + ")" + tail(node, made);
  }
  made.text = take_with(node) + made.text;
  return made;
}

// ---- Compounds ---------------------------------------------------------------------------------

Translator::Query Translator::compound(const Fields& node) {
  const std::string_view operation = text_field(node, "op");
  const bool all = flag_field(node, "all");
  if (all && operation != "SETOP_UNION") refuse("INTERSECT ALL or EXCEPT ALL", &node);
  Query made = operand(*object_field(node, "larg"), true);
  // What a recursive query is called right of UNION has the columns of its left.
  for (Cte& cte : scope_.ctes) {
    if (cte.body != &node) continue;
    cte.columns = titled(made.columns, cte.titles, "WITH query", cte.name);
    cte.state = Cte::State::kRecursive;
  }
  const Fields* right = object_field(node, "rarg");
  if (right == nullptr) refuse("this query", &node);
  if (error_) return {};
  const Query other = operand(*right, false);
  if (!error_ && made.columns.size() != other.columns.size()) {
    fail(SqlState::kSyntaxError,
         "each query of a UNION, INTERSECT or EXCEPT must have the same number of columns");
  }
  if (error_) return {};
  for (std::size_t i = 0; i < made.columns.size(); ++i) {
    OutputColumn& column = made.columns[i];
    column.not_null = column.not_null && other.columns[i].not_null;
    if (column.type != other.columns[i].type) column.type = Type::kUnknown;
    made.texts[i] = std::to_string(i);  // no expression stands for both
  }
  made.text += word_of(operation, all);
  made.text += other.text + tail(node, made);
  return made;
}

// SQLite takes a compound from the left, and parentheses only as a table.
Translator::Query Translator::operand(const Fields& node, bool left) {
  Query made = query(node);
  if (is_bare(node) && (left || !is_compound(node))) return made;
  made.text = "SELECT * FROM (" + made.text + ")";
  return made;
}

// ORDER BY and LIMIT of what is not a plain SELECT.
std::string Translator::tail(const Fields& node, const Query& made) {
  std::string text;
  if (const auto& terms = list_field(node, "sortClause"); !terms.empty()) {
    text += " ORDER BY " + order(terms, Sorted{&made, true, false});
  }
  return text + limit(node);
}

Translator::Query Translator::values(const Fields& node) {
  const Clause clause(*this, "VALUES");
  Query made;
  std::optional<std::size_t> width;
  for (const Node& each : list_field(node, "valuesLists")) {
    const auto& items = list_field(fields_of(each), "items");
    if (width && *width != items.size()) {
      fail(SqlState::kSyntaxError, "VALUES lists must all be the same length");
      return {};
    }
    width = items.size();
    made.text += made.text.empty() ? "VALUES (" : ", (";
    made.text += list_of(items) + ")";
  }
  for (std::size_t i = 0; i < width.value_or(0); ++i) {
    made.columns.push_back({fmt::format("column{}", i + 1)});
    made.texts.push_back(std::to_string(i));
  }
  return made;
}

// ---- SELECT ------------------------------------------------------------------------------------

Translator::Query Translator::select(const Fields& node, bool unread) {
  const auto& distinct = list_field(node, "distinctClause");
  if (!distinct.empty() && !kind_of(distinct[0]).empty()) refuse("DISTINCT ON", &node);
  Level level;
  const auto& items = list_field(node, "fromClause");
  std::string sources = items.empty() ? std::string() : " FROM " + from(items, level);
  if (error_) return {};
  const InLevel inside(scope_, level);
  const auto& list = list_field(node, "targetList");
  if (list.empty() && !unread) refuse("a SELECT of no columns", &node);
  Query made = list.empty() ? Query{"1", {}, {}} : targets(list);
  if (const Node* where = field(node, "whereClause"); where != nullptr) {
    sources += " WHERE " + condition(*where, "WHERE");
  }
  sources += group(node, made) + windows(node);
  if (const auto& terms = list_field(node, "sortClause"); !terms.empty()) {
    sources += " ORDER BY " + order(terms, Sorted{&made, false, !distinct.empty()});
  }
  sources += limit(node);
  check_grouping(node);
  made.text = (distinct.empty() ? "SELECT " : "SELECT DISTINCT ") + made.text + sources;
  return made;
}

Translator::Query Translator::targets(const boost::json::array& list) {
  Query made;
  for (const Node& each : list) {
    const Fields& target = fields_of(each);
    const Node* value = field(target, "val");
    if (value == nullptr) {
      refuse("this column", &target);
      return {};
    }
    if (is_star(*value)) {
      expand_star(fields_of(*value), made);
      continue;
    }
    const std::string_view given = text_field(target, "name");
    const std::string text = expression(*value);
    add_target({given.empty() ? result_name(*value) : std::string(given), type_of(*value, scope_),
                is_never_null(*value)},
               text, made);
  }
  return made;
}

std::string Translator::returned(const boost::json::array& list) {
  const Clause clause(*this, "RETURNING");
  return targets(list).text;
}

void Translator::add_target(OutputColumn column, const std::string& text, Query& made) {
  if (!made.text.empty()) made.text += ", ";
  made.text += text + " AS " + quote_name(column.name);
  made.texts.push_back(text);
  made.columns.push_back(std::move(column));
}

bool Translator::is_never_null(const Node& value) const {
  const auto names = names_of(fields_of(value), "fields");
  if (!is_kind(value, "ColumnRef") || names.empty()) return false;
  return scope_.find(names.size() > 1 ? names[names.size() - 2] : std::string_view(), names.back())
      .column.column.not_null;
}

// Written out: SQLite orders and names the columns of joins otherwise.
void Translator::expand_star(const Fields& reference, Query& made) {
  const auto names = names_of(reference, "fields");
  if (names.size() == 1) {
    const Level& level = *scope_.levels.back();
    for (const Source& source : level.sources) {
      if (source.out_of_reach) refuse("RETURNING the columns of other tables", &reference);
    }
    if (level.sources.empty()) {
      fail(SqlState::kSyntaxError, "SELECT * with no tables specified is not valid", &reference);
    }
    for (const VisibleColumn& each : level.visible) add_target(each.column, each.text, made);
    return;
  }
  const std::string_view table = names[names.size() - 2];
  const Source* source = scope_.find_source(table);
  if (source == nullptr) {
    fail(SqlState::kUndefinedTable,
         fmt::format("missing FROM-clause entry for table \"{}\"", table), &reference);
    return;
  }
  if (source->out_of_reach) refuse("RETURNING the columns of other tables", &reference);
  for (const OutputColumn& column : source->columns) {
    add_target(column, quote_name(source->alias) + "." + quote_name(column.name), made);
  }
}

std::string Translator::group(const Fields& node, const Query& made) {
  std::string text;
  {
    const Clause clause(*this, "GROUP BY");
    for (const Node& each : list_field(node, "groupClause")) {
      text += text.empty() ? " GROUP BY " : ", ";
      text += grouping_term(each, made);
    }
  }
  if (field(node, "havingClause") != nullptr) text += " HAVING " + child(node, "havingClause");
  return text;
}

void Translator::check_grouping(const Fields& select) {
  if (error_) return;
  const auto ungrouped = find_ungrouped(select, scope_, schema_);
  if (!ungrouped) return;
  fail(SqlState::kGroupingError,
       fmt::format("column \"{}\" must appear in the GROUP BY clause or be used in an aggregate "
                   "function",
                   ungrouped->name),
       ungrouped->at);
}

std::string Translator::limit(const Fields& node) {
  const Node* count = field(node, "limitCount");
  const Node* offset = field(node, "limitOffset");
  const bool all = count == nullptr || flag_field(fields_of(*count), "isnull");
  if (all && offset == nullptr) return {};
  std::string text = " LIMIT ";
  text += all ? "-1" : bound(*count, "LIMIT");
  if (offset != nullptr) text += " OFFSET " + bound(*offset, "OFFSET");
  return text;
}

// SQLite takes a negative LIMIT for none, and no NULL.
std::string Translator::bound(const Node& node, std::string_view clause) {
  const Clause in_force(*this, clause);
  if (const auto number = integer_constant(node); number && *number >= 0) {
    return std::to_string(*number);
  }
  return fmt::format("pg_{}({})", clause == "LIMIT" ? "limit" : "offset", expression(node));
}

}  // namespace database::sqlite
