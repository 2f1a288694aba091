#include "database/sql/syntax_tree.h"

#include <memory>
#include <string>

#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <pg_query.h>

namespace database::sql {
namespace {

namespace json = boost::json;

// Each level of an expression is about four of the tree; PostgreSQL's own stack check ends deeper
// ones.
constexpr std::size_t kMaxTreeDepth = 4000;

struct FreeResult {
  void operator()(PgQueryParseResult* result) const { pg_query_free_parse_result(*result); }
};

SqlResult<json::value> parse_statements(const std::string& sql) {
  if (sql.size() > kMaxStatementBytes) {
    return sql_fail(SqlState::kProgramLimitExceeded,
                    fmt::format("the statement has {} bytes, at most {} are taken", sql.size(),
                                kMaxStatementBytes));
  }
  if (sql.find('\0') != std::string::npos) {
    return sql_fail(SqlState::kSyntaxError, "the statement contains a NUL byte");
  }
  PgQueryParseResult result = pg_query_parse(sql.c_str());
  const std::unique_ptr<PgQueryParseResult, FreeResult> owner(&result);
  if (result.error != nullptr) {
    // libpg_query has counted the position in characters, from 1.
    const int at = result.error->cursorpos;
    return sql_fail(SqlState::kSyntaxError, result.error->message,
                    at > 0 ? std::optional(static_cast<std::uint32_t>(at)) : std::nullopt);
  }
  json::parse_options options;
  options.max_depth = kMaxTreeDepth;
  boost::system::error_code error;
  json::value tree = json::parse(result.parse_tree, error, {}, options);
  if (error) {
    return sql_fail(SqlState::kStatementTooComplex,
                    "the statement is nested too deeply: " + error.message());
  }
  return tree;
}

}  // namespace

SqlResult<json::value> parse_statement(std::string_view sql) {
  auto tree = parse_statements(std::string(sql));
  if (!tree) return tree;
  auto& statements = tree->at("stmts").as_array();
  if (statements.empty()) return sql_fail(SqlState::kSyntaxError, "there is no statement");
  if (statements.size() > 1) {
    const auto& second = statements[1].as_object();
    const auto* at = second.if_contains("stmt_location");
    return sql_fail(SqlState::kSyntaxError, "only one statement at a time: send several as a batch",
                    at == nullptr ? std::nullopt
                                  : std::optional(position_of(
                                        sql, static_cast<std::size_t>(at->to_number<int>()))));
  }
  return std::move(statements[0].as_object()["stmt"]);
}

SqlResult<json::value> parse_expression(std::string_view sql) {
  // On a line of its own, so that a comment at its end does not swallow the parenthesis.
  auto tree = parse_statement("SELECT (" + std::string(sql) + "\n)");
  if (!tree) {
    constexpr std::uint32_t kPrefix = 8;
    auto& position = tree.error().position;
    if (position) *position = *position > kPrefix ? *position - kPrefix : 1;
    return tree;
  }
  const json::object* select = nullptr;
  if (const auto* node = tree->as_object().if_contains("SelectStmt")) select = &node->as_object();
  const json::value* targets = select == nullptr ? nullptr : select->if_contains("targetList");
  // `a) FROM x WHERE (b` is a statement, but no expression.
  const bool single = targets != nullptr && targets->as_array().size() == 1 &&
                      select->size() == 3 && select->at("op") == "SETOP_NONE";
  if (!single) return sql_fail(SqlState::kSyntaxError, "this is not one expression");
  const json::object& target = targets->as_array()[0].at("ResTarget").as_object();
  if (target.contains("name")) {
    return sql_fail(SqlState::kSyntaxError, "an expression has no name");
  }
  return target.at("val");
}

std::uint32_t position_of(std::string_view sql, std::size_t byte) {
  std::uint32_t characters = 1;
  for (std::size_t i = 0; i < byte && i < sql.size(); ++i) {
    if ((static_cast<unsigned char>(sql[i]) & 0xc0U) != 0x80U) ++characters;
  }
  return characters;
}

}  // namespace database::sql
