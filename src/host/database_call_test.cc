#include "host/database_call.h"

#include <string>
#include <vector>

#include <boost/json/parse.hpp>

#include "host/call_test.h"

namespace host {
namespace {

using database::Blob;
using database::Json;
using database::Null;
using database::Rows;
using database::SqlState;
using database::Statement;
using database::Value;
using Outcome = database::SqlResult<std::vector<Rows>>;
using Statements = database::SqlResult<std::vector<Statement>>;

Statements query(std::string parameters, std::string sql = "SELECT 1") {
  DatabaseRequest request;
  request.sql = std::move(sql);
  request.json = std::move(parameters);
  return statements_of(request);
}
Statements batch(std::string text) {
  DatabaseRequest request;
  request.kind = DatabaseRequest::Kind::kBatch;
  request.json = std::move(text);
  return statements_of(request);
}

std::vector<Value> values(const Statements& statements) {
  EXPECT_TRUE(statements) << statements.error().message;
  if (!statements || statements->size() != 1) return {};
  return statements->front().parameters;
}

void expect_refused(const Statements& statements, SqlState state, std::string_view words) {
  ASSERT_FALSE(statements) << words;
  EXPECT_EQ(statements.error().state, state) << statements.error().message;
  EXPECT_NE(statements.error().message.find(words), std::string::npos)
      << statements.error().message;
}

TEST(Parameters, EveryKindOfValue) {
  EXPECT_EQ(
      values(query(R"([null, true, false, -1, 9223372036854775807, 1.5, 1e3, "a\u00e4\"",
                            {"$bytes":"aGkA"}, {"$bytes":""}])")),
      (std::vector<Value>{Null(), true, false, std::int64_t{-1}, std::int64_t{9223372036854775807},
                          1.5, 1000.0, std::string("aä\""), Blob{std::string("hi\0", 3)}, Blob{}}));
  EXPECT_TRUE(values(query("")).empty());
  EXPECT_TRUE(values(query(" [] ")).empty());
}

TEST(Parameters, ArraysAndObjectsAreJson) {
  EXPECT_EQ(
      values(query(R"([[], {}, [1, [2.5, null]], {"a" : {"b\n": true}, "c": -0.1},
                            [18446744073709551615, 1e20, "é\u0000"],
                            {"$bytes": "aGk=", "x": 1}])")),
      (std::vector<Value>{
          Json{"[]"}, Json{"{}"}, Json{"[1,[2.5,null]]"}, Json{R"({"a":{"b\n":true},"c":-0.1})"},
          Json{R"([18446744073709551615,1e+20,"é\u0000"])"}, Json{R"({"$bytes":"aGk=","x":1})"}}));
  // What is written is read again as the same.
  const std::string text = R"({"a":[0.1,1e300,-5,"\\\"",{"b":[]}],"c":{"d":null}})";
  const auto written = values(query("[" + text + "]"));
  ASSERT_EQ(written.size(), 1U);
  EXPECT_EQ(boost::json::parse(std::get<Json>(written[0]).text), boost::json::parse(text));
}

TEST(Parameters, WhatIsNoValueIsRefusedByNumber) {
  using enum SqlState;
  expect_refused(query("[1, 9223372036854775808]"), kNumericValueOutOfRange, "$2: ");
  expect_refused(query("[1e999]"), kNumericValueOutOfRange, "$1: ");
  expect_refused(query("[[-1e999]]"), kNumericValueOutOfRange, "$1: ");
  expect_refused(query(R"([{"a":[1e999, 1]}])"), kNumericValueOutOfRange, "$1: ");
  expect_refused(query(R"(["a\u0000b"])"), kInvalidTextRepresentation, "$1: ");
  expect_refused(query(R"([0, 0, {"$bytes":"a"}])"), kInvalidTextRepresentation, "$3: ");
  expect_refused(query(R"([{"$bytes":1}])"), kInvalidTextRepresentation, "base64");
}

TEST(Parameters, WhatIsNoArrayIsRefused) {
  using enum SqlState;
  expect_refused(query("[1,"), kInvalidTextRepresentation, "the parameters are no JSON");
  expect_refused(query("[1,x]"), kInvalidTextRepresentation, "at byte 3");
  expect_refused(query("[1] 2"), kInvalidTextRepresentation, "no JSON");
  expect_refused(query(" "), kInvalidTextRepresentation, "no JSON");
  expect_refused(query("[\"\xff\"]"), kInvalidTextRepresentation, "no JSON");
  expect_refused(query("[NaN]"), kInvalidTextRepresentation, "no JSON");
  expect_refused(query("{}"), kInvalidParameterValue, "no JSON array");
  expect_refused(query("null"), kInvalidParameterValue, "no JSON array");
  expect_refused(query(std::string(33, '[') + std::string(33, ']')), kInvalidTextRepresentation,
                 "deep");
  EXPECT_TRUE(query(std::string(32, '[') + std::string(32, ']')));
}

