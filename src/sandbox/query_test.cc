// A guest's queries on their way through the sandbox; what the database does with them is another
// room's.
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "sandbox/sandbox_test.h"

namespace sandbox {
namespace {

using namespace std::chrono_literals;
using database::Rows;
using database::sql_fail;
using database::SqlState;
using database::Statement;

std::string wat_string(std::string_view text) {
  std::string out;
  for (const char c : text) out += fmt::format("\\{:02x}", static_cast<unsigned char>(c));
  return '"' + out + '"';
}

struct Texts {
  std::string sql = "SELECT 1";
  std::string parameters;
  std::string batch;
};

// `$query` and `$batch` ask; `$reply` answers the caller with the result, 400 when that is an
// error.
std::string asking(std::string_view body, const Texts& texts = {}) {
  return fmt::format(
      R"((module
    (import "roost" "db_query" (func $db_query (param i32 i32 i32 i32) (result i32)))
    (import "roost" "db_batch" (func $db_batch (param i32 i32) (result i32)))
    (import "roost" "result_read" (func $result_read (param i32 i32 i32) (result i32)))
    (import "roost" "respond" (func $respond (param i32 i32 i32 i32 i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 32)
    (data (i32.const 0) {}) (data (i32.const 4096) {}) (data (i32.const 1048576) {})
    (func $query (result i32)
      (call $db_query (i32.const 0) (i32.const {}) (i32.const 1048576) (i32.const {})))
    (func $batch (result i32) (call $db_batch (i32.const 4096) (i32.const {})))
    (func $reply (param $size i32) (local $status i32)
      (local.set $status (i32.const 200))
      (if (i32.lt_s (local.get $size) (i32.const 0)) (then
        (local.set $status (i32.const 400))
        (local.set $size (i32.sub (i32.const 0) (local.get $size)))))
      (if (i32.ne (call $result_read (i32.const 65536) (i32.const 0) (local.get $size))
                  (local.get $size)) (then unreachable))
      (call $respond (local.get $status) (i32.const 0) (i32.const 0) (i32.const 65536)
                     (local.get $size)))
    (func (export "handle") {})))",
      wat_string(texts.sql), wat_string(texts.batch), wat_string(texts.parameters),
      texts.sql.size(), texts.parameters.size(), texts.batch.size(), body);
}

constexpr std::string_view kAnswer = "(call $reply (call $query))";

class Query : public SandboxTest {
 protected:
  void fail_with(SqlState state, const std::string& message) {
    pool_.answer = [state, message](const auto&) { return sql_fail(state, message); };
  }
  static const host::Response& expect_response(const CallResult& result) {
    static const host::Response kNone;
    EXPECT_TRUE(result.response) << result.response.error().message;
    return result.response ? *result.response : kNone;
  }
};

TEST_F(Query, RowsReachTheGuest) {
  principal_ = {auth::Role::kAuthenticated, "user-1", R"({"sub":"user-1"})"};
  limits_.timeout = 5s;
  pool_.answer = [](const auto&) { return std::vector{Rows{R"([{"a":"x"},{"a":null}])", 2}}; };
  const CallResult result =
      call(asking(kAnswer, {.sql = "SELECT a WHERE $1", .parameters = "[7]", .batch = ""}));
  const host::Response& response = expect_response(result);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"rows":[{"a":"x"},{"a":null}],"count":2})");

  const auto asked = pool_.asked();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].principal.role, auth::Role::kAuthenticated);
  EXPECT_EQ(asked[0].principal.user_id, "user-1");
  EXPECT_EQ(asked[0].principal.claims_json, R"({"sub":"user-1"})");
  ASSERT_EQ(asked[0].statements.size(), 1U);
  EXPECT_EQ(asked[0].statements[0].sql, "SELECT a WHERE $1");
  EXPECT_EQ(asked[0].statements[0].parameters, std::vector<database::Value>{std::int64_t{7}});
  EXPECT_LT(asked[0].bounds.deadline.left(), 5s) << "the call's own deadline";
  EXPECT_EQ(asked[0].bounds.max_bytes, 8 * base::kMiB);
}

