#include "host/database_call.h"

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include "base/encoding.h"
#include "host/parameters.h"

namespace host {
namespace {

namespace json = boost::json;
using database::sql_fail;
using database::SqlError;
using database::SqlResult;
using database::SqlState;
using database::Statement;
using Statements = SqlResult<std::vector<Statement>>;

// Of nested JSON values.
constexpr std::size_t kMaxDepth = 32;
// Of a document's tree before it asks for memory.
constexpr std::size_t kTreeOnStack = 4096;

std::optional<SqlError> refuse_length(std::string_view what, std::size_t length,
                                      std::size_t limit) {
  if (length <= limit) return std::nullopt;
  return SqlError{
      SqlState::kProgramLimitExceeded,
      fmt::format("{} of {} bytes, at most {} are taken: send less at once", what, length, limit),
      std::nullopt};
}

// A document is an array; `what` begins the message.
SqlResult<json::value> parse(std::string_view text, std::string_view what,
                             json::storage_ptr storage) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::parser parser({}, options);
  parser.reset(std::move(storage));
  json::error_code error;
  const std::size_t read = parser.write(text.data(), text.size(), error);
  if (error) {
    return sql_fail(SqlState::kInvalidTextRepresentation,
                    fmt::format("{} no JSON: {} at byte {}", what, error.message(), read));
  }
  json::value value = parser.release();
  if (!value.is_array()) {
    return sql_fail(SqlState::kInvalidParameterValue, fmt::format("{} no JSON array", what));
  }
  return value;
}

// PostgreSQL's parser, and SQLite's, take text to end at a NUL.
SqlResult<std::string> checked_sql(std::string_view sql) {
  if (auto refused = refuse_length("a statement", sql.size(), kMaxSqlBytes)) {
    return sql_fail(std::move(*refused));
  }
  if (!base::is_utf8(sql) || sql.contains('\0')) {
    return sql_fail(SqlState::kSyntaxError, "the statement is no UTF-8 text, or holds U+0000");
  }
  return std::string(sql);
}

// `left` is what may still come, over all statements.
SqlResult<std::vector<database::Value>> take_parameters(const json::array& array,
                                                        std::size_t& left) {
  if (array.size() > left) {
    return sql_fail(SqlState::kProgramLimitExceeded,
                    fmt::format("more than {} parameters: send less at once", kMaxParameters));
  }
  left -= array.size();
  return values_of(array);
}

SqlResult<Statement> statement_of(const json::value& value, std::size_t& left) {
  constexpr std::string_view kForm = R"(a statement must be {"sql":"…","params":[…]})";
  const json::object* const object = value.if_object();
  const json::value* const sql = object == nullptr ? nullptr : object->if_contains("sql");
  const json::value* const parameters = object == nullptr ? nullptr : object->if_contains("params");
  const std::size_t known = parameters == nullptr ? 1 : 2;
  if (sql == nullptr || !sql->is_string() || object->size() != known ||
      (parameters != nullptr && !parameters->is_array())) {
    return sql_fail(SqlState::kInvalidParameterValue, std::string(kForm));
  }
  const json::string& text = sql->get_string();
  auto checked = checked_sql({text.data(), text.size()});
  if (!checked) return sql_fail(std::move(checked.error()));
  Statement statement{std::move(*checked), {}};
  if (parameters != nullptr) {
    auto values = take_parameters(parameters->get_array(), left);
    if (!values) return sql_fail(std::move(values.error()));
    statement.parameters = std::move(*values);
  }
  return statement;
}

Statements read_query(const DatabaseRequest& request, const json::storage_ptr& storage) {
  auto sql = checked_sql(request.sql);
  if (!sql) return sql_fail(std::move(sql.error()));
  std::vector<Statement> statements;
  statements.push_back({std::move(*sql), {}});
  if (request.json.empty()) return statements;
  const auto parsed = parse(request.json, "the parameters are", storage);
  if (!parsed) return sql_fail(parsed.error());
  std::size_t left = kMaxParameters;
  auto values = take_parameters(parsed->get_array(), left);
  if (!values) return sql_fail(std::move(values.error()));
  statements[0].parameters = std::move(*values);
  return statements;
}

Statements read_batch(const DatabaseRequest& request, const json::storage_ptr& storage) {
  const auto parsed = parse(request.json, "the batch is", storage);
  if (!parsed) return sql_fail(parsed.error());
  const json::array& array = parsed->get_array();
  if (array.size() > kMaxStatements) {
    return sql_fail(SqlState::kProgramLimitExceeded,
                    fmt::format("a batch of {} statements, at most {} are taken", array.size(),
                                kMaxStatements));
  }
  std::size_t left = kMaxParameters;
  std::vector<Statement> statements;
  statements.reserve(array.size());
  for (const json::value& item : array) {
    auto statement = statement_of(item, left);
    if (!statement) {
      statement.error().statement = static_cast<std::uint32_t>(statements.size());
      return sql_fail(std::move(statement.error()));
    }
    statements.push_back(std::move(*statement));
  }
  return statements;
}

void append(std::string& out, const database::Rows& rows) {
  out += R"({"rows":)";
  out += rows.json;
  out += R"(,"count":)";
  out += fmt::to_string(rows.count);
  out += '}';
}

std::string to_json(DatabaseRequest::Kind kind, const std::vector<database::Rows>& outcome) {
  constexpr std::size_t kEnvelope = 48;  // around one statement's rows
  std::size_t size = kEnvelope;
  for (const database::Rows& rows : outcome) size += rows.json.size() + kEnvelope;
  std::string out;
  out.reserve(size);
  const bool batch = kind == DatabaseRequest::Kind::kBatch;
  if (batch) out += R"({"results":[)";
  for (const database::Rows& rows : outcome) {
    if (&rows != outcome.data()) out += ',';
    append(out, rows);
  }
  if (batch) out += "]}";
  return out;
}

}  // namespace