TEST(Parameters, AreCounted) {
  const auto ones = [](std::size_t count) {
    std::string text = "[1";
    for (std::size_t i = 1; i < count; ++i) text += ",1";
    return text + "]";
  };
  EXPECT_EQ(values(query(ones(kMaxParameters))).size(), kMaxParameters);
  expect_refused(query(ones(kMaxParameters + 1)), SqlState::kProgramLimitExceeded,
                 "more than 100000 parameters");
  const std::string half = R"({"sql":"A","params":)" + ones(kMaxParameters / 2) + "}";
  EXPECT_TRUE(batch("[" + half + "," + half + "]"));
  const auto third = batch("[" + half + "," + half + R"(,{"sql":"A","params":[1]}])");
  expect_refused(third, SqlState::kProgramLimitExceeded, "more than 100000 parameters");
  EXPECT_EQ(third.error().statement, 2U);
}

TEST(Statements, TextOfAQueryIsChecked) {
  EXPECT_EQ(query("", "SELECT 'ä'")->front().sql, "SELECT 'ä'");
  expect_refused(query("", std::string("SELECT 1\0 x", 11)), SqlState::kSyntaxError, "U+0000");
  expect_refused(query("", "SELECT '\xff'"), SqlState::kSyntaxError, "UTF-8");
}

TEST(Statements, ABatchIsAListOfThem) {
  const auto statements =
      batch(R"([{"sql":"A"}, {"params":["x"],"sql":"B"}, {"sql":"","params":[]}])");
  ASSERT_TRUE(statements) << statements.error().message;
  ASSERT_EQ(statements->size(), 3U);
  EXPECT_EQ((*statements)[0].sql, "A");
  EXPECT_EQ((*statements)[1].sql, "B");
  EXPECT_EQ((*statements)[1].parameters, std::vector<Value>{std::string("x")});
  EXPECT_EQ((*statements)[2].sql, "");
  EXPECT_TRUE(batch("[]")->empty());
}

TEST(Statements, ABadBatchNamesTheStatement) {
  using enum SqlState;
  for (const char* bad :
       {"1", "[]", "null", "{}", R"({"sql":1})", R"({"sql":"A","params":{}})",
        R"({"sql":"A","params":null})", R"({"sql":"A","parameters":[]})", R"({"params":[]})"}) {
    const auto statements = batch(std::string(R"([{"sql":"A"},)") + bad + "]");
    expect_refused(statements, kInvalidParameterValue, "a statement must be");
    EXPECT_EQ(statements.error().statement, 1U);
  }
  const auto value = batch(R"([{"sql":"A","params":[1,1e999]}])");
  expect_refused(value, kNumericValueOutOfRange, "$2");
  EXPECT_EQ(value.error().statement, 0U);
  const auto text = batch(R"([{"sql":"A\u0000"}])");
  expect_refused(text, kSyntaxError, "U+0000");
  const auto long_text = batch(R"([{"sql":")" + std::string(kMaxSqlBytes + 1, 'x') + R"("}])");
  expect_refused(long_text, kProgramLimitExceeded, "at most 262144");
  for (const char* none : {"", "{", "[{\"sql\":\"A\"}"}) {
    expect_refused(batch(none), kInvalidTextRepresentation, "the batch is no JSON");
  }
  expect_refused(batch("{}"), kInvalidParameterValue, "the batch is no JSON array");
  EXPECT_EQ(batch("{}").error().statement, std::nullopt);
}

TEST(Statements, ABatchIsBounded) {
  const auto of = [](std::size_t count) {
    std::string text = R"([{"sql":"A"})";
    for (std::size_t i = 1; i < count; ++i) text += R"(,{"sql":"A"})";
    return text + "]";
  };
  EXPECT_EQ(batch(of(kMaxStatements))->size(), kMaxStatements);
  expect_refused(batch(of(kMaxStatements + 1)), SqlState::kProgramLimitExceeded,
                 "1001 statements, at most 1000");
}

class DatabaseCall : public CallTest {
 protected:
  std::string_view result() const { return call_.result; }
  void ask(std::string_view sql) {
    put(0, sql);
    ASSERT_TRUE(ask_query(call_, memory(), 0, static_cast<std::uint32_t>(sql.size()), 0, 0));
  }
  Outcome fail(SqlState state, std::string message) {
    return database::sql_fail(state, std::move(message), 7);
  }
};

TEST_F(DatabaseCall, ArgumentsAreCopied) {
  put(8, "SELECT $1");
  put(100, "[1]");
  ASSERT_TRUE(ask_query(call_, memory(), 8, 9, 100, 3));
  ASSERT_TRUE(call_.database);
  bytes_.fill(0);  // the guest may go on to use its memory for other things
  EXPECT_EQ(call_.database->sql, "SELECT $1");
  EXPECT_EQ(call_.database->json, "[1]");
  put(8, "[]");
  ASSERT_TRUE(ask_batch(call_, memory(), 8, 2));
  EXPECT_EQ(call_.database->kind, DatabaseRequest::Kind::kBatch);
  EXPECT_EQ(call_.database->json, "[]");
}

