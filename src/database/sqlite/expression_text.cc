// Expressions (translator.h).
#include <array>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "database/sql/syntax_tree.h"
#include "database/sqlite/translator.h"

namespace database::sqlite {
namespace {

// SQLite's own bound on the depth of an expression is beyond what this lets through.
constexpr int kMaxDepth = 100;

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
  return fmt::format("{}", fmt::join(parts, between));
}

bool is_integer(std::string_view digits) {
  return !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

class Translator::Deeper {
 public:
  explicit Deeper(Translator& translator) : translator_(translator) { ++translator_.depth_; }
  Deeper(const Deeper&) = delete;
  Deeper& operator=(const Deeper&) = delete;
  ~Deeper() { --translator_.depth_; }
  [[nodiscard]] bool too_deep() const { return translator_.depth_ > kMaxDepth; }

 private:
  Translator& translator_;
};

std::string quote_text(std::string_view text) {
  std::string quoted = "'";
  for (const char letter : text) {
    if (letter == '\'') quoted += '\'';
    quoted += letter;
  }
  return quoted + '\'';
}

std::optional<std::uint32_t> Translator::position(const Fields* at) const {
  if (at == nullptr) return std::nullopt;
  const auto byte = number_field(*at, "location");
  if (byte < 0 || static_cast<std::size_t>(byte) < offset_) return std::nullopt;
  return sql::position_of(sql_, static_cast<std::size_t>(byte) - offset_);
}

std::string Translator::fail(SqlState state, std::string message, const Fields* at) {
  if (!error) error = SqlError{state, std::move(message), position(at)};
  return {};
}

std::string Translator::refuse(std::string_view what, const Fields* at) {
  return fail(SqlState::kFeatureNotSupported,
              fmt::format("{} is not supported here (docs/database.md has what is)", what), at);
}

std::string Translator::child(const Fields& node, std::string_view name) {
  const Node* inside = field(node, name);
  return inside == nullptr ? refuse("an expression without its operand", &node)
                           : expression(*inside);
}

std::string Translator::list_of(const std::vector<const Node*>& nodes) {
  std::vector<std::string> parts;
  parts.reserve(nodes.size());
  for (const Node* each : nodes) parts.push_back(expression(*each));
  return joined(parts, ", ");
}

std::string Translator::expression(const Node& node) {
  using Method = std::string (Translator::*)(const Fields&);
  static const std::map<std::string_view, Method> kMethods{
      {"A_Const", &Translator::constant},     {"ColumnRef", &Translator::column},
      {"ParamRef", &Translator::parameter},   {"A_Expr", &Translator::operation},
      {"BoolExpr", &Translator::boolean},     {"BooleanTest", &Translator::truth_test},
      {"NullTest", &Translator::truth_test},  {"CaseExpr", &Translator::cases},
      {"SubLink", &Translator::sub_query},    {"TypeCast", &Translator::cast},
      {"FuncCall", &Translator::call},        {"SQLValueFunction", &Translator::value_function},
      {"CollateClause", &Translator::collate}};
  const Deeper deeper(*this);
  if (error) return {};
  const std::string_view kind = kind_of(node);
  const Fields& fields = fields_of(node);
  if (deeper.too_deep()) {
    return fail(SqlState::kStatementTooComplex, "the statement is nested too deeply", &fields);
  }
  if (const auto found = kMethods.find(kind); found != kMethods.end()) {
    return (this->*found->second)(fields);
  }
  if (kind == "CoalesceExpr") {
    const auto arguments = list_field(fields, "args");
    // SQLite's coalesce() wants two.
    return (arguments.size() == 1 ? "(" : "coalesce(") + list_of(arguments) + ")";
  }
  if (kind == "MinMaxExpr") {
    return (text_field(fields, "op") == "IS_LEAST" ? "pg_least(" : "pg_greatest(") +
           list_of(list_field(fields, "args")) + ")";
  }
  if (kind == "RowExpr") return "(" + list_of(list_field(fields, "args")) + ")";
  if (kind == "SetToDefault" && defaults_allowed_) return "pg_default()";
  if (kind == "SetToDefault") {
    return fail(SqlState::kSyntaxError, "DEFAULT is not allowed in this context", &fields);
  }
  return refuse(kind.empty() ? "this expression" : kind, &fields);
}

std::string Translator::constant(const Fields& node) {
  if (flag_field(node, "isnull")) return "NULL";
  const auto inside = [&node](std::string_view name) -> const Fields& {
    return field(node, name)->get_object();
  };
  if (field(node, "ival") != nullptr) {
    const auto number = number_field(inside("ival"), "ival");
    // In parentheses: two minus signs would begin a comment.
    return number < 0 ? fmt::format("({})", number) : std::to_string(number);
  }
  if (field(node, "boolval") != nullptr) {
    return flag_field(inside("boolval"), "boolval") ? "TRUE" : "FALSE";
  }
  if (field(node, "sval") != nullptr) return quote_text(text_field(inside("sval"), "sval"));
  if (field(node, "fval") != nullptr) {
    const std::string text(text_field(inside("fval"), "fval"));
    if (text.starts_with('-')) return "(" + text + ")";
    // An integer that SQLite cannot hold would become a double by itself.
    if (is_integer(text) && text.size() > 18) return "CAST(" + text + " AS NUMERIC)";
    return text;
  }
  return refuse("a bit string", &node);
}

std::string Translator::parameter(const Fields& node) {
  const auto number = number_field(node, "number");
  if (policy_ || number < 1 || number > 32'766) {
    return fail(SqlState::kUndefinedParameter, fmt::format("there is no parameter ${}", number),
                &node);
  }
  parameters = std::max(parameters, static_cast<std::uint32_t>(number));
  return fmt::format("?{}", number);
}

std::string Translator::column(const Fields& node) {
  auto names = names_of(node, "fields");
  if (names.size() == 3 && names.front() == "public") names.erase(names.begin());
  if (names.empty() || names.size() > 2) {
    return fail(SqlState::kUndefinedColumn, "a column is written as column or table.column", &node);
  }
  const std::string_view name = names.back();
  if (name == "*") return names.size() == 2 ? quote_name(names.front()) + ".*" : "*";
  // Names that SQLite has and PostgreSQL has not; a table may have a real column of that name.
  constexpr std::array<std::string_view, 3> kHidden{"rowid", "oid", "_rowid_"};
  for (const std::string_view hidden : kHidden) {
    if (!same_name(name, hidden)) continue;
    bool real = false;
    for (const Table& each : schema_.tables) real = real || each.column(name).has_value();
    if (!real) {
      return fail(SqlState::kUndefinedColumn, fmt::format("column \"{}\" does not exist", name),
                  &node);
    }
  }
  const std::string text = quote_name(name);
  return names.size() == 2 ? quote_name(names.front()) + "." + text : text;
}

// ---- Operators ---------------------------------------------------------------------------------

std::string Translator::json_text_member(const std::string& from, const std::string& key) {
  // PostgreSQL's ->> is always text; SQLite's makes numbers of numbers, and 1 of true.
  return fmt::format(
      "(CASE ({0} -> {1}) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' "
      "ELSE CAST(({0} ->> {1}) AS TEXT) END)",
      from, key);
}

std::string Translator::plain_operator(std::string_view name, const Fields& node) {
  static const std::map<std::string_view, std::string_view> kSame{
      {"+", "+"},   {"-", "-"}, {"*", "*"},   {"=", "="},   {"<>", "<>"},
      {"<", "<"},   {">", ">"}, {"<=", "<="}, {">=", ">="}, {"||", "||"},
      {"->", "->"}, {"&", "&"}, {"|", "|"},   {"<<", "<<"}, {">>", ">>"}};
  if (field(node, "lexpr") == nullptr) {
    if (name == "-" || name == "+") return fmt::format("({} {})", name, child(node, "rexpr"));
    return refuse(fmt::format("the operator {}", name), &node);
  }
  const std::string left = child(node, "lexpr");
  const std::string right = child(node, "rexpr");
  if (name == "/") return fmt::format("pg_div({}, {})", left, right);
  if (name == "%") return fmt::format("pg_mod({}, {})", left, right);
  if (name == "^") return fmt::format("pg_power({}, {})", left, right);
  if (name == "->>") return json_text_member(left, right);
  if (const auto found = kSame.find(name); found != kSame.end()) {
    return fmt::format("({} {} {})", left, found->second, right);
  }
  return refuse(fmt::format("the operator {}", name), &node);
}

std::string Translator::operation(const Fields& node) {
  const std::string_view kind = text_field(node, "kind");
  const auto names = names_of(node, "name");
  if (names.size() != 1) return refuse("an operator with a schema", &node);
  if (kind == "AEXPR_OP") return plain_operator(names[0], node);
  if (kind == "AEXPR_OP_ANY" && names[0] == "=") return any_of(node, false);
  if (kind == "AEXPR_OP_ALL" && names[0] == "<>") return any_of(node, true);
  if (kind == "AEXPR_DISTINCT" || kind == "AEXPR_NOT_DISTINCT") {
    return fmt::format("({} {} {})", child(node, "lexpr"),
                       kind == "AEXPR_DISTINCT" ? "IS NOT" : "IS", child(node, "rexpr"));
  }
  if (kind == "AEXPR_NULLIF") {
    return fmt::format("nullif({}, {})", child(node, "lexpr"), child(node, "rexpr"));
  }
  if (kind == "AEXPR_IN") return in_list(node);
  if (kind == "AEXPR_LIKE") return like(node, false);
  if (kind == "AEXPR_ILIKE") return like(node, true);
  if (kind == "AEXPR_BETWEEN") return between(node, false);
  if (kind == "AEXPR_NOT_BETWEEN") return between(node, true);
  return refuse(kind == "AEXPR_SIMILAR" ? "SIMILAR TO" : fmt::format("{} {}", names[0], kind),
                &node);
}

// x = ANY ($1): the parameter is an array, which comes as JSON.
std::string Translator::any_of(const Fields& node, bool all) {
  const std::string left = child(node, "lexpr");
  const Node* list = field(node, "rexpr");
  if (list == nullptr) return refuse("ANY without a list", &node);
  // ANY ($1::text[]) says no more than ANY ($1).
  const Node* inner = kind_of(*list) == "TypeCast" ? field(fields_of(*list), "arg") : list;
  const std::string_view word = all ? "NOT IN" : "IN";
  if (inner != nullptr && kind_of(*inner) == "ParamRef") {
    return fmt::format("({} {} (SELECT value FROM json_each({})))", left, word, expression(*inner));
  }
  if (inner != nullptr && kind_of(*inner) == "A_ArrayExpr") {
    return fmt::format("({} {} ({}))", left, word,
                       list_of(list_field(fields_of(*inner), "elements")));
  }
  return refuse("ANY of anything but a parameter, ARRAY[…] or a query", &node);
}

std::string Translator::in_list(const Fields& node) {
  const Node* list = field(node, "rexpr");
  if (list == nullptr || kind_of(*list) != "List") return refuse("this IN", &node);
  const bool negated = names_of(node, "name")[0] == "<>";
  return fmt::format("({} {} ({}))", child(node, "lexpr"), negated ? "NOT IN" : "IN",
                     list_of(list_field(fields_of(*list), "items")));
}

std::string Translator::between(const Fields& node, bool negated) {
  const Node* list = field(node, "rexpr");
  const auto bounds =
      list == nullptr ? std::vector<const Node*>() : list_field(fields_of(*list), "items");
  if (bounds.size() != 2) return refuse("this BETWEEN", &node);
  return fmt::format("({} {} {} AND {})", child(node, "lexpr"), negated ? "NOT BETWEEN" : "BETWEEN",
                     expression(*bounds[0]), expression(*bounds[1]));
}

std::string Translator::like(const Fields& node, bool any_case) {
  const bool negated = names_of(node, "name")[0].starts_with('!');
  const Node* right = field(node, "rexpr");
  if (right == nullptr) return refuse("this LIKE", &node);
  std::string escape = "'\\'";  // PostgreSQL's, where none is named
  const Node* pattern = right;
  const bool escaped = kind_of(*right) == "FuncCall" &&
                       names_of(fields_of(*right), "funcname").back() == "like_escape";
  if (escaped) {
    const auto arguments = list_field(fields_of(*right), "args");
    if (arguments.size() != 2) return refuse("this LIKE", &node);
    pattern = arguments[0];
    escape = expression(*arguments[1]);
  }
  const std::string left = child(node, "lexpr");
  const std::string text = expression(*pattern);
  if (any_case) {
    return fmt::format("({}pg_ilike({}, {}, {}))", negated ? "NOT " : "", left, text, escape);
  }
  return fmt::format("({} {} {} ESCAPE {})", left, negated ? "NOT LIKE" : "LIKE", text, escape);
}

std::string Translator::boolean(const Fields& node) {
  const std::string_view kind = text_field(node, "boolop");
  const auto arguments = list_field(node, "args");
  if (kind == "NOT_EXPR" && arguments.size() == 1) return "(NOT " + expression(*arguments[0]) + ")";
  std::vector<std::string> parts;
  for (const Node* each : arguments) parts.push_back(expression(*each));
  return "(" + joined(parts, kind == "OR_EXPR" ? " OR " : " AND ") + ")";
}

std::string Translator::truth_test(const Fields& node) {
  static const std::map<std::string_view, std::string_view> kTests{
      {"IS_NULL", "IS NULL"},    {"IS_NOT_NULL", "IS NOT NULL"},
      {"IS_TRUE", "IS TRUE"},    {"IS_NOT_TRUE", "IS NOT TRUE"},
      {"IS_FALSE", "IS FALSE"},  {"IS_NOT_FALSE", "IS NOT FALSE"},
      {"IS_UNKNOWN", "IS NULL"}, {"IS_NOT_UNKNOWN", "IS NOT NULL"}};
  std::string_view test = text_field(node, "nulltesttype");
  if (test.empty()) test = text_field(node, "booltesttype");
  const auto found = kTests.find(test);
  if (found == kTests.end()) return refuse(test, &node);
  return fmt::format("({} {})", child(node, "arg"), found->second);
}

std::string Translator::cases(const Fields& node) {
  std::string text = "(CASE";
  if (field(node, "arg") != nullptr) text += " " + child(node, "arg");
  for (const Node* each : list_field(node, "args")) {
    const Fields& when = fields_of(*each);
    text += fmt::format(" WHEN {} THEN {}", child(when, "expr"), child(when, "result"));
  }
  if (field(node, "defresult") != nullptr) text += " ELSE " + child(node, "defresult");
  return text + " END)";
}

std::string Translator::sub_query(const Fields& node) {
  const Node* inside = field(node, "subselect");
  if (inside == nullptr || kind_of(*inside) != "SelectStmt") return refuse("this query", &node);
  const std::string_view kind = text_field(node, "subLinkType");
  const auto operators = names_of(node, "operName");
  const std::string text = "(" + query(fields_of(*inside)) + ")";
  if (kind == "EXISTS_SUBLINK") return "EXISTS " + text;
  if (kind == "EXPR_SUBLINK") return text;
  const bool equal = operators.empty() || operators.back() == "=";
  if (kind == "ANY_SUBLINK" && equal) {
    return fmt::format("({} IN {})", child(node, "testexpr"), text);
  }
  if (kind == "ALL_SUBLINK" && !operators.empty() && operators.back() == "<>") {
    return fmt::format("({} NOT IN {})", child(node, "testexpr"), text);
  }
  return refuse(kind == "ARRAY_SUBLINK" ? "ARRAY(…)" : "this comparison with a query", &node);
}

// ---- Types and values --------------------------------------------------------------------------

std::string Translator::cast(const Fields& node) {
  static const std::map<std::string_view, std::string_view> kCasts{
      {"int2", "pg_int"},       {"int4", "pg_int"},     {"int8", "pg_bigint"},
      {"float4", "pg_float"},   {"float8", "pg_float"}, {"numeric", "pg_float"},
      {"bool", "pg_bool"},      {"text", "pg_text"},    {"varchar", "pg_text"},
      {"bpchar", "pg_text"},    {"uuid", "pg_text"},    {"name", "pg_text"},
      {"json", "pg_json"},      {"jsonb", "pg_json"},   {"timestamptz", "pg_text"},
      {"timestamp", "pg_text"}, {"date", "pg_text"},    {"time", "pg_text"}};
  const Node* type = field(node, "typeName");
  if (type == nullptr || !type->is_object()) return refuse("this cast", &node);
  const Fields& what = type->get_object();
  const auto names = names_of(what, "names");
  const auto found = names.empty() ? kCasts.end() : kCasts.find(names.back());
  if (found == kCasts.end() || !list_field(what, "arrayBounds").empty() ||
      flag_field(what, "setof")) {
    return refuse(fmt::format("a cast to {}{}", names.empty() ? "nothing" : names.back(),
                              list_field(what, "arrayBounds").empty() ? "" : "[]"),
                  &node);
  }
  const std::string inner = fmt::format("{}({})", found->second, child(node, "arg"));
  const auto modifiers = list_field(what, "typmods");
  if (modifiers.empty() || names.back() == "timestamptz" || names.back() == "timestamp") {
    return inner;
  }
  if (names.back() == "varchar" && modifiers.size() == 1) {
    return fmt::format("pg_left({}, {})", inner, expression(*modifiers[0]));
  }
  return refuse(fmt::format("a cast to {} with a length", names.back()), &node);
}

std::string Translator::value_function(const Fields& node) {
  const std::string_view what = text_field(node, "op");
  if (what == "SVFOP_CURRENT_TIMESTAMP" || what == "SVFOP_LOCALTIMESTAMP") return "pg_now()";
  if (what == "SVFOP_CURRENT_DATE") return "substr(pg_now(), 1, 10)";
  if (what == "SVFOP_CURRENT_USER" || what == "SVFOP_CURRENT_ROLE" || what == "SVFOP_USER") {
    return "auth_role()";
  }
  return refuse(what, &node);
}

std::string Translator::collate(const Fields& node) {
  const auto names = names_of(node, "collname");
  if (names.empty() || (names.back() != "C" && names.back() != "POSIX")) {
    return refuse("any collation but \"C\"", &node);
  }
  return "(" + child(node, "arg") + " COLLATE BINARY)";
}

}  // namespace database::sqlite
