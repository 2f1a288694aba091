#include "differential/postgres_session.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <variant>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "differential/schema.h"

namespace differential {
namespace {

// Type oids of PostgreSQL's catalog (pg_type.dat).
enum : Oid {
  kBool = 16,
  kInt8 = 20,
  kInt2 = 21,
  kInt4 = 23,
  kOid = 26,
  kJson = 114,
  kFloat4 = 700,
  kFloat8 = 701,
  kNumeric = 1700,
  kJsonb = 3802
};

std::string canonical_of(Oid type, std::string_view text) {
  switch (type) {
    case kBool:
      return text == "t" ? "1" : "0";
    case kInt2:
    case kInt4:
    case kInt8:
    case kOid:
    case kFloat4:
    case kFloat8:
    case kNumeric:
      return canonical_number(text);
    case kJson:
    case kJsonb:
      return canonical(boost::json::parse(text));
    default:
      return canonical_text(text);
  }
}

std::optional<std::string> parameter_text(const database::Value& value) {
  struct Writer {
    std::optional<std::string> operator()(database::Null) const { return std::nullopt; }
    std::optional<std::string> operator()(bool truth) const { return truth ? "true" : "false"; }
    std::optional<std::string> operator()(std::int64_t number) const {
      return std::to_string(number);
    }
    std::optional<std::string> operator()(double number) const { return fmt::format("{}", number); }
    std::optional<std::string> operator()(const std::string& text) const { return text; }
    std::optional<std::string> operator()(const database::Blob& blob) const {
      return "\\x" + base::to_hex(blob.bytes);
    }
    std::optional<std::string> operator()(const database::Json& json) const { return json.text; }
  };
  return std::visit(Writer{}, value);
}

}  // namespace

bool may_write(std::string_view sql) {
  const std::size_t begin = sql.find_first_not_of(" \n(");
  const std::string_view word = sql.substr(std::min(begin, sql.size()), 6);
  return word != "SELECT" && word != "select" && !word.starts_with("VALUES") &&
         !word.starts_with("TABLE");
}

std::unique_ptr<PostgresSession> PostgresSession::open(const std::string& connection_string) {
  auto session = std::make_unique<PostgresSession>();
  session->connection_.reset(::PQconnectdb(connection_string.c_str()));
  if (::PQstatus(session->connection_.get()) != CONNECTION_OK) {
    ADD_FAILURE() << ::PQerrorMessage(session->connection_.get());
    return nullptr;
  }
  ::PQsetNoticeProcessor(session->connection_.get(), [](void*, const char*) {}, nullptr);
  for (const std::string& sql :
       {roles_script(), tables_script(Dialect::kPostgres), policies_script(), rows_script(),
        triggers_script(Dialect::kPostgres)}) {
    if (!session->script(sql)) return nullptr;
  }
  if (!session->read_tables()) return nullptr;
  return session;
}

PostgresSession::Result PostgresSession::execute(const std::string& sql) {
  return Result(::PQexec(connection_.get(), sql.c_str()));
}

bool PostgresSession::script(const std::string& sql) {
  const Result result = execute(sql);
  const ExecStatusType status = ::PQresultStatus(result.get());
  const bool well = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
  EXPECT_TRUE(well) << ::PQresultErrorMessage(result.get()) << "in " << sql;
  return well;
}

PostgresSession::Result PostgresSession::execute(const database::Statement& statement) {
  std::vector<std::optional<std::string>> texts;
  for (const auto& value : statement.parameters) texts.push_back(parameter_text(value));
  std::vector<const char*> values;
  for (const auto& text : texts) values.push_back(text ? text->c_str() : nullptr);
  return Result(::PQexecParams(connection_.get(), statement.sql.c_str(),
                               static_cast<int>(values.size()), nullptr, values.data(), nullptr,
                               nullptr, 0));
}

// A name that occurs twice stands once in an object, with the last of its values.
Answer PostgresSession::answer_of(const PGresult* result) const {
  Answer answer;
  const ExecStatusType status = ::PQresultStatus(result);
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    const char* const state = ::PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char* const message = ::PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    answer.state = state == nullptr ? "08006" : state;
    answer.message = message == nullptr ? ::PQerrorMessage(connection_.get()) : message;
    return answer;
  }
  for (int row = 0; row < ::PQntuples(result); ++row) {
    std::vector<std::pair<std::string, std::string>> members;
    for (int column = 0; column < ::PQnfields(result); ++column) {
      const std::string name = ::PQfname(result, column);
      const std::string value =
          ::PQgetisnull(result, row, column) != 0
              ? "null"
              : canonical_of(::PQftype(result, column), ::PQgetvalue(result, row, column));
      const auto same =
          std::ranges::find(members, name, [](const auto& each) { return each.first; });
      if (same == members.end()) {
        members.emplace_back(name, value);
      } else {
        same->second = value;
      }
    }
    std::string& text = answer.rows.emplace_back("{");
    for (const auto& [name, value] : members) {
      if (text.size() > 1) text += ",";
      text += boost::json::serialize(boost::json::value(boost::json::string(name))) + ":" + value;
    }
    text += "}";
  }
  const bool rows = status == PGRES_TUPLES_OK;
  answer.count = rows ? answer.rows.size()
                      : std::strtoull(::PQcmdTuples(const_cast<PGresult*>(result)), nullptr, 10);
  return answer;
}

