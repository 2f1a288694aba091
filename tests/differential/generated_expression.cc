#include "differential/generated_expression.h"

#include <fmt/format.h>

#include "differential/callers.h"

namespace differential {
namespace {

// What another table of a sub-query adds to what is in scope.
Scope with(Scope scope, std::string name, const GeneratedTable& table) {
  scope.push_back({std::move(name), &table});
  return scope;
}

std::string_view cast_of(Type type) {
  switch (type) {
    case Type::kInt:
      return "NULL::bigint";
    case Type::kText:
      return "NULL::text";
    case Type::kReal:
      return "NULL::float8";
    case Type::kBool:
      return "NULL::boolean";
    case Type::kUuid:
      return "NULL::uuid";
  }
  return "NULL";
}

}  // namespace

Type ExpressionGenerator::type() { return static_cast<Type>(choices_.below(5)); }

std::string ExpressionGenerator::alias() { return fmt::format("t{}", ++aliases_); }

std::string ExpressionGenerator::literal(Type type) {
  if (choices_.chance(8)) return std::string(cast_of(type));
  switch (type) {
    case Type::kInt:
      return std::string(choices_.of(
          {"1", "2", "3", "0", "4", "5", "7", "20", "60", "99", "100", "(0 - 1)", "(0 - 5)"}));
    case Type::kText:
      return std::string(choices_.of({"'milk'", "'a'", "''", "'red'", "'plan'", "'colour'", "'x'",
                                      "'locked_x'", "'guest'", "'Zoo'", "'it''s'", "'100%'"}));
    case Type::kReal:
      return std::string(choices_.of({"1.5::float8", "0::float8", "0.25::float8",
                                      "1000.125::float8", "2.5::float8", "3::float8"}));
    case Type::kBool:
      return std::string(choices_.of({"true", "false"}));
    case Type::kUuid:
      if (choices_.chance(60)) return "auth.uid()";
      return fmt::format("'{}'::uuid", choices_.of({kAlice, kBob, kCarol, kDave}));
  }
  return "NULL";
}

std::string ExpressionGenerator::column(Type type, const Scope& scope) {
  std::vector<std::string> fitting;
  for (const Visible& visible : scope) {
    for (const GeneratedColumn& each : visible.table->columns) {
      if (each.type != type) continue;
      fitting.push_back(visible.name.empty() ? std::string(each.name)
                                             : visible.name + "." + std::string(each.name));
    }
  }
  if (fitting.empty()) return literal(type);
  return fitting[choices_.below(fitting.size())];
}

std::string ExpressionGenerator::make(Type type, const Scope& scope, int depth) {
  if (type == Type::kBool) return make_bool(scope, depth);
  if (depth == 0 || choices_.chance(45)) {
    return choices_.chance(25) ? literal(type) : column(type, scope);
  }
  if (choices_.chance(10)) return make_case(type, scope, depth);
  if (sub_queries && choices_.chance(8)) return aggregate(type, scope, depth);
  switch (type) {
    case Type::kInt:
      return make_int(scope, depth);
    case Type::kText:
      return make_text(scope, depth);
    case Type::kReal:
      return make_real(scope, depth);
    default:
      return make_uuid(scope, depth);
  }
}

std::string ExpressionGenerator::make_int(const Scope& scope, int depth) {
  const std::string a = make(Type::kInt, scope, depth - 1);
  switch (choices_.below(9)) {
    case 0:
      return fmt::format("({} + {})", a, make(Type::kInt, scope, depth - 1));
    case 1:
      return fmt::format("({} - {})", a, make(Type::kInt, scope, depth - 1));
    case 2:
      return fmt::format("({} * {})", a, choices_.of({"2", "3", "(0 - 1)"}));
    case 3:
      return fmt::format("({} / {})", a, choices_.of({"2", "(0 - 3)", "7"}));
    case 4:
      return fmt::format("({} % {})", a, choices_.of({"2", "(0 - 3)", "7"}));
    case 5:
      return fmt::format("coalesce({}, {})", a, make(Type::kInt, scope, depth - 1));
    case 6:
      return fmt::format("length({})", make(Type::kText, scope, depth - 1));
    case 7:
      return fmt::format("{}({}, {})", choices_.of({"greatest", "least", "nullif"}), a,
                         make(Type::kInt, scope, depth - 1));
    default:
      return fmt::format("{}({})", choices_.of({"abs", "-"}), a);
  }
}

std::string ExpressionGenerator::make_text(const Scope& scope, int depth) {
  const std::string a = make(Type::kText, scope, depth - 1);
  switch (choices_.below(8)) {
    case 0:
      return fmt::format("({} || {})", a, make(Type::kText, scope, depth - 1));
    case 1:
      return fmt::format("{}({})", choices_.of({"upper", "lower", "trim", "reverse", "initcap"}),
                         a);
    case 2:
      return fmt::format("substr({}, {}, {})", a, choices_.of({"1", "2", "0", "(0 - 1)"}),
                         choices_.of({"2", "3", "0"}));
    case 3:
      return fmt::format("coalesce({}, {})", a, make(Type::kText, scope, depth - 1));
    case 4:
      return fmt::format("({})::text", make(Type::kInt, scope, depth - 1));
    case 5:
      return fmt::format("replace({}, {}, {})", a, choices_.of({"'i'", "'a'", "''"}),
                         choices_.of({"'oo'", "''"}));
    case 6:
      return fmt::format("{}({}, {})", choices_.of({"left", "right"}), a,
                         choices_.of({"2", "0", "(0 - 1)"}));
    default:
      return fmt::format("nullif({}, {})", a, make(Type::kText, scope, depth - 1));
  }
}

std::string ExpressionGenerator::make_real(const Scope& scope, int depth) {
  const std::string a = make(Type::kReal, scope, depth - 1);
  switch (choices_.below(4)) {
    case 0:
      return fmt::format("({} + {})", a, make(Type::kReal, scope, depth - 1));
    case 1:
      return fmt::format("({} * {})", a, choices_.of({"2", "0.5::float8", "(0 - 1)"}));
    case 2:
      return fmt::format("({})::float8", make(Type::kInt, scope, depth - 1));
    default:
      return fmt::format("coalesce({}, {})", a, make(Type::kReal, scope, depth - 1));
  }
}

std::string ExpressionGenerator::make_uuid(const Scope& scope, int depth) {
  return fmt::format("coalesce({}, {})", make(Type::kUuid, scope, depth - 1), literal(Type::kUuid));
}

std::string ExpressionGenerator::make_case(Type type, const Scope& scope, int depth) {
  std::string text = fmt::format("CASE WHEN {} THEN {}", make_bool(scope, depth - 1),
                                 make(type, scope, depth - 1));
  if (choices_.chance(70)) text += " ELSE " + make(type, scope, depth - 1);
  return text + " END";
}

std::string ExpressionGenerator::aggregate(Type type, const Scope& scope, int depth) {
  const GeneratedTable& from = table();
  const std::string name = alias();
  const Scope inner{{name, &from}};
  const std::string where = make_bool(with(scope, name, from), depth - 1);
  std::string what;
  if (type == Type::kInt && choices_.chance(50)) {
    what = "count(*)";
  } else if (type == Type::kUuid) {  // PostgreSQL 15 has no max() of these
    what = fmt::format("max(({})::text)::uuid", column(type, inner));
  } else {
    what = fmt::format("{}({})", choices_.of({"max", "min"}), column(type, inner));
  }
  return fmt::format("(SELECT {} FROM {} AS {} WHERE {})", what, from.name, name, where);
}

std::string ExpressionGenerator::comparison(const Scope& scope, int depth) {
  const Type type = this->type();
  const std::string a = choices_.chance(30) ? make(type, scope, depth) : column(type, scope);
  const std::string b = make(type, scope, depth);
  switch (choices_.below(6)) {
    case 0:
      return fmt::format("({} {} {})", a, choices_.of({"=", "<", ">", "<=", ">=", "<>"}), b);
    case 1:
      return fmt::format("({} IS {}NULL)", a, choices_.of({"", "NOT "}));
    case 2:
      return fmt::format("({} IS {}DISTINCT FROM {})", a, choices_.of({"", "NOT "}), b);
    case 3:
      return fmt::format("({} {}BETWEEN {} AND {})", a, choices_.of({"", "NOT "}), b,
                         literal(type));
    case 4:
      return fmt::format("({} {}IN ({}, {}))", a, choices_.of({"", "NOT "}), b, literal(type));
    default:
      return fmt::format("({} {}{} {})", make(Type::kText, scope, depth), choices_.of({"", "NOT "}),
                         choices_.of({"LIKE", "ILIKE"}),
                         choices_.of({"'m%'", "'%a%'", "'_i%'", "'%'", "''", "'%!%%'", "'M_LK'"}));
  }
}

std::string ExpressionGenerator::membership(const Scope& scope, int depth) {
  const GeneratedTable& from = table();
  const std::string name = alias();
  const std::string where = make_bool(with(scope, name, from), depth);
  const Type type = this->type();
  if (choices_.chance(50)) {
    return fmt::format("({} {}IN (SELECT {} FROM {} AS {} WHERE {}))", column(type, scope),
                       choices_.of({"", "NOT "}), column(type, {{name, &from}}), from.name, name,
                       where);
  }
  return fmt::format("({}EXISTS (SELECT 1 FROM {} AS {} WHERE {}))", choices_.of({"", "NOT "}),
                     from.name, name, where);
}

std::string ExpressionGenerator::make_bool(const Scope& scope, int depth) {
  if (depth == 0) {
    return choices_.chance(30) ? column(Type::kBool, scope) : comparison(scope, 0);
  }
  switch (choices_.below(8)) {
    case 0:
      return "true";
    case 1:
    case 2:
    case 3:
      return comparison(scope, depth - 1);
    case 4:
      return fmt::format("({} {} {})", make_bool(scope, depth - 1), choices_.of({"AND", "OR"}),
                         make_bool(scope, depth - 1));
    case 5:
      return fmt::format("(NOT {})", make_bool(scope, depth - 1));
    case 6:
      return fmt::format("({} IS {})", make_bool(scope, depth - 1),
                         choices_.of({"TRUE", "NOT TRUE", "FALSE", "UNKNOWN", "NOT FALSE"}));
    default:
      return sub_queries ? membership(scope, depth - 1) : comparison(scope, depth - 1);
  }
}

}  // namespace differential
