#include "database/sql/syntax_tree.h"

#include <charconv>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <pg_query.h>

#include "database/sql/scanner.h"

namespace database::sql {
namespace {

namespace json = boost::json;

// An operator is two levels of the tree, a call three, a sub-query seven.
constexpr std::size_t kMaxTreeDepth = 1500;

// The parser itself takes a chain of operators of any length, and writes its tree by recursion: of
// 120 000 operators it needs more stack than a thread has.
constexpr std::size_t kMaxChain = 10'000;  // words and signs without a comma, AND or OR
// Of SET (a, b, …) = source it writes the source once for each name.
constexpr std::size_t kMaxRepeated = 1024 * 1024;  // bytes

// How much stack and memory the parser would need, as far as the words tell.
class Measure {
 public:
  explicit Measure(std::string_view sql) : sql_(sql), scanner_(sql) {}

  bool fits() {
    for (auto token = scanner_.next(); token; token = scanner_.next()) {
      count(*token);
      if (chain_ > kMaxChain || repeated_ > kMaxRepeated) return false;
      may_assign_ = token->is(std::string_view("set")) || token->is(',');
    }
    return true;
  }

 private:
  // What stands between a parenthesis and its end.
  struct Group {
    std::size_t chain = 0;
    std::size_t names = 1;
    bool may_be_assigned = false;  // it follows SET or a comma
  };

  void count(const Token& token) {
    if (token.is('=') && closed_.may_be_assigned) {
      repeated_ += (closed_.names - 1) * (sql_.size() - token.begin);
    }
    closed_ = {};
    if (token.is('(') || token.is('[')) {
      groups_.push_back({.may_be_assigned = may_assign_});
    } else if ((token.is(')') || token.is(']')) && groups_.size() > 1) {
      chain_ -= groups_.back().chain;
      closed_ = groups_.back();
      groups_.pop_back();
    } else if (token.is(',') || token.is(std::string_view("and")) ||
               token.is(std::string_view("or"))) {
      chain_ -= groups_.back().chain;
      groups_.back().chain = 0;
      if (token.is(',')) ++groups_.back().names;
    } else {
      ++groups_.back().chain;
      ++chain_;
    }
  }

  std::string_view sql_;
  Scanner scanner_;
  std::vector<Group> groups_{Group{}};
  Group closed_;  // the one that the last sign ended
  bool may_assign_ = false;
  std::size_t chain_ = 0;  // of all open groups
  std::size_t repeated_ = 0;
};

// libpg_query 15 leaves a negative integer out of its JSON, as it does 0. The sign is where the
// constant begins, and its digits follow.
std::int64_t negative_at(std::string_view sql, std::size_t location) {
  if (location >= sql.size() || sql[location] != '-') return 0;
  Scanner scanner(sql.substr(location));
  auto token = scanner.next();
  while (token && (token->is('-') || token->is('('))) token = scanner.next();
  std::int64_t value = 0;
  if (!token || token->kind != Token::Kind::kWord) return 0;
  const char* const end = token->text.data() + token->text.size();
  const auto [last, error] = std::from_chars(token->text.data(), end, value);
  return error == std::errc() && last == end ? -value : 0;
}

void restore_negatives(json::value& node, std::string_view sql) {
  if (auto* list = node.if_array()) {
    for (json::value& each : *list) restore_negatives(each, sql);
  }
  auto* fields = node.if_object();
  if (fields == nullptr) return;
  for (auto& each : *fields) restore_negatives(each.value(), sql);
  auto* const integer = fields->if_contains("ival");
  const auto* const location = fields->if_contains("location");
  const bool left_out = integer != nullptr && integer->is_object() &&
                        integer->get_object().empty() && location != nullptr &&
                        location->is_int64() && location->get_int64() > 0;
  if (!left_out) return;
  const auto value = negative_at(sql, static_cast<std::size_t>(location->get_int64()));
  if (value != 0) integer->get_object()["ival"] = value;
}

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
  if (!Measure(sql).fits()) {
    return sql_fail(SqlState::kStatementTooComplex, "the statement is too complex");
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
  // One piece of memory for all of the tree, which lives as long as any part of it.
  const auto memory = json::make_shared_resource<json::monotonic_resource>();
  json::value tree = json::parse(result.parse_tree, error, memory, options);
  if (error) {
    return sql_fail(SqlState::kStatementTooComplex,
                    "the statement is nested too deeply: " + error.message());
  }
  restore_negatives(tree, sql);
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
    constexpr auto kPrefix = static_cast<std::uint32_t>(kExpressionPrefix);
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