Answer<Unit> ask_query(Call& call, GuestMemory memory, std::uint32_t sql_pointer,
                       std::uint32_t sql_length, std::uint32_t parameters_pointer,
                       std::uint32_t parameters_length) {
  const auto sql = memory.read(sql_pointer, sql_length);
  if (!sql) return out_of_bounds(call, "db_query: sql", sql_pointer, sql_length);
  const auto parameters = memory.read(parameters_pointer, parameters_length);
  if (!parameters) {
    return out_of_bounds(call, "db_query: params", parameters_pointer, parameters_length);
  }
  DatabaseRequest& request = call.database.emplace();
  request.refused = refuse_length("a statement", sql->size(), kMaxSqlBytes);
  if (!request.refused) {
    request.refused = refuse_length("parameters", parameters->size(), kMaxParametersBytes);
  }
  if (request.refused) return Unit{};
  request.sql = *sql;
  request.json = *parameters;
  return Unit{};
}

Answer<Unit> ask_batch(Call& call, GuestMemory memory, std::uint32_t pointer,
                       std::uint32_t length) {
  const auto batch = memory.read(pointer, length);
  if (!batch) return out_of_bounds(call, "db_batch", pointer, length);
  DatabaseRequest& request = call.database.emplace();
  request.kind = DatabaseRequest::Kind::kBatch;
  request.refused = refuse_length("a batch", batch->size(), kMaxParametersBytes);
  if (!request.refused) request.json = *batch;
  return Unit{};
}

Statements statements_of(const DatabaseRequest& request) {
  if (request.refused) return sql_fail(*request.refused);
  std::array<unsigned char, kTreeOnStack> buffer;
  json::monotonic_resource memory(buffer.data(), buffer.size());
  return request.kind == DatabaseRequest::Kind::kQuery ? read_query(request, &memory)
                                                       : read_batch(request, &memory);
}

std::int32_t answer_query(Call& call, SqlResult<std::vector<database::Rows>> outcome) {
  const DatabaseRequest::Kind kind = call.database->kind;
  call.database.reset();
  if (outcome) {
    call.query_failure.reset();
    call.result = to_json(kind, *outcome);
    return static_cast<std::int32_t>(call.result.size());
  }
  SqlError& error = outcome.error();
  const bool batch = kind == DatabaseRequest::Kind::kBatch;
  if (!batch) error.statement.reset();
  call.log.line(describe(error), batch ? "[error] [db_batch] " : "[error] [db_query] ");
  call.result = database::to_json(error);
  call.query_failure = std::move(error);
  return -static_cast<std::int32_t>(call.result.size());
}

base::Error unhandled(const SqlError& error) {
  if (database::is_database_failure(error.state)) {
    return {base::Code::kDatabaseUnavailable, "the function's query failed: " + describe(error)};
  }
  return {base::Code::kQueryFailed,
          "the function ended without an answer after its query failed: " + describe(error)};
}

std::string describe(const SqlError& error) {
  return fmt::format("{}: {}", database::name_of(error.state), error.message);
}

}  // namespace host
