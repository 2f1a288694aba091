#include "database/sqlite/expression_type.h"

#include <algorithm>
#include <map>
#include <optional>

#include "database/sqlite/function_list.h"

namespace database::sqlite {
namespace {

Type type_of_field(const Fields& node, std::string_view name, const Scope& scope) {
  const Node* found = field(node, name);
  return found == nullptr ? Type::kUnknown : type_of(*found, scope);
}

bool is_number(Type type) {
  return type == Type::kInteger || type == Type::kNumeric || type == Type::kFloat;
}

// Of two numbers' sum.
Type wider(Type a, Type b) {
  if (!is_number(a) || !is_number(b)) return Type::kUnknown;
  return std::max(a, b);  // in the order of their declaration
}

bool is_null(const Node& node) {
  return is_kind(node, "A_Const") && flag_field(fields_of(node), "isnull");
}

// Of CASE, COALESCE and their like: strings and NULL take the type of the others.
Type common_type(const std::vector<const Node*>& values, const Scope& scope) {
  std::optional<Type> common;
  bool strings = false;
  for (const Node* each : values) {
    if (is_null(*each)) continue;
    if (string_constant(*each)) {
      strings = true;
      continue;
    }
    const Type type = type_of(*each, scope);
    if (!common || *common == type) {
      common = type;
    } else {
      common = wider(*common, type);
    }
  }
  return common.value_or(strings ? Type::kText : Type::kUnknown);
}

Type constant_type(const Fields& node) {
  if (field(node, "ival") != nullptr) return Type::kInteger;
  if (field(node, "boolval") != nullptr) return Type::kBoolean;
  if (field(node, "sval") != nullptr) return Type::kText;
  const Fields* number = object_field(node, "fval");
  if (number == nullptr) return Type::kUnknown;
  constexpr std::size_t kBigintDigits = 18;
  const std::string_view text = text_field(*number, "fval");
  const bool whole = text.find_first_not_of("-0123456789") == std::string_view::npos;
  return whole && text.size() <= kBigintDigits ? Type::kInteger : Type::kNumeric;
}

Type column_type(const Fields& node, const Scope& scope) {
  const auto names = names_of(node, "fields");
  if (names.empty()) return Type::kUnknown;
  const auto found =
      scope.find(names.size() > 1 ? names[names.size() - 2] : std::string_view(), names.back());
  return found.column.column.type;
}

Type operator_type(const Fields& node, const Scope& scope) {
  static const std::map<std::string_view, Type> kTypes{
      {"=", Type::kBoolean},  {"<>", Type::kBoolean}, {"<", Type::kBoolean}, {">", Type::kBoolean},
      {"<=", Type::kBoolean}, {">=", Type::kBoolean}, {"||", Type::kText},   {"->>", Type::kText},
      {"#>>", Type::kText},   {"->", Type::kJson},    {"#>", Type::kJson},   {"^", Type::kFloat},
      {"~~", Type::kBoolean}, {"!~~", Type::kBoolean}};
  const auto names = names_of(node, "name");
  const std::string_view name = names.empty() ? "" : names.back();
  if (const auto found = kTypes.find(name); found != kTypes.end()) return found->second;
  const Type right = type_of_field(node, "rexpr", scope);
  if (field(node, "lexpr") == nullptr) return right;
  return wider(type_of_field(node, "lexpr", scope), right);
}

Type comparison_type(const Fields& node, const Scope& scope) {
  const std::string_view kind = text_field(node, "kind");
  if (kind == "AEXPR_OP") return operator_type(node, scope);
  if (kind == "AEXPR_NULLIF") return type_of_field(node, "lexpr", scope);
  return Type::kBoolean;
}

Type case_type(const Fields& node, const Scope& scope) {
  std::vector<const Node*> values;
  for (const Node& each : list_field(node, "args")) {
    if (const Node* result = field(fields_of(each), "result")) values.push_back(result);
  }
  if (const Node* otherwise = field(node, "defresult")) values.push_back(otherwise);
  return common_type(values, scope);
}

Type list_type(const Fields& node, const Scope& scope) {
  std::vector<const Node*> values;
  for (const Node& each : list_field(node, "args")) values.push_back(&each);
  return common_type(values, scope);
}

Type call_type(const Fields& node, const Scope& scope) {
  using Form = ListedFunction::Form;
  const auto names = names_of(node, "funcname");
  if (names.size() == 2 && names[0] == "auth") {
    return names[1] == "jwt" ? Type::kJson : Type::kText;
  }
  const ListedFunction* function = names.empty() ? nullptr : find_function(names.back());
  if (function == nullptr) return Type::kUnknown;
  const auto& arguments = list_field(node, "args");
  const Type first = arguments.empty() ? Type::kUnknown : type_of(arguments[0], scope);
  switch (function->form) {
    case Form::kSameType:
      return first;
    case Form::kRound:
      return arguments.size() > 1 || first == Type::kNumeric ? Type::kNumeric : first;
    case Form::kSum:
      return first == Type::kInteger ? Type::kNumeric : first;
    default:
      return function->type;
  }
}

// A value's type, where that of the query's own columns does not matter.
Type sub_query_type(const Fields& node) {
  if (text_field(node, "subLinkType") != "EXPR_SUBLINK") return Type::kBoolean;
  const Node* query = field(node, "subselect");
  if (query == nullptr) return Type::kUnknown;
  const auto& targets = list_field(fields_of(*query), "targetList");
  return targets.empty() ? Type::kUnknown : type_of_field(fields_of(targets[0]), "val", Scope());
}

}  // namespace

Type type_named(std::string_view name) {
  static const std::map<std::string_view, Type> kTypes{
      {"int2", Type::kInteger},   {"int4", Type::kInteger},    {"int8", Type::kInteger},
      {"float4", Type::kFloat},   {"float8", Type::kFloat},    {"numeric", Type::kNumeric},
      {"bool", Type::kBoolean},   {"text", Type::kText},       {"varchar", Type::kText},
      {"uuid", Type::kText},      {"name", Type::kText},       {"json", Type::kJson},
      {"jsonb", Type::kJson},     {"date", Type::kText},       {"time", Type::kText},
      {"timestamp", Type::kText}, {"timestamptz", Type::kText}};
  const auto found = kTypes.find(name);
  return found == kTypes.end() ? Type::kUnknown : found->second;
}

Type type_of(const Node& expression, const Scope& scope) {
  const std::string_view kind = kind_of(expression);
  const Fields& node = fields_of(expression);
  if (kind == "A_Const") return constant_type(node);
  if (kind == "ColumnRef") return column_type(node, scope);
  if (kind == "A_Expr") return comparison_type(node, scope);
  if (kind == "BoolExpr" || kind == "BooleanTest" || kind == "NullTest") return Type::kBoolean;
  if (kind == "FuncCall") return call_type(node, scope);
  if (kind == "CaseExpr") return case_type(node, scope);
  if (kind == "CoalesceExpr" || kind == "MinMaxExpr") return list_type(node, scope);
  if (kind == "CollateClause") return type_of_field(node, "arg", scope);
  if (kind == "SubLink") return sub_query_type(node);
  if (kind == "SQLValueFunction") return Type::kText;
  if (kind == "TypeCast") {
    const Fields* type = object_field(node, "typeName");
    const auto names = type == nullptr ? std::vector<std::string_view>() : names_of(*type, "names");
    return names.empty() ? Type::kUnknown : type_named(names.back());
  }
  return Type::kUnknown;
}

}  // namespace database::sqlite