TEST_F(DatabaseCall, PointersOutsideStopTheGuest) {
  EXPECT_FALSE(ask_query(call_, memory(), kMemory - 1, 2, 0, 0));
  expect_stopped(base::Code::kTrap, "db_query: sql");
  EXPECT_FALSE(ask_query(call_, memory(), 0, 1, UINT32_MAX, UINT32_MAX));
  expect_stopped(base::Code::kTrap, "db_query: params");
  EXPECT_FALSE(ask_batch(call_, memory(), kMemory + 1, 0));
  expect_stopped(base::Code::kTrap, "db_batch");
  EXPECT_FALSE(call_.database);
  EXPECT_TRUE(ask_query(call_, memory(), kMemory, 0, kMemory, 0)) << "nothing, at the very end";
}

TEST_F(DatabaseCall, WhatIsTooLongIsNotCopied) {
  std::vector<std::uint8_t> large(kMaxParametersBytes + 1, ' ');
  const GuestMemory memory{large};
  const auto size = static_cast<std::uint32_t>(large.size());
  const auto refused = [&](Answer<Unit> asked) {
    EXPECT_TRUE(asked);
    EXPECT_TRUE(call_.database->sql.empty() && call_.database->json.empty());
    expect_refused(statements_of(*call_.database), SqlState::kProgramLimitExceeded, "at most");
  };
  refused(ask_query(call_, memory, 0, kMaxSqlBytes + 1, 0, 0));
  refused(ask_query(call_, memory, 0, 8, 0, size));
  refused(ask_batch(call_, memory, 0, size));
  ASSERT_TRUE(ask_query(call_, memory, 0, kMaxSqlBytes, 0, kMaxParametersBytes));
  EXPECT_FALSE(call_.database->refused);
}

TEST_F(DatabaseCall, RowsBecomeTheResult) {
  ask("SELECT 1");
  EXPECT_EQ(answer_query(call_, std::vector{Rows{R"([{"a":1}])", 1}}), 28);
  EXPECT_EQ(result(), R"({"rows":[{"a":1}],"count":1})");
  EXPECT_FALSE(call_.database);
  put(0, "[]");
  ASSERT_TRUE(ask_batch(call_, memory(), 0, 2));
  EXPECT_EQ(answer_query(call_, std::vector{Rows{"[]", 3}, Rows{R"([{"a":1}])", 1}}),
            static_cast<std::int32_t>(result().size()));
  EXPECT_EQ(result(), R"({"results":[{"rows":[],"count":3},{"rows":[{"a":1}],"count":1}]})");
  ASSERT_TRUE(ask_batch(call_, memory(), 0, 2));
  EXPECT_EQ(answer_query(call_, std::vector<Rows>()), 14);
  EXPECT_EQ(result(), R"({"results":[]})");
}

TEST_F(DatabaseCall, ErrorsBecomeTheResultAndALine) {
  ask("SELECT 1");
  auto error = fail(SqlState::kUniqueViolation, "s3cr3t-value\nis taken");
  error.error().statement = 0;
  EXPECT_EQ(answer_query(call_, error), -static_cast<std::int32_t>(result().size()));
  EXPECT_EQ(result(), R"({"code":"23505","class":"unique_violation",)"
                      R"("message":"s3cr3t-value\nis taken","position":7})");
  put(0, "[]");
  ASSERT_TRUE(ask_batch(call_, memory(), 0, 2));
  error.error().statement = 4;
  EXPECT_LT(answer_query(call_, error), 0);
  EXPECT_TRUE(result().ends_with(R"("position":7,"statement":4})")) << result();
  EXPECT_EQ(call_.log.lines(),
            (std::vector<std::string>{
                R"([error] [db_query] unique_violation: ***REDACTED***\nis taken)",
                R"([error] [db_batch] unique_violation: ***REDACTED***\nis taken)"}));
}

TEST_F(DatabaseCall, AnErrorIsHandledByAnAnswerOrASuccess) {
  ask("SELECT 1");
  answer_query(call_, fail(SqlState::kIoError, "gone"));
  ASSERT_TRUE(call_.query_failure);
  EXPECT_EQ(unhandled(*call_.query_failure).code, base::Code::kDatabaseUnavailable);
  ask("SELECT 1");
  answer_query(call_, std::vector{Rows{}});
  EXPECT_FALSE(call_.query_failure);
  ask("SELECT 1");
  answer_query(call_, fail(SqlState::kSyntaxError, "bad"));
  ASSERT_TRUE(call_.query_failure);
  EXPECT_EQ(unhandled(*call_.query_failure).code, base::Code::kQueryFailed);
  EXPECT_FALSE(respond(call_, memory(), 99, 0, 0, 0, 0));
  call_.failure.reset();
  EXPECT_TRUE(call_.query_failure) << "that was no answer";
  EXPECT_TRUE(respond(call_, memory(), 200, 0, 0, 0, 0));
  EXPECT_FALSE(call_.query_failure);
}

}  // namespace
}  // namespace host
