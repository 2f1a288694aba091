#include "database/sqlite/single_row.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "database/sqlite/function_list.h"

namespace database::sqlite {
namespace {

using Columns = std::vector<std::size_t>;

bool is_plain(const Fields& select) {
  for (const std::string_view clause : {"larg", "valuesLists", "groupClause", "withClause"}) {
    if (field(select, clause) != nullptr) return false;
  }
  return true;
}

// The column that `column = value` binds, where the value does not depend on the table: a constant,
// a parameter, or a call of one of ours without arguments.
std::optional<std::size_t> bound_column(const Fields& comparison, const Table& table,
                                        std::string_view alias) {
  const Node* left = field(comparison, "lexpr");
  const Node* right = field(comparison, "rexpr");
  if (left == nullptr || right == nullptr) return std::nullopt;
  if (!is_kind(*left, "ColumnRef")) std::swap(left, right);
  const bool fixed = is_kind(*right, "A_Const") || is_kind(*right, "ParamRef") ||
                     (is_kind(*right, "FuncCall") && list_field(fields_of(*right), "args").empty());
  if (!fixed || !is_kind(*left, "ColumnRef")) return std::nullopt;
  const auto names = names_of(fields_of(*left), "fields");
  if (names.empty() || (names.size() > 1 && !same_name(names[names.size() - 2], alias))) {
    return std::nullopt;
  }
  return table.column(names.back());
}

void collect_bound(const Node& where, const Table& table, std::string_view alias, Columns& bound) {
  const Fields& node = fields_of(where);
  if (is_kind(where, "BoolExpr") && text_field(node, "boolop") == "AND_EXPR") {
    for (const Node& each : list_field(node, "args")) collect_bound(each, table, alias, bound);
  }
  const auto names = names_of(node, "name");
  if (is_kind(where, "A_Expr") && text_field(node, "kind") == "AEXPR_OP" && names.size() == 1 &&
      names[0] == "=") {
    if (const auto column = bound_column(node, table, alias)) bound.push_back(*column);
  }
}

bool binds_key(const Table& table, const Columns& bound) {
  const auto binds = [&bound](const Columns& key) {
    return std::ranges::all_of(key, [&bound](std::size_t column) {
      return std::ranges::find(bound, column) != bound.end();
    });
  };
  if (table.integer_key && binds({*table.integer_key})) return true;
  if (!table.key.empty() && binds(table.key)) return true;
  return std::ranges::any_of(
      table.indexes, [&](const Index& index) { return index.unique && binds(index.columns); });
}

bool finds_by_key(const Fields& select, const Schema& schema, const Scope& scope) {
  const auto& from = list_field(select, "fromClause");
  const Node* where = field(select, "whereClause");
  if (from.size() != 1 || where == nullptr || !is_kind(from[0], "RangeVar")) return false;
  const Fields& range = fields_of(from[0]);
  const std::string_view name = text_field(range, "relname");
  const auto table = schema.table(name);
  if (!table || scope.has_cte(name)) return false;
  const Fields* alias = object_field(range, "alias");
  Columns bound;
  collect_bound(
      *where, schema.tables[*table],
      text_field(alias == nullptr ? range : *alias, alias == nullptr ? "relname" : "aliasname"),
      bound);
  return binds_key(schema.tables[*table], bound);
}

}  // namespace

bool has_aggregate(const Node& expression) {
  if (expression.is_array()) {
    return std::ranges::any_of(expression.get_array(), &has_aggregate);
  }
  if (!expression.is_object()) return false;
  if (is_kind(expression, "SubLink")) return false;
  if (is_kind(expression, "FuncCall") && field(fields_of(expression), "over") == nullptr) {
    const auto names = names_of(fields_of(expression), "funcname");
    const ListedFunction* function = names.empty() ? nullptr : find_function(names.back());
    if (function != nullptr && function->sort == ListedFunction::Sort::kAggregate) return true;
  }
  return std::ranges::any_of(expression.get_object(),
                             [](const auto& member) { return has_aggregate(member.value()); });
}

bool has_single_row(const Fields& select, const Schema& schema, const Scope& scope) {
  const Node* limit = field(select, "limitCount");
  if (limit != nullptr && integer_constant(*limit).value_or(2) <= 1) return true;
  if (!is_plain(select)) return false;
  if (field(select, "fromClause") == nullptr) return true;
  const Node* targets = field(select, "targetList");
  if (targets != nullptr && has_aggregate(*targets)) return true;
  return finds_by_key(select, schema, scope);
}

}  // namespace database::sqlite