TEST_F(Query, BatchIsOneRun) {
  const Texts texts{
      .sql = "", .parameters = "", .batch = R"([{"sql":"A"},{"sql":"B","params":[true]}])"};
  const CallResult result = call(asking("(call $reply (call $batch))", texts));
  EXPECT_EQ(expect_response(result).body,
            R"({"results":[{"rows":[{"n":1}],"count":1},{"rows":[{"n":1}],"count":1}]})");
  const auto asked = pool_.asked();
  ASSERT_EQ(asked.size(), 1U);
  ASSERT_EQ(asked[0].statements.size(), 2U);
  EXPECT_EQ(asked[0].statements[1].parameters, std::vector<database::Value>{true});
}

TEST_F(Query, ErrorIsTheGuestsToAnswer) {
  fail_with(SqlState::kUniqueViolation, "the key hello-secret is taken");
  redactor_ = telemetry::Redactor(std::vector<std::string>{"hello-secret"});
  const CallResult result = call(asking(kAnswer));
  const host::Response& response = expect_response(result);
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(
      response.body,
      R"({"code":"23505","class":"unique_violation","message":"the key hello-secret is taken"})");
  EXPECT_EQ(result.lines,
            std::vector<std::string>{
                "[error] [db_query] unique_violation: the key ***REDACTED*** is taken"});
}

TEST_F(Query, UnhandledErrorEndsTheCall) {
  fail_with(SqlState::kUniqueViolation, "the key hello-secret is taken");
  redactor_ = telemetry::Redactor(std::vector<std::string>{"hello-secret"});
  for (const char* body :
       {"(drop (call $query))", "(drop (call $query)) (call $exit (i32.const 0))",
        "(call $respond (i32.const 200) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)) "
        "(drop (call $query))"}) {
    const CallResult result = call(asking(body));
    ASSERT_EQ(code_of(result), base::Code::kQueryFailed) << body;
    EXPECT_EQ(result.response.error().message,
              "the function ended without an answer after its query failed: unique_violation: the "
              "key ***REDACTED*** is taken");
  }
  fail_with(SqlState::kIoError, "the disk is gone");
  const CallResult result = call(asking("(drop (call $query))"));
  ASSERT_EQ(code_of(result), base::Code::kDatabaseUnavailable);
  EXPECT_EQ(result.response.error().message,
            "the function's query failed: io_error: the disk is gone");
}

TEST_F(Query, LaterSuccessMakesUpForAnError) {
  pool_.answer = [first = true](const auto&) mutable -> FakePool::Answer {
    if (std::exchange(first, false)) return sql_fail(SqlState::kSerializationFailure, "again");
    return std::vector{Rows{}};
  };
  const CallResult result = call(asking("(drop (call $query)) (drop (call $query))"));
  EXPECT_EQ(expect_response(result).status, 204);
  EXPECT_EQ(result.lines.size(), 1U) << "it is logged all the same";
}

TEST_F(Query, CrashNamesTheErrorBeforeIt) {
  fail_with(SqlState::kUndefinedTable, "no table \"t\"");
  const CallResult trapped = call(asking("(drop (call $query)) unreachable"));
  EXPECT_EQ(code_of(trapped), base::Code::kTrap);
  EXPECT_EQ(trapped.response.error().message,
            "the function trapped: unreachable code reached; its last query had failed: "
            "undefined_table: no table \"t\"");
  EXPECT_FALSE(trapped.backtrace.empty());
  const CallResult exited = call(asking("(drop (call $query)) (call $exit (i32.const 3))"));
  EXPECT_EQ(code_of(exited), base::Code::kGuestExit);
  EXPECT_NE(exited.response.error().message.find("undefined_table"), std::string::npos);
  const CallResult handled = call(asking("(call $reply (call $query)) unreachable"));
  EXPECT_EQ(handled.response.error().message, "the function trapped: unreachable code reached");
}

TEST_F(Query, BadParametersDoNotReachTheDatabase) {
  const CallResult result =
      call(asking(kAnswer, {.sql = "SELECT $1", .parameters = "[1", .batch = ""}));
  const host::Response& response = expect_response(result);
  EXPECT_EQ(response.status, 400);
  EXPECT_NE(response.body.find("22P02"), std::string::npos) << response.body;
  EXPECT_TRUE(pool_.asked().empty());
}

