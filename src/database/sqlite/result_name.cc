#include "database/sqlite/result_name.h"

#include <map>

namespace database::sqlite {
namespace {

// A weak name gives way to that of an operand.
enum class Strength : std::uint8_t { kNone, kWeak, kStrong };
struct Named {
  Strength strength = Strength::kNone;
  std::string_view name;
};

Named strong(std::string_view name) { return {Strength::kStrong, name}; }

Named name_in(const Node& value);

Named name_of_field(const Fields& node, std::string_view name) {
  const Node* found = field(node, name);
  return found == nullptr ? Named() : name_in(*found);
}

Named last_name(const Fields& node, std::string_view list) {
  const auto names = names_of(node, list);
  return names.empty() || names.back() == "*" ? Named() : strong(names.back());
}

Named weak_unless_named(const Named& operand, std::string_view name) {
  return operand.strength == Strength::kStrong ? operand : Named{Strength::kWeak, name};
}

Named cast_name(const Fields& node) {
  const Fields* type = object_field(node, "typeName");
  const auto names = type == nullptr ? std::vector<std::string_view>() : names_of(*type, "names");
  return weak_unless_named(name_of_field(node, "arg"), names.empty() ? "" : names.back());
}

// That of the sub-query's first column, which always has one.
Named query_name(const Fields& select) {
  const Fields* from = &select;
  while (const Fields* left = object_field(*from, "larg")) from = left;
  if (field(*from, "valuesLists") != nullptr) return strong("column1");
  const auto& targets = list_field(*from, "targetList");
  if (targets.empty()) return {};
  const Fields& first = fields_of(targets[0]);
  if (const auto name = text_field(first, "name"); !name.empty()) return strong(name);
  const Named found = name_of_field(first, "val");
  return strong(found.strength == Strength::kNone ? "?column?" : found.name);
}

Named sub_link_name(const Fields& node) {
  const std::string_view kind = text_field(node, "subLinkType");
  if (kind == "EXISTS_SUBLINK") return strong("exists");
  if (kind == "ARRAY_SUBLINK") return strong("array");
  const Node* query = field(node, "subselect");
  if (kind != "EXPR_SUBLINK" || query == nullptr) return {};
  return query_name(fields_of(*query));
}

Named value_function_name(const Fields& node) {
  static const std::map<std::string_view, std::string_view> kNames{
      {"SVFOP_CURRENT_DATE", "current_date"},
      {"SVFOP_CURRENT_TIMESTAMP", "current_timestamp"},
      {"SVFOP_CURRENT_TIMESTAMP_N", "current_timestamp"},
      {"SVFOP_CURRENT_USER", "current_user"},
      {"SVFOP_CURRENT_ROLE", "current_role"},
      {"SVFOP_USER", "user"},
  };
  const auto found = kNames.find(text_field(node, "op"));
  return found == kNames.end() ? Named() : strong(found->second);
}

Named name_in(const Node& value) {
  const std::string_view kind = kind_of(value);
  const Fields& node = fields_of(value);
  if (kind == "ColumnRef") return last_name(node, "fields");
  if (kind == "FuncCall") return last_name(node, "funcname");
  if (kind == "TypeCast") return cast_name(node);
  if (kind == "CollateClause") return name_of_field(node, "arg");
  if (kind == "CaseExpr") return weak_unless_named(name_of_field(node, "defresult"), "case");
  if (kind == "CoalesceExpr") return strong("coalesce");
  if (kind == "SubLink") return sub_link_name(node);
  if (kind == "SQLValueFunction") return value_function_name(node);
  if (kind == "RowExpr") return strong("row");
  if (kind == "MinMaxExpr") {
    return strong(text_field(node, "op") == "IS_LEAST" ? "least" : "greatest");
  }
  if (kind == "A_Expr" && text_field(node, "kind") == "AEXPR_NULLIF") return strong("nullif");
  return {};
}

}  // namespace

std::string result_name(const Node& value) {
  const Named found = name_in(value);
  return found.strength == Strength::kNone ? "?column?" : std::string(found.name);
}

}  // namespace database::sqlite
