// Comparisons: of values, rows, lists, patterns and queries (translator.h).
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "database/sqlite/expression_type.h"
#include "database/sqlite/single_row.h"
#include "database/sqlite/translator.h"

namespace database::sqlite {
namespace {

std::string_view operator_of(const Fields& node, std::string_view list = "name") {
  const auto names = names_of(node, list);
  return names.empty() ? std::string_view() : names.back();
}

bool is_comparison(std::string_view name) {
  static constexpr std::array<std::string_view, 6> kComparisons{"=", "<>", "<", ">", "<=", ">="};
  return std::ranges::find(kComparisons, name) != kComparisons.end();
}

// ANY ($1::text[]) says no more than ANY ($1).
const Node& without_cast(const Node& node) {
  if (!is_kind(node, "TypeCast")) return node;
  const Fields* type = object_field(fields_of(node), "typeName");
  const Node* inner = field(fields_of(node), "arg");
  const bool array = type != nullptr && !list_field(*type, "arrayBounds").empty();
  return array && inner != nullptr ? *inner : node;
}

bool is_row(const Node& node) {
  return is_kind(node, "RowExpr") && list_field(fields_of(node), "args").size() > 1;
}

}  // namespace

std::string Translator::comparison(std::string_view name, const Fields& node) {
  const Node* left = field(node, "lexpr");
  const Node* right = field(node, "rexpr");
  if (left == nullptr || right == nullptr) return refuse("a comparison without its operand", &node);
  std::string text = "(" + comparand(*left, right);
  text += fmt::format(" {} ", name);
  return text + comparand(*right, left) + ")";
}

// A constant string takes the type of what it is compared with, a query that of a row.
std::string Translator::comparand(const Node& node, const Node* other) {
  const Fields& fields = fields_of(node);
  if (is_kind(node, "RowExpr")) return "(" + list_of(list_field(fields, "args")) + ")";
  if (other == nullptr) return expression(node);
  if (is_row(*other) && text_field(fields, "subLinkType") == "EXPR_SUBLINK") {
    const Node* inside = field(fields, "subselect");
    return inside == nullptr ? refuse("this query", &fields)
                             : "(" + query(fields_of(*inside)).text + ")";
  }
  if (string_constant(node)) return literal(node, type_of(*other, scope_));
  return expression(node);
}

// ---- Lists -------------------------------------------------------------------------------------

std::string Translator::in_list(const Fields& node) {
  const Node* left = field(node, "lexpr");
  const Node* list = field(node, "rexpr");
  if (left == nullptr || list == nullptr) return refuse("this IN", &node);
  const auto& items = list_field(fields_of(*list), "items");
  return fmt::format("({} {}IN {})", comparand(*left, nullptr),
                     operator_of(node) == "<>" ? "NOT " : "", members(*left, items));
}

// SQLite takes a list of rows as a query only.
std::string Translator::members(const Node& left, const boost::json::array& items) {
  const bool rows = is_row(left);
  std::string text;
  for (const Node& item : items) {
    if (!text.empty()) text += ", ";
    text += comparand(item, &left);
  }
  return rows ? "(VALUES " + text + ")" : "(" + text + ")";
}

// A parameter that is an array comes as JSON. Without one the answer is NULL, as of a list that has
// a NULL in it.
std::string Translator::any_of(const Fields& node, bool all) {
  const std::string_view name = operator_of(node);
  const Node* left = field(node, "lexpr");
  const Node* right = field(node, "rexpr");
  if (left == nullptr || right == nullptr) return refuse("ANY without a list", &node);
  const Node& list = without_cast(*right);
  const bool is_in = name == (all ? "<>" : "=");
  const std::string_view word = all ? "NOT IN" : "IN";
  if (is_kind(list, "ParamRef")) {
    if (!is_in) return refuse("ANY or ALL of a parameter but for = ANY and <> ALL", &node);
    return fmt::format("({} {} (SELECT \"value\" FROM json_each(coalesce({}, '[null]'))))",
                       expression(*left), word, expression(list));
  }
  if (!is_kind(list, "A_ArrayExpr")) {
    return refuse("ANY or ALL of anything but a parameter, ARRAY[…] or a query", &node);
  }
  const auto& items = list_field(fields_of(list), "elements");
  if (is_in) return fmt::format("({} {} {})", expression(*left), word, members(*left, items));
  return each_of(name, *left, items, all, node);
}

std::string Translator::each_of(std::string_view name, const Node& left,
                                const boost::json::array& items, bool all, const Fields& at) {
  const bool pattern = name.find("~~") != std::string_view::npos;
  if (!is_comparison(name) && !pattern) return refuse(fmt::format("{} ANY", name), &at);
  std::string text;
  for (const Node& item : items) {
    if (!text.empty()) text += all ? " AND " : " OR ";
    text += pattern ? matched(name, expression(left), item)
                    : fmt::format("({} {} {})", expression(left), name, comparand(item, &left));
  }
  return text.empty() ? (all ? "1" : "0") : "(" + text + ")";
}

std::string Translator::between(const Fields& node) {
  const std::string_view kind = text_field(node, "kind");
  const Node* left = field(node, "lexpr");
  const Node* list = field(node, "rexpr");
  if (left == nullptr || list == nullptr) return refuse("this BETWEEN", &node);
  const auto& bounds = list_field(fields_of(*list), "items");
  if (bounds.size() != 2) return refuse(kind, &node);
  const std::string what = comparand(*left, nullptr);
  const std::string low = comparand(bounds[0], left);
  const std::string high = comparand(bounds[1], left);
  std::string text = fmt::format("{} BETWEEN {} AND {}", what, low, high);
  if (kind.ends_with("_SYM")) {
    text = fmt::format("({} OR {} BETWEEN {} AND {})", text, what, high, low);
  }
  return (kind.starts_with("AEXPR_NOT") ? "(NOT " : "(") + text + ")";
}

// ---- Patterns ----------------------------------------------------------------------------------

std::string Translator::like(const Fields& node) {
  const Node* pattern = field(node, "rexpr");
  return pattern == nullptr ? refuse("this LIKE", &node)
                            : matched(operator_of(node), child(node, "lexpr"), *pattern);
}

// The escape is PostgreSQL's where none is named; '' names none.
std::string Translator::matched(std::string_view name, const std::string& left,
                                const Node& pattern) {
  const Fields& call = fields_of(pattern);
  const auto& arguments = list_field(call, "args");
  const bool named = is_kind(pattern, "FuncCall") &&
                     operator_of(call, "funcname") == "like_escape" && arguments.size() == 2;
  const bool no_escape = named && string_constant(arguments[1]) == "";
  const std::string text = expression(named ? arguments[0] : pattern);
  const std::string escape = named ? expression(arguments[1]) : "'\\'";
  const bool negated = name.starts_with('!');
  if (name.ends_with('*')) {
    return fmt::format("({}pg_ilike({}, {}, {}))", negated ? "NOT " : "", left, text, escape);
  }
  return fmt::format("({} {}LIKE {}{})", left, negated ? "NOT " : "", text,
                     no_escape ? std::string() : " ESCAPE " + escape);
}

// ---- Queries -----------------------------------------------------------------------------------

std::string Translator::sub_query(const Fields& node) {
  const Node* inside = field(node, "subselect");
  if (inside == nullptr || !is_kind(*inside, "SelectStmt")) return refuse("this query", &node);
  const Fields& select = fields_of(*inside);
  const std::string_view kind = text_field(node, "subLinkType");
  const Node* left = field(node, "testexpr");
  if (kind == "EXISTS_SUBLINK") {
    in_exists_ = true;
    return "EXISTS (" + query(select).text + ")";
  }
  if (kind == "EXPR_SUBLINK") return scalar(select, node);
  if ((kind != "ANY_SUBLINK" && kind != "ALL_SUBLINK") || left == nullptr) {
    return refuse(kind == "ARRAY_SUBLINK" ? "ARRAY(…)" : "this query", &node);
  }
  const bool all = kind == "ALL_SUBLINK";
  const auto names = names_of(node, "operName");
  const std::string_view name = names.empty() ? "=" : names.back();
  if (name != (all ? "<>" : "=")) return quantified(node, name, all);
  const std::string what = comparand(*left, nullptr);
  return fmt::format("({} {}IN ({}))", what, all ? "NOT " : "", query(select).text);
}

// SQLite takes the first of several rows; PostgreSQL refuses them.
std::string Translator::scalar(const Fields& select, const Fields& at) {
  const Query inside = query(select);
  if (inside.columns.size() != 1) {
    return fail(SqlState::kSyntaxError, "subquery must return only one column", &at);
  }
  if (has_single_row(select, schema_, scope_)) return "(" + inside.text + ")";
  const std::string name = own_name();
  return fmt::format("(WITH {0}(\"v\") AS ({1}) SELECT pg_single({0}.\"v\") FROM {0})", name,
                     inside.text);
}

std::string Translator::column_of(const Fields& select, std::size_t place, std::size_t count) {
  const Query inside = query(select);
  if (error_) return {};
  if (inside.columns.size() != count) {
    return fail(SqlState::kSyntaxError, "number of columns does not match number of values");
  }
  const std::string name = own_name();
  std::string columns;
  for (std::size_t i = 1; i <= count; ++i)
    columns += fmt::format("{}\"v{}\"", i > 1 ? ", " : "", i);
  return fmt::format("(WITH {0}({1}) AS ({2}) SELECT pg_single({0}.\"v{3}\") FROM {0})", name,
                     columns, inside.text, place);
}

// x > ALL (…), by the three values that it can have.
std::string Translator::quantified(const Fields& node, std::string_view operation, bool all) {
  const Node* left = field(node, "testexpr");
  if (!is_comparison(operation) || is_row(*left)) {
    return refuse(fmt::format("{} {} of a query", operation, all ? "ALL" : "ANY"), &node);
  }
  const Query inside = query(fields_of(*field(node, "subselect")));
  if (inside.columns.size() != 1) {
    return fail(SqlState::kSyntaxError, "subquery has too many columns", &node);
  }
  const std::string name = own_name();
  const std::string test = fmt::format("({} {} {}.\"v\")", expression(*left), operation, name);
  return fmt::format(
      "(WITH {0}(\"v\") AS ({1}) SELECT CASE WHEN {2}({3}) = {4} THEN {4} WHEN count(*) > "
      "count({3}) THEN NULL ELSE {5} END FROM {0})",
      name, inside.text, all ? "min" : "max", test, all ? 0 : 1, all ? 1 : 0);
}

}  // namespace database::sqlite
