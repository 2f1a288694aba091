// Casts, said and unsaid (translator.h).
#include <map>

#include <fmt/format.h>

#include "base/ascii.h"
#include "database/sqlite/expression_type.h"
#include "database/sqlite/translator.h"

namespace database::sqlite {
namespace {

const Fields* type_name(const Fields& cast) { return object_field(cast, "typeName"); }

bool is_time(std::string_view type) {
  return type == "timestamp" || type == "timestamptz" || type == "time";
}

// What PostgreSQL reads as a boolean, where it is no number either.
std::optional<bool> truth_of(std::string_view word) {
  static const std::map<std::string_view, bool> kWords{
      {"t", true},  {"true", true},   {"y", true},  {"yes", true}, {"on", true},
      {"f", false}, {"false", false}, {"n", false}, {"no", false}, {"off", false}};
  const auto found = kWords.find(base::to_lower(word));
  return found == kWords.end() ? std::nullopt : std::optional(found->second);
}

bool is_small_integer(std::string_view text) {
  constexpr std::size_t kCertain = 18;  // digits
  return !text.empty() && text.size() <= kCertain &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::string Translator::cast(const Fields& node) {
  const Fields* type = type_name(node);
  const Node* value = field(node, "arg");
  if (type == nullptr || value == nullptr) return refuse("this cast", &node);
  const auto names = names_of(*type, "names");
  const bool array = !list_field(*type, "arrayBounds").empty();
  const bool known = !names.empty() && !array && !flag_field(*type, "setof") &&
                     type_named(names.back()) != Type::kUnknown &&
                     (names.size() == 1 || names.front() == "pg_catalog");
  if (!known) {
    return refuse(
        fmt::format("a cast to {}{}", names.empty() ? "nothing" : names.back(), array ? "[]" : ""),
        &node);
  }
  const std::string_view name = names.back();
  const std::string text = cast_to(name, *value, node);
  const auto& modifiers = list_field(*type, "typmods");
  return modifiers.empty() || is_time(name) ? text : cut_to(text, name, modifiers, node);
}

std::string Translator::cast_to(std::string_view type, const Node& value, const Fields& at) {
  const Type from = type_of(value, scope_);
  switch (type_named(type)) {
    case Type::kInteger:
      if (type == "int2") return refuse("a cast to smallint", &at);
      return as_integer(type == "int4" ? "pg_int" : "pg_bigint", value);
    case Type::kNumeric:
    case Type::kFloat:
      return "pg_float(" + expression(value) + ")";
    case Type::kBoolean:
      return from == Type::kBoolean ? expression(value) : "pg_bool(" + expression(value) + ")";
    case Type::kJson:
      return "pg_json(" + expression(value) + ")";
    default:
      break;
  }
  if (type == "date") return "pg_left(" + as_text(value) + ", 10)";
  return as_text(value);
}

// varchar(n), numeric(p, s)
std::string Translator::cut_to(const std::string& text, std::string_view type,
                               const boost::json::array& modifiers, const Fields& at) {
  const auto last = integer_constant(modifiers.back());
  if (last && type == "varchar" && modifiers.size() == 1) {
    return fmt::format("pg_left({}, {})", text, *last);
  }
  if (last && type == "numeric") {
    return fmt::format("pg_round({}, {})", text, modifiers.size() == 1 ? 0 : *last);
  }
  return refuse(fmt::format("a cast to {} with a length", type), &at);
}

// Text as it is; a column of text keeps its index.
std::string Translator::as_text(const Node& value) {
  const Type from = type_of(value, scope_);
  const std::string text = expression(value);
  if (from == Type::kText) return text;
  if (from != Type::kBoolean) return "pg_text(" + text + ")";
  return fmt::format("(CASE {} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)", text);
}

// Halves of a decimal go away from zero, those of a double to the even number.
std::string Translator::as_integer(std::string_view function, const Node& value) {
  const std::string text = expression(value);
  return type_of(value, scope_) == Type::kNumeric
             ? fmt::format("{}(pg_round({}, 0))", function, text)
             : fmt::format("{}({})", function, text);
}

// A constant string is of the type that its place asks for. An INTEGER may be meant as a boolean.
std::string Translator::literal(const Node& constant, Type type) {
  const std::string text = expression(constant);
  switch (type) {
    case Type::kInteger:
      if (const auto truth = truth_of(*string_constant(constant))) return *truth ? "1" : "0";
      if (is_small_integer(*string_constant(constant))) {
        return std::string(*string_constant(constant));
      }
      return "pg_bigint(" + text + ")";
    case Type::kNumeric:
    case Type::kFloat:
      return "pg_float(" + text + ")";
    case Type::kBoolean:
      return "pg_bool(" + text + ")";
    default:
      return text;
  }
}

std::string Translator::assigned(const Node& node, Type type) {
  if (string_constant(node)) return literal(node, type);
  const Type from = type_of(node, scope_);
  if (type == Type::kInteger && (from == Type::kFloat || from == Type::kNumeric)) {
    return as_integer("pg_bigint", node);
  }
  if (type == Type::kText && from != Type::kUnknown && from != Type::kJson) return as_text(node);
  return expression(node);
}

}  // namespace database::sqlite
