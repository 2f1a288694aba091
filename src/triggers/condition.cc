#include "triggers/condition.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/ascii.h"
#include "database/sql/syntax_tree.h"
#include "database/sqlite/syntax_node.h"
#include "triggers/sql_text.h"

// libpg_query's tree (database/sql/syntax_tree.h): an object with one member, named after the node.
namespace triggers {
namespace {

namespace json = boost::json;
using database::sqlite::field;
using database::sqlite::Fields;
using database::sqlite::flag_field;
using database::sqlite::list_field;
using database::sqlite::names_of;
using database::sqlite::number_field;
using database::sqlite::object_field;
using database::sqlite::text_field;

constexpr std::size_t kMaxDepth = 64;
constexpr std::array<std::string_view, 10> kOperators{"=",  "<>", "!=", "<", ">",
                                                      "<=", ">=", "+",  "-", "*"};

class Writer {
 public:
  Writer(const CapturedTable& table, Operation operation) : table_(table), operation_(operation) {}

  // Empty once something was refused; `error` says what.
  std::string write(const json::value* node, std::size_t depth = 0);
  [[nodiscard]] const std::optional<std::string>& error() const { return error_; }
  [[nodiscard]] bool names_absent_row() const { return names_absent_row_; }

 private:
  std::string refuse(std::string message) {
    if (!error_) error_ = std::move(message);
    return {};
  }
  std::string column(const Fields& node);
  std::string constant(const Fields& node);
  std::string operation(const Fields& node, std::size_t depth);
  std::string in_list(const Fields& node, std::string_view op, std::size_t depth);
  std::string between(const Fields& node, std::string_view word, std::size_t depth);
  std::string logic(const Fields& node, std::size_t depth);
  std::string test(const Fields& node, std::size_t depth, bool of_truth);
  std::vector<std::string> list(const json::value* node, std::size_t depth);