// Too long to be read on the loop, so it goes another way.
TEST_F(Query, LongParametersArriveWhole) {
  const std::string text(300'000, 'x');
  const CallResult result =
      call(asking(kAnswer, {.sql = "SELECT $1", .parameters = "[\"" + text + "\"]", .batch = ""}));
  EXPECT_EQ(expect_response(result).status, 200);
  EXPECT_EQ(pool_.asked().at(0).statements.at(0).parameters.at(0), database::Value(text));
}

TEST_F(Query, WaitEndsAtTheDeadlineAndUsesNoCpu) {
  limits_.timeout = 100ms;
  limits_.cpu = 50ms;
  pool_.wait = 1h;
  const CallResult late = call(asking(kAnswer));
  EXPECT_EQ(code_of(late), base::Code::kTimeout);
  EXPECT_LT(late.usage.duration, 1s);
  EXPECT_LT(late.usage.cpu, 50ms);
  limits_.timeout = 10s;
  pool_.wait = 100ms;
  const CallResult in_time = call(asking(kAnswer));
  EXPECT_EQ(expect_response(in_time).status, 200);
  EXPECT_GE(in_time.usage.duration, 100ms);
  EXPECT_LT(in_time.usage.cpu, 50ms);
}

TEST_F(Query, CountsAsAHostCall) {
  const CallResult result = call(asking("(loop $l (drop (call $query)) (br $l))"));
  EXPECT_EQ(code_of(result), base::Code::kHostCallLimit);
  EXPECT_EQ(pool_.asked().size(), 10'000U);
}

// What the database answers at once suspends nobody: the loop has its turn all the same.
TEST_F(Query, QueriesThatAreAnsweredAtOnceDoNotKeepTheLoop) {
  pool_.answer = [](const auto&) {
    const auto end = std::chrono::steady_clock::now() + 100us;
    while (std::chrono::steady_clock::now() < end) {
    }
    return std::vector{Rows{"[]", 0}};
  };
  const auto hello = know(kHello);
  ASSERT_TRUE(call(hello).response);
  auto asks = begin(know(asking("(loop $l (drop (call $query)) (br $l))")));
  while (pool_.asked().empty()) std::this_thread::yield();
  ASSERT_TRUE(call(hello).response);
  EXPECT_LT(pool_.asked().size(), 5'000U) << "hello waited for most of the other's queries";
  EXPECT_EQ(code_of(finish(std::move(asks))), base::Code::kHostCallLimit);
}

TEST_F(Query, BadPointersStopTheGuest) {
  for (const char* body :
       {"(drop (call $db_query (i32.const -1) (i32.const 2) (i32.const 0) (i32.const 0)))",
        "(drop (call $db_query (i32.const 0) (i32.const 2) (i32.const 0) (i32.const -1)))",
        "(drop (call $db_batch (i32.const 2097152) (i32.const 1)))"}) {
    const CallResult result = call(asking(body));
    EXPECT_EQ(code_of(result), base::Code::kTrap) << body;
    EXPECT_NE(result.response.error().message.find("outside the function's memory"),
              std::string::npos);
  }
  EXPECT_TRUE(pool_.asked().empty());
}

// Every guest gets its own answer, while many wait on both loops.
TEST_F(Query, ManyAtOnce) {
  pool_.wait = 20ms;
  pool_.answer = [](const std::vector<Statement>& statements) {
    return std::vector{Rows{"[\"" + statements[0].sql + "\"]", 1}};
  };
  std::vector<std::future<CallResult>> calls;
  for (unsigned i = 0; i < 24; ++i) {
    const Texts texts{.sql = fmt::format("SELECT {}", i % 4), .parameters = "", .batch = ""};
    calls.push_back(begin(know(asking(kAnswer, texts)), i % 2));
  }
  for (unsigned i = 0; i < 24; ++i) {
    EXPECT_EQ(expect_response(finish(std::move(calls[i]))).body,
              fmt::format(R"({{"rows":["SELECT {}"],"count":1}})", i % 4));
  }
  EXPECT_EQ(pool_.running, 0);
}

}  // namespace
}  // namespace sandbox
