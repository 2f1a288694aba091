// Members of JSON: ->, ->>, #> and #>> (translator.h).
//
// SQLite's -> finds by a path, of which the key is made; its ->> makes numbers of numbers, where
// PostgreSQL's is always a text (pg_json_text).
#include <fmt/format.h>

#include "database/sqlite/expression_type.h"
#include "database/sqlite/translator.h"

namespace database::sqlite {
namespace {

// In a path SQLite knows no escapes.
bool has_path(std::string_view key) { return key.find_first_of("\"\\") == std::string_view::npos; }

std::string element_path(std::int64_t index) {
  return index >= 0 ? fmt::format("[{}]", index) : fmt::format("[#{}]", index);
}

}  // namespace

std::string Translator::json_member(std::string_view name, const Fields& node) {
  const Node* left = field(node, "lexpr");
  const Node* key = field(node, "rexpr");
  if (left == nullptr || key == nullptr) return refuse("this member", &node);
  std::string path;
  if (name.starts_with('-')) {
    path = json_path(*key);
  } else if (const auto members = string_constant(*key)) {
    path = json_path_of(*members, node);
  } else {
    return refuse(fmt::format("{} with anything but a constant path", name), &node);
  }
  const std::string member = fmt::format("({} -> {})", expression(*left), path);
  return name.ends_with(">>") ? "pg_json_text" + member : member;
}

std::string Translator::json_path(const Node& key) {
  if (const auto index = integer_constant(key)) return quote_text("$" + element_path(*index));
  const auto member = string_constant(key);
  if (member && has_path(*member)) return quote_text(fmt::format("$.\"{}\"", *member));
  return "pg_json_path(" + expression(key) + ")";
}

// '{a,b}' of #> and #>>: a number would be a member or an element, as the value is.
std::string Translator::json_path_of(std::string_view members, const Fields& at) {
  const bool listed = members.size() > 2 && members.front() == '{' && members.back() == '}' &&
                      members.find_first_of("\"\\ {}", 1) == members.size() - 1;
  if (!listed) return refuse("a path but of plain names, '{a,b}'", &at);
  std::string path = "$";
  std::string_view rest = members.substr(1, members.size() - 2);
  while (!rest.empty()) {
    const std::string_view name = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    if (name.empty() || name.find_first_not_of("-0123456789") == std::string_view::npos) {
      return refuse("a path but of plain names, '{a,b}'", &at);
    }
    path += fmt::format(".\"{}\"", name);
  }
  return quote_text(path);
}

// As an argument of json_build_object and its like: SQLite's booleans are numbers.
std::string Translator::json_value(const Node& node) {
  const std::string text = expression(node);
  if (type_of(node, scope_) != Type::kBoolean) return text;
  return fmt::format("json(CASE {} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)", text);
}

}  // namespace database::sqlite
