// Calls of functions and aggregates (translator.h).
#include <fmt/format.h>

#include "database/sqlite/expression_type.h"
#include "database/sqlite/order_text.h"
#include "database/sqlite/translator_guard.h"

namespace database::sqlite {
namespace {

using Form = ListedFunction::Form;
using Sort = ListedFunction::Sort;

bool is_ours(const std::vector<std::string_view>& names) {
  return names.size() == 1 || (names.size() == 2 && names[0] == "pg_catalog") ||
         (names.size() == 2 && names[0] == "extensions" && names[1] == "uuid_generate_v4");
}

bool is_known_schema(std::string_view name) {
  return name == "auth" || name == "public" || name == "pg_catalog" || name == "extensions";
}

}  // namespace

std::string Translator::call(const Fields& node) {
  const auto names = names_of(node, "funcname");
  if (names.size() == 2 && names[0] == "auth" && list_field(node, "args").empty()) {
    return identity(names[1], node);
  }
  if (names.size() > 1 && !is_known_schema(names[0])) {
    return fail(SqlState::kInvalidSchemaName, fmt::format("schema \"{}\" does not exist", names[0]),
                &node);
  }
  const ListedFunction* function =
      names.empty() || !is_ours(names) ? nullptr : find_function(names.back());
  const auto count = list_field(node, "args").size();
  const bool star = flag_field(node, "agg_star");
  const bool fits =
      function != nullptr &&
      (star ? function->form == Form::kCount : count >= function->least && count <= function->most);
  if (!fits) {
    return fail(SqlState::kUndefinedFunction,
                fmt::format("function {} with {} arguments does not exist (see docs/database.md "
                            "for those that do)",
                            fmt::join(names, "."), count),
                &node);
  }
  check_call(*function, node);
  if (error_) return {};
  return function->sort == Sort::kPlain ? plain_call(*function, node)
                                        : aggregate_call(*function, node);
}

void Translator::check_call(const ListedFunction& function, const Fields& node) {
  const bool windowed = field(node, "over") != nullptr;
  if (flag_field(node, "func_variadic")) refuse("VARIADIC", &node);
  if (flag_field(node, "agg_within_group")) refuse("WITHIN GROUP", &node);
  if (function.sort == Sort::kPlain) {
    for (const std::string_view clause : {"over", "agg_order", "agg_filter", "agg_distinct"}) {
      if (field(node, clause) == nullptr) continue;
      fail(SqlState::kUndefinedFunction,
           fmt::format("{} is neither an aggregate nor a window function", function.name), &node);
    }
    return;
  }
  if (function.sort == Sort::kWindow && !windowed) {
    fail(SqlState::kWrongObjectType,
         fmt::format("window function {} requires an OVER clause", function.name), &node);
  }
  if (!clause_.empty()) {
    fail(windowed ? SqlState::kWindowingError : SqlState::kGroupingError,
         fmt::format("{} functions are not allowed in {}", windowed ? "window" : "aggregate",
                     clause_),
         &node);
  }
  if (windowed && (field(node, "agg_order") != nullptr || flag_field(node, "agg_distinct"))) {
    refuse("DISTINCT or ORDER BY in the arguments of a window function", &node);
  }
}

std::string Translator::plain_call(const ListedFunction& function, const Fields& node) {
  const auto& arguments = list_field(node, "args");
  switch (function.form) {
    case Form::kSetting:
      return setting(node);
    case Form::kRound:
      return round_call(node);
    case Form::kConcat:
      return concat_call(function, node);
    case Form::kJsonType:
      return json_type_call(node);
    case Form::kOctets:
      return "length(CAST(" + list_of(arguments) + " AS BLOB))";
    case Form::kStartsWith: {
      const std::string prefix = expression(arguments[1]);
      return fmt::format("(pg_left({}, length({})) = {})", expression(arguments[0]), prefix,
                         prefix);
    }
    case Form::kText:
      if (string_constant(arguments[1])) {
        return refuse(fmt::format("{} with a pattern", function.name), &node);
      }
      break;
    case Form::kJsonArguments: {
      std::string text;
      for (const Node& each : arguments) text += (text.empty() ? "" : ", ") + json_value(each);
      return fmt::format("{}({})", function.written, text);
    }
    default:
      break;
  }
  return fmt::format("{}({})", function.written, list_of(arguments));
}

std::string Translator::round_call(const Fields& node) {
  const auto& arguments = list_field(node, "args");
  const bool decimal = arguments.size() == 1 && type_of(arguments[0], scope_) == Type::kNumeric;
  return fmt::format("pg_round({}{})", list_of(arguments), decimal ? ", 0" : "");
}

std::string Translator::concat_call(const ListedFunction& function, const Fields& node) {
  std::string text;
  for (const Node& each : list_field(node, "args")) {
    if (!text.empty()) text += ", ";
    const std::string argument = expression(each);
    text += type_of(each, scope_) == Type::kBoolean
                ? fmt::format("CASE {} WHEN 1 THEN 't' WHEN 0 THEN 'f' END", argument)
                : argument;
  }
  return fmt::format("{}({})", function.written, text);
}

std::string Translator::json_type_call(const Fields& node) {
  return fmt::format(
      "(CASE json_type({}) WHEN 'object' THEN 'object' WHEN 'array' THEN 'array' "
      "WHEN 'text' THEN 'string' WHEN 'null' THEN 'null' WHEN 'integer' THEN 'number' "
      "WHEN 'real' THEN 'number' WHEN 'true' THEN 'boolean' WHEN 'false' THEN 'boolean' END)",
      list_of(list_field(node, "args")));
}

// ---- Aggregates --------------------------------------------------------------------------------

std::string Translator::aggregate_call(const ListedFunction& function, const Fields& node) {
  const bool ordered =
      function.form == Form::kTextAggregate || function.form == Form::kJsonAggregate;
  const bool sorted =
      ordered && (field(node, "agg_order") != nullptr || flag_field(node, "agg_distinct"));
  std::string text =
      sorted ? sorted_aggregate(function, node)
             : fmt::format("{}({})", function.written, aggregate_arguments(function, node));
  if (const Node* filter = field(node, "agg_filter"); filter != nullptr) {
    text += " FILTER (WHERE " + condition(*filter, "FILTER") + ")";
  }
  text += over(node);
  if (function.form != Form::kJsonAggregate || sorted) return text;
  return fmt::format("json(nullif({}, {}))", text,
                     function.written == "json_group_array" ? "'[]'" : "'{}'");
}

std::string Translator::aggregate_arguments(const ListedFunction& function, const Fields& node) {
  if (flag_field(node, "agg_star")) return "*";
  std::string text;
  for (const Node& each : list_field(node, "args")) {
    if (!text.empty()) text += ", ";
    if (function.form == Form::kJsonAggregate) {
      text += json_value(each);
    } else if (function.form == Form::kTextAggregate) {
      text += as_text(each);
    } else {
      text += expression(each);
    }
  }
  return (flag_field(node, "agg_distinct") ? "DISTINCT " : "") + text;
}

// SQLite's aggregates have no order of their own: ours take the keys of the order after a text that
// says how each is sorted (aggregate_functions.cc).
std::string Translator::sorted_aggregate(const ListedFunction& function, const Fields& node) {
  const auto& arguments = list_field(node, "args");
  const bool of_text = function.form == Form::kTextAggregate;
  if (!of_text && arguments.size() != 1) return refuse("ORDER BY in this aggregate", &node);
  std::string directions = flag_field(node, "agg_distinct") ? "u" : "";
  std::string keys;
  for (const Node& each : list_field(node, "agg_order")) {
    const Fields& term = fields_of(each);
    const SortOrder order = sort_order(term);
    directions += order.descending ? 'd' : 'a';
    directions += order.nulls_first ? 'f' : 'l';
    keys += ", " + child(term, "node");
  }
  const std::string value = of_text ? as_text(arguments[0]) : json_value(arguments[0]);
  return of_text ? fmt::format("pg_string_agg({}, {}, '{}'{})", value, as_text(arguments[1]),
                               directions, keys)
                 : fmt::format("pg_json_agg({}, '{}'{})", value, directions, keys);
}

// ---- The caller --------------------------------------------------------------------------------

std::string Translator::identity(std::string_view name, const Fields& node) {
  if (name == "uid" || name == "role" || name == "jwt") return fmt::format("auth_{}()", name);
  if (name == "email") return claim("email");
  return fail(SqlState::kUndefinedFunction, fmt::format("function auth.{}() does not exist", name),
              &node);
}

std::string Translator::claim(std::string_view name) {
  return fmt::format("pg_json_text(auth_jwt() -> '$.{}')", name);
}

// How the policies of PostgREST's users ask for the caller. What is not set reads as ''.
std::string Translator::setting(const Fields& node) {
  const auto name = string_constant(list_field(node, "args")[0]);
  if (name == "request.jwt.claims") return "auth_jwt()";
  if (name == "request.jwt.claim.sub") return "coalesce(auth_uid(), '')";
  if (name == "request.jwt.claim.role" || name == "role") return "auth_role()";
  if (name == "request.jwt.claim.email") return "coalesce(" + claim("email") + ", '')";
  return refuse("current_setting but of request.jwt.claims", &node);
}

}  // namespace database::sqlite