bool PostgresSession::read_tables() {
  const Result columns = execute(
      "SELECT table_name, column_name, data_type = 'jsonb', quote_ident(table_name), "
      "quote_ident(column_name), is_identity FROM information_schema.columns WHERE table_schema = "
      "'public' "
      "ORDER BY table_name, ordinal_position");
  std::map<std::string, std::string> lists;
  for (int row = 0; row < ::PQntuples(columns.get()); ++row) {
    const auto cell = [&](int column) {
      return std::string(::PQgetvalue(columns.get(), row, column));
    };
    tables_[cell(0)].push_back({cell(1), cell(2) == "t"});
    std::string& list = lists[cell(3)];
    list += (list.empty() ? "" : ", ") + cell(4);
    if (cell(5) == "YES") {
      restart_ += fmt::format(
          "{}setval(pg_get_serial_sequence('{}', '{}'), "
          "(SELECT coalesce(max({}), 0) + 1 FROM {}), false)",
          restart_.empty() ? "SELECT " : ", ", cell(3), cell(1), cell(4), cell(3));
    }
  }
  for (const auto& [table, list] : lists) {
    if (!dump_.empty()) dump_ += " UNION ALL ";
    dump_ +=
        fmt::format("SELECT $q${}$q$, jsonb_build_array({})::text FROM {}", table, list, table);
  }
  EXPECT_FALSE(tables_.empty());
  return !tables_.empty();
}

std::vector<std::string> PostgresSession::table_rows() {
  const Result result = execute("RESET ROLE; " + dump_);
  EXPECT_EQ(::PQresultStatus(result.get()), PGRES_TUPLES_OK) << ::PQerrorMessage(connection_.get());
  std::vector<std::string> rows;
  for (int row = 0; row < ::PQntuples(result.get()); ++row) {
    std::string table = ::PQgetvalue(result.get(), row, 0);
    std::erase(table, '"');
    rows.push_back(table + canonical(boost::json::parse(::PQgetvalue(result.get(), row, 1))));
  }
  std::ranges::sort(rows);
  return rows;
}

Answer PostgresSession::run(const Caller& caller, const database::Statement& statement,
                            Ending ending) {
  const auto literal = [&](const std::string& text) {
    const std::unique_ptr<char, decltype(&::PQfreemem)> quoted(
        ::PQescapeLiteral(connection_.get(), text.data(), text.size()), &::PQfreemem);
    return std::string(quoted.get());
  };
  if (may_write(statement.sql)) script(restart_);
  script(
      fmt::format("BEGIN; SELECT set_config('role', {}, true), "
                  "set_config('request.jwt.claims', {}, true)",
                  literal(std::string(auth::name_of(caller.principal.role))),
                  literal(caller.principal.claims_json)));
  const Result result = execute(statement);
  Answer answer = answer_of(result.get());
  if (!answer.failed() && may_write(statement.sql)) answer.tables = table_rows();
  const bool commit = ending == Ending::kCommit && !answer.failed();
  script(commit ? "COMMIT" : "ROLLBACK");
  return answer;
}

}  // namespace differential
