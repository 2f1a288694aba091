#include "database/sqlite/translator.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "database/sql/syntax_tree.h"
#include "database/sqlite/translator_guard.h"

namespace database::sqlite {
namespace {

// What PostgreSQL's manual calls the nodes that are refused.
std::string_view words_for(std::string_view kind) {
  static const std::map<std::string_view, std::string_view> kWords{
      {"A_ArrayExpr", "ARRAY[…] but in = ANY"},
      {"A_Indirection", "a subscript or the field of a row"},
      {"CurrentOfExpr", "WHERE CURRENT OF"},
      {"GroupingFunc", "GROUPING"},
      {"NamedArgExpr", "a named argument"},
      {"XmlExpr", "XML"},
      {"XmlSerialize", "XML"},
      {"", "this expression"}};
  const auto found = kWords.find(kind);
  return found == kWords.end() ? kind : found->second;
}

}  // namespace

std::string quote_text(std::string_view text) {
  std::string quoted = "'";
  for (const char letter : text) {
    if (letter == '\'') quoted += '\'';
    quoted += letter;
  }
  return quoted + '\'';
}

std::optional<std::uint32_t> Translator::position(const Fields* at) const {
  if (at == nullptr || field(*at, "location") == nullptr) return std::nullopt;
  const auto byte = number_field(*at, "location");
  if (byte < 0 || static_cast<std::size_t>(byte) < offset_) return std::nullopt;
  return sql::position_of(sql_, static_cast<std::size_t>(byte) - offset_);
}

std::string Translator::fail(SqlState state, std::string message, const Fields* at) {
  if (!error_) error_ = SqlError{state, std::move(message), position(at)};
  return {};
}

std::string Translator::refuse(std::string_view what, const Fields* at) {
  return fail(SqlState::kFeatureNotSupported,
              fmt::format("{} is not supported (see docs/database.md for what is)", what), at);
}

void Translator::note_read(std::size_t table) {
  if (std::ranges::find(reads_, table) == reads_.end()) reads_.push_back(table);
}

std::string Translator::child(const Fields& node, std::string_view name) {
  const Node* inside = field(node, name);
  return inside == nullptr ? refuse("an expression without its operand", &node)
                           : expression(*inside);
}

std::string Translator::list_of(const boost::json::array& nodes) {
  return joined(nodes, 0, nodes.size(), ", ");
}

std::string Translator::condition(const Node& node, std::string_view clause) {
  const Clause in_force(*this, clause);
  return expression(node);
}

std::string Translator::expression(const Node& node) {
  using Method = std::string (Translator::*)(const Fields&);
  static const std::map<std::string_view, Method> kMethods{
      {"A_Const", &Translator::constant},
      {"A_Expr", &Translator::operation},
      {"BoolExpr", &Translator::boolean},
      {"BooleanTest", &Translator::truth_test},
      {"CaseExpr", &Translator::cases},
      {"CoalesceExpr", &Translator::coalesce},
      {"CollateClause", &Translator::collate},
      {"ColumnRef", &Translator::column},
      {"FuncCall", &Translator::call},
      {"MinMaxExpr", &Translator::extreme},
      {"NullTest", &Translator::null_test},
      {"ParamRef", &Translator::parameter},
      {"RowExpr", &Translator::stray_row},
      {"SQLValueFunction", &Translator::value_function},
      {"SetToDefault", &Translator::stray_default},
      {"SubLink", &Translator::sub_query},
      {"TypeCast", &Translator::cast},
  };
  if (error_) return {};
  const Deeper deeper(*this);
  const Fields& fields = fields_of(node);
  if (deeper.too_deep()) {
    return fail(SqlState::kStatementTooComplex, "the statement is nested too deeply", &fields);
  }
  const std::string_view kind = kind_of(node);
  const auto found = kMethods.find(kind);
  return found == kMethods.end() ? refuse(words_for(kind), &fields)
                                 : (this->*found->second)(fields);
}

std::optional<std::size_t> Translator::target(const Fields& relation) {
  const std::string_view schema_name = text_field(relation, "schemaname");
  const std::string_view name = text_field(relation, "relname");
  if (!schema_name.empty() && schema_name != "public") {
    fail(SqlState::kUndefinedTable,
         fmt::format("relation \"{}.{}\" does not exist", schema_name, name), &relation);
    return std::nullopt;
  }
  const auto found = schema_.table(name);
  if (!found) {
    fail(SqlState::kUndefinedTable, fmt::format("relation \"{}\" does not exist", name), &relation);
  }
  return found;
}

}  // namespace database::sqlite
