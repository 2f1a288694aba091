// Constants, columns, operators and CASE (translator.h).
#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "database/sqlite/expression_type.h"
#include "database/sqlite/translator_guard.h"

namespace database::sqlite {
namespace {

constexpr std::int64_t kMaxParameter = 32'766;  // SQLite's
// SQLite takes 200 levels of operators; PostgreSQL's chains of AND and OR are longer.
constexpr std::size_t kLongChain = 50;

std::string_view operator_of(const Fields& node) {
  const auto names = names_of(node, "name");
  return names.empty() ? std::string_view() : names.back();
}

const Fields* plain_operation(const Node& node) {
  const Fields& fields = fields_of(node);
  return is_kind(node, "A_Expr") && text_field(fields, "kind") == "AEXPR_OP" &&
                 field(fields, "lexpr") != nullptr
             ? &fields
             : nullptr;
}

}  // namespace

// ---- Leaves ------------------------------------------------------------------------------------

std::string Translator::constant(const Fields& node) {
  if (flag_field(node, "isnull")) return "NULL";
  // A negative number in parentheses: two minus signs would begin a comment.
  const auto number = [](std::string text) {
    return text.starts_with('-') ? "(" + text + ")" : text;
  };
  if (const Fields* value = object_field(node, "ival")) {
    return number(std::to_string(number_field(*value, "ival")));
  }
  if (const Fields* value = object_field(node, "boolval")) {
    return flag_field(*value, "boolval") ? "1" : "0";
  }
  if (const Fields* value = object_field(node, "sval")) {
    return quote_text(text_field(*value, "sval"));
  }
  if (const Fields* value = object_field(node, "fval")) {
    const std::string_view text = text_field(*value, "fval");
    if (text.find_first_not_of("-+.0123456789eE") == std::string_view::npos) {
      return number(std::string(text));
    }
  }
  return refuse("a bit string", &node);
}

std::string Translator::parameter(const Fields& node) {
  const auto number = number_field(node, "number");
  if (purpose_ == Purpose::kPolicy || number < 1 || number > kMaxParameter) {
    return fail(SqlState::kUndefinedParameter, fmt::format("there is no parameter ${}", number),
                &node);
  }
  parameters_ = std::max(parameters_, static_cast<std::uint32_t>(number));
  return fmt::format("?{}", number);
}

std::string Translator::column(const Fields& node) {
  using Outcome = Scope::Found::Outcome;
  auto names = names_of(node, "fields");
  if (names.size() == 3 && names.front() == "public") names.erase(names.begin());
  if (names.empty() || names.size() > 2) {
    return fail(SqlState::kUndefinedColumn, "a column is written as column or table.column", &node);
  }
  const std::string_view name = names.back();
  const std::string_view table = names.size() == 2 ? names.front() : std::string_view();
  if (name == "*") return refuse("* but among the columns of a result", &node);
  const Scope::Found found = scope_.find(table, name);
  switch (found.outcome) {
    case Outcome::kColumn:
      note_watched(found);
      return found.column.text;
    case Outcome::kNoTable:
      return fail(SqlState::kUndefinedTable,
                  fmt::format("missing FROM-clause entry for table \"{}\"", table), &node);
    case Outcome::kAmbiguous:
      return fail(SqlState::kAmbiguousColumn,
                  fmt::format("column reference \"{}\" is ambiguous", name), &node);
    case Outcome::kOutOfReach:
      return refuse("RETURNING a column of another table than the one that changes", &node);
    case Outcome::kNoColumn:
      break;
  }
  if (table.empty() && scope_.find_source(name) != nullptr) {
    return refuse("a whole row as a value", &node);
  }
  return fail(SqlState::kUndefinedColumn,
              table.empty() ? fmt::format("column \"{}\" does not exist", name)
                            : fmt::format("column {}.{} does not exist", table, name),
              &node);
}

void Translator::note_watched(const Scope::Found& found) {
  if (scope_.levels[scope_.levels.size() - 1 - found.depth] != watched_) return;
  const std::string prefix = quote_name(watched_->sources.front().alias) + ".";
  if (found.column.text.starts_with(prefix)) names_watched_ = true;
}

std::string Translator::stray_default(const Fields& node) {
  return fail(SqlState::kSyntaxError, "DEFAULT is not allowed in this context", &node);
}

std::string Translator::stray_row(const Fields& node) {
  return refuse("a row as a value but in a comparison", &node);
}

std::string Translator::value_function(const Fields& node) {
  const std::string_view what = text_field(node, "op");
  if (what == "SVFOP_CURRENT_TIMESTAMP") return "pg_now()";
  if (what == "SVFOP_CURRENT_DATE") return "pg_left(pg_now(), 10)";
  if (what == "SVFOP_CURRENT_USER" || what == "SVFOP_CURRENT_ROLE" || what == "SVFOP_USER") {
    return "auth_role()";
  }
  return refuse(what.substr(std::string_view("SVFOP_").size()), &node);
}

std::string Translator::collate(const Fields& node) {
  const auto names = names_of(node, "collname");
  if (names.empty() || (names.back() != "C" && names.back() != "POSIX")) {
    return refuse("any collation but \"C\"", &node);
  }
  return "(" + child(node, "arg") + " COLLATE BINARY)";
}

// ---- Operators ---------------------------------------------------------------------------------

std::string Translator::operation(const Fields& node) {
  const std::string_view kind = text_field(node, "kind");
  const auto names = names_of(node, "name");
  const bool bare = names.size() == 1 || (names.size() == 2 && names[0] == "pg_catalog");
  if (!bare) {
    return refuse("an operator with a schema", &node);
  }
  if (kind == "AEXPR_OP") return plain_operator(node);
  if (kind == "AEXPR_OP_ANY") return any_of(node, false);
  if (kind == "AEXPR_OP_ALL") return any_of(node, true);
  if (kind == "AEXPR_DISTINCT") return comparison("IS NOT", node);
  if (kind == "AEXPR_NOT_DISTINCT") return comparison("IS", node);
  if (kind == "AEXPR_NULLIF") {
    return fmt::format("nullif({}, {})", child(node, "lexpr"), child(node, "rexpr"));
  }
  if (kind == "AEXPR_IN") return in_list(node);
  if (kind == "AEXPR_LIKE" || kind == "AEXPR_ILIKE") return like(node);
  if (kind == "AEXPR_SIMILAR") return refuse("SIMILAR TO", &node);
  return between(node);
}

std::string Translator::plain_operator(const Fields& node) {
  const std::string_view name = operator_of(node);
  if (field(node, "lexpr") == nullptr) return unary(name, node);
  static constexpr std::array<std::string_view, 6> kComparisons{"=", "<>", "<", ">", "<=", ">="};
  if (std::ranges::find(kComparisons, name) != kComparisons.end()) return comparison(name, node);
  if (name == "+" || name == "-" || name == "*") return chain(name, node);
  if (name == "||") return "(" + concatenation(node) + ")";
  if (name == "/") return quotient(node);
  if (name == "%") return fmt::format("pg_mod({}, {})", child(node, "lexpr"), child(node, "rexpr"));
  if (name == "^") {
    return fmt::format("pg_power({}, {})", child(node, "lexpr"), child(node, "rexpr"));
  }
  if (name == "&" || name == "|") {
    return fmt::format("({} {} {})", child(node, "lexpr"), name, child(node, "rexpr"));
  }
  if (name == "->" || name == "->>" || name == "#>" || name == "#>>") {
    return json_member(name, node);
  }
  if (name == "~~" || name == "!~~" || name == "~~*" || name == "!~~*") return like(node);
  return fail(
      SqlState::kUndefinedFunction,
      fmt::format("there is no operator {} (see docs/database.md for those there are)", name),
      &node);
}

std::string Translator::unary(std::string_view name, const Fields& node) {
  if (name == "-") return "(- " + child(node, "rexpr") + ")";
  // A constant behind a sign alone would still be a position in ORDER BY.
  if (name == "+") return "(0 + " + child(node, "rexpr") + ")";
  if (name == "~") return "(~ " + child(node, "rexpr") + ")";
  if (name == "@") return "abs(" + child(node, "rexpr") + ")";
  if (name == "|/") return "pg_sqrt(" + child(node, "rexpr") + ")";
  return fail(SqlState::kUndefinedFunction, fmt::format("there is no operator {}", name), &node);
}

// SQLite makes a double of an integer that is too large, and a number of any text; what may be
// either goes through a function.
std::string Translator::chain(std::string_view name, const Fields& node) {
  const Node* left = field(node, "lexpr");
  const Node* right = field(node, "rexpr");
  if (right == nullptr) return refuse("an operator without its operand", &node);
  const auto is_double = [this](const Node& operand) {
    const Type type = type_of(operand, scope_);
    return type == Type::kFloat || type == Type::kNumeric;
  };
  if (is_double(*left) && is_double(*right)) {
    return fmt::format("({} {} {})", expression(*left), name, expression(*right));
  }
  return fmt::format("pg_{}({}, {})",
                     name == "+"   ? "add"
                     : name == "-" ? "subtract"
                                   : "multiply",
                     expression(*left), expression(*right));
}

// A decimal is not divided as an integer is, also where SQLite has an integer for it.
std::string Translator::quotient(const Fields& node) {
  const Node* left = field(node, "lexpr");
  const Node* right = field(node, "rexpr");
  if (right == nullptr) return refuse("an operator without its operand", &node);
  const Type a = type_of(*left, scope_), b = type_of(*right, scope_);
  const bool decimal = (a == Type::kNumeric || b == Type::kNumeric) && a != Type::kFloat;
  const std::string dividend = expression(*left);
  return fmt::format("pg_div({}, {})", decimal ? "pg_float(" + dividend + ")" : dividend,
                     expression(*right));
}

std::string Translator::concatenation(const Fields& node) {
  const Deeper deeper(*this);
  const Node* left = field(node, "lexpr");
  const Node* right = field(node, "rexpr");
  if (right == nullptr || deeper.too_deep()) {
    return fail(SqlState::kStatementTooComplex, "the statement is nested too deeply", &node);
  }
  for (const Node* operand : {left, right}) {
    if (type_of(*operand, scope_) == Type::kJson) return refuse("|| of JSON", &node);
  }
  const Fields* inner = plain_operation(*left);
  const bool goes_on = inner != nullptr && operator_of(*inner) == "||";
  std::string text = goes_on ? concatenation(*inner) : as_text(*left);
  text += " || ";
  return text + as_text(*right);
}

// A long chain as a tree whose branches are alike.
std::string Translator::joined(const boost::json::array& nodes, std::size_t begin, std::size_t end,
                               std::string_view between) {
  if (between != ", " && end - begin > kLongChain) {
    const std::size_t middle = begin + (end - begin) / 2;
    return fmt::format("({}){}({})", joined(nodes, begin, middle, between), between,
                       joined(nodes, middle, end, between));
  }
  std::string text;
  for (std::size_t i = begin; i < end; ++i) {
    if (i > begin) text += between;
    text += expression(nodes[i]);
  }
  return text;
}

std::string Translator::boolean(const Fields& node) {
  const std::string_view kind = text_field(node, "boolop");
  const auto& arguments = list_field(node, "args");
  if (kind == "NOT_EXPR") return "(NOT " + list_of(arguments) + ")";
  return "(" + joined(arguments, 0, arguments.size(), kind == "OR_EXPR" ? " OR " : " AND ") + ")";
}

std::string Translator::null_test(const Fields& node) {
  const bool is_null = text_field(node, "nulltesttype") == "IS_NULL";
  return fmt::format("({} IS {}NULL)", child(node, "arg"), is_null ? "" : "NOT ");
}

// Not by IS TRUE: a column may be called so.
std::string Translator::truth_test(const Fields& node) {
  static const std::map<std::string_view, std::string_view> kTests{
      {"IS_TRUE", "(ifnull({}, 0) <> 0)"}, {"IS_NOT_TRUE", "(ifnull({}, 0) = 0)"},
      {"IS_FALSE", "(ifnull({}, 1) = 0)"}, {"IS_NOT_FALSE", "(ifnull({}, 1) <> 0)"},
      {"IS_UNKNOWN", "({} IS NULL)"},      {"IS_NOT_UNKNOWN", "({} IS NOT NULL)"}};
  const auto found = kTests.find(text_field(node, "booltesttype"));
  if (found == kTests.end()) return refuse("this test", &node);
  return fmt::format(fmt::runtime(found->second), child(node, "arg"));
}

// ---- Choices -----------------------------------------------------------------------------------

std::string Translator::cases(const Fields& node) {
  std::string text = "(CASE";
  if (field(node, "arg") != nullptr) text += " " + child(node, "arg");
  for (const Node& each : list_field(node, "args")) {
    const Fields& when = fields_of(each);
    text += " WHEN " + child(when, "expr");
    text += " THEN " + child(when, "result");
  }
  if (field(node, "defresult") != nullptr) text += " ELSE " + child(node, "defresult");
  return text + " END)";
}

// SQLite's coalesce() wants two.
std::string Translator::coalesce(const Fields& node) {
  const auto& arguments = list_field(node, "args");
  return (arguments.size() == 1 ? "(" : "coalesce(") + list_of(arguments) + ")";
}

std::string Translator::extreme(const Fields& node) {
  return (text_field(node, "op") == "IS_LEAST" ? "pg_least(" : "pg_greatest(") +
         list_of(list_field(node, "args")) + ")";
}

}  // namespace database::sqlite