  const CapturedTable& table_;
  const Operation operation_;
  std::optional<std::string> error_;
  bool names_absent_row_ = false;
};

std::string Writer::column(const Fields& node) {
  const auto names = names_of(node, "fields");
  if (names.size() != 2 || (names[0] != "old" && names[0] != "new")) {
    return refuse("name a column as new.NAME or old.NAME");
  }
  // SQLite compares names without regard to ASCII case.
  const auto found = std::ranges::find_if(table_.columns, [&](const std::string& each) {
    return base::equal_ignoring_case(each, names[1]);
  });
  if (found == table_.columns.end()) {
    return refuse(fmt::format("the table {} has no column {}", table_.name, names[1]));
  }
  const bool is_old = names[0] == "old";
  if (operation_ == (is_old ? Operation::kInsert : Operation::kDelete)) {
    names_absent_row_ = true;
    return "NULL";
  }
  return fmt::format("{}.{}", is_old ? "OLD" : "NEW", quote_name(*found));
}

std::string Writer::constant(const Fields& node) {
  if (flag_field(node, "isnull")) return "NULL";
  if (const Fields* value = object_field(node, "ival")) {
    return fmt::format("({})", number_field(*value, "ival"));
  }
  if (const Fields* value = object_field(node, "boolval")) {
    return flag_field(*value, "boolval") ? "1" : "0";
  }
  if (const Fields* value = object_field(node, "sval"))
    return quote_text(text_field(*value, "sval"));
  if (const Fields* value = object_field(node, "fval")) {
    const std::string_view text = text_field(*value, "fval");
    if (text.find_first_not_of("-+.0123456789eE") == std::string_view::npos) {
      return fmt::format("({})", text);
    }
  }
  return refuse("a bit string cannot be in a condition");
}

std::vector<std::string> Writer::list(const json::value* node, std::size_t depth) {
  std::vector<std::string> texts;
  const Fields* inner =
      node != nullptr && node->is_object() ? object_field(node->get_object(), "List") : nullptr;
  if (inner == nullptr) {
    refuse("IN takes a list of constants");
    return texts;
  }
  for (const json::value& each : list_field(*inner, "items")) texts.push_back(write(&each, depth));
  return texts;
}

std::string Writer::in_list(const Fields& node, std::string_view op, std::size_t depth) {
  const auto texts = list(field(node, "rexpr"), depth);
  return fmt::format("({} {} ({}))", write(field(node, "lexpr"), depth),
                     op == "=" ? "IN" : "NOT IN", fmt::join(texts, ", "));
}

std::string Writer::between(const Fields& node, std::string_view word, std::size_t depth) {
  const auto bounds = list(field(node, "rexpr"), depth);
  if (bounds.size() != 2) return refuse("BETWEEN takes two bounds");
  return fmt::format("({} {} {} AND {})", write(field(node, "lexpr"), depth), word, bounds[0],
                     bounds[1]);
}

std::string Writer::operation(const Fields& node, std::size_t depth) {
  const std::string_view kind = text_field(node, "kind");
  const auto names = names_of(node, "name");
  const std::string_view name = names.empty() ? std::string_view() : names.back();
  if (kind == "AEXPR_IN") return in_list(node, name, depth);
  if (kind == "AEXPR_BETWEEN") return between(node, "BETWEEN", depth);
  if (kind == "AEXPR_NOT_BETWEEN") return between(node, "NOT BETWEEN", depth);
  const bool distinct = kind == "AEXPR_DISTINCT";
  const bool same = kind == "AEXPR_NOT_DISTINCT";
  const bool known =
      kind == "AEXPR_OP" && (name == "||" || std::ranges::count(kOperators, name) > 0);
  if (!distinct && !same && !known) {
    return refuse(fmt::format("{} cannot be in a condition", name.empty() ? kind : name));
  }
  const std::string_view op = distinct ? "IS NOT" : same ? "IS" : name;
  const json::value* left = field(node, "lexpr");
  const std::string right = write(field(node, "rexpr"), depth);
  if (left == nullptr) return fmt::format("({} {})", op, right);
  return fmt::format("({} {} {})", write(left, depth), op, right);
}

std::string Writer::logic(const Fields& node, std::size_t depth) {
  const std::string_view kind = text_field(node, "boolop");
  std::vector<std::string> texts;
  for (const json::value& each : list_field(node, "args")) texts.push_back(write(&each, depth));
  if (kind == "NOT_EXPR") return fmt::format("(NOT {})", texts.at(0));
  return fmt::format("({})", fmt::join(texts, kind == "AND_EXPR" ? " AND " : " OR "));
}

std::string Writer::test(const Fields& node, std::size_t depth, bool of_truth) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kTests{
      {{"IS_NULL", "IS NULL"},
       {"IS_NOT_NULL", "IS NOT NULL"},
       {"IS_TRUE", "IS TRUE"},
       {"IS_NOT_TRUE", "IS NOT TRUE"},
       {"IS_FALSE", "IS FALSE"},
       {"IS_NOT_FALSE", "IS NOT FALSE"},
       {"IS_UNKNOWN", "IS NULL"},
       {"IS_NOT_UNKNOWN", "IS NOT NULL"}}};
  const std::string_view kind = text_field(node, of_truth ? "booltesttype" : "nulltesttype");
  const auto* const found =
      std::ranges::find(kTests, kind, &std::pair<std::string_view, std::string_view>::first);
  if (found == kTests.end()) return refuse("it cannot be read");
  return fmt::format("({} {})", write(field(node, "arg"), depth), found->second);
}

std::string Writer::write(const json::value* node, std::size_t depth) {
  if (error_) return {};
  if (depth > kMaxDepth) return refuse("it is nested too deeply");
  if (node == nullptr || !node->is_object() || node->get_object().size() != 1) {
    return refuse("it cannot be read");
  }
  const auto& [kind, inside] = *node->get_object().begin();
  const Fields& fields = inside.get_object();
  if (kind == "ColumnRef") return column(fields);
  if (kind == "A_Const") return constant(fields);
  if (kind == "A_Expr") return operation(fields, depth + 1);
  if (kind == "BoolExpr") return logic(fields, depth + 1);
  if (kind == "NullTest") return test(fields, depth + 1, false);
  if (kind == "BooleanTest") return test(fields, depth + 1, true);
  return refuse(kind == "FuncCall"  ? "a function cannot be called in a condition"
                : kind == "SubLink" ? "a query cannot be in a condition"
                                    : "only comparisons of columns and constants, IN, BETWEEN, IS, "
                                      "AND, OR, NOT and + - * || can be in a condition");
}

}  // namespace

base::Result<std::string> condition_text(std::string_view condition, const CapturedTable& table,
                                         Operation operation) {
  const auto refused = [&](std::string_view why) {
    return base::fail(base::Code::kInvalidArgument,
                      fmt::format("the condition `when {}`: {}", condition, why));
  };
  const auto tree = database::sql::parse_expression(condition);
  if (!tree) return refused(tree.error().message);
  Writer writer(table, operation);
  std::string text = writer.write(&*tree);
  if (writer.error()) return refused(*writer.error());
  return text;
}

bool names_absent_row(std::string_view condition, const CapturedTable& table, Operation operation) {
  const auto tree = database::sql::parse_expression(condition);
  if (!tree) return false;
  Writer writer(table, operation);
  writer.write(&*tree);
  return writer.names_absent_row();
}

}  // namespace triggers
