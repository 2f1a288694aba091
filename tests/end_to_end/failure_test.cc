// What happens when something goes wrong, as the caller and the log see it (requirements.md,
// "Limits and failures").
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "database/test_folder.h"
#include "end_to_end/outsider.h"
#include "end_to_end/server_process.h"

namespace end_to_end {
namespace {

using namespace std::chrono_literals;

// One body for all errors of the host.
std::string code_of(const cli::HttpResponse& response) {
  boost::system::error_code error;
  const auto body = boost::json::parse(response.body, error);
  if (error || !body.is_object()) return "no JSON: " + response.body;
  EXPECT_TRUE(body.as_object().contains("error"));
  EXPECT_TRUE(body.as_object().contains("message"));
  return std::string(body.at("code").as_string());
}

boost::json::object last_entry(const ServerProcess& server, const std::string& function) {
  const auto entries = server.entries(function);
  EXPECT_FALSE(entries.empty());
  return entries.empty() ? boost::json::object() : boost::json::parse(entries.back()).as_object();
}

// The body of db_query and db_trap_on_error.
std::string query(const std::string& sql, const std::string& give_up = {}) {
  return boost::json::serialize(boost::json::object{{"sql", sql}, {"give_up", give_up}});
}

// One server for all: a failure of one function is none of another's business.
class Failure : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<database::TestFolder>();
    server_ = std::make_unique<ServerProcess>(*folder_ / "data");
  }
  static void TearDownTestSuite() {
    server_.reset();
    folder_.reset();
  }
  static ServerProcess& server() { return *server_; }
  static std::string file(const std::string& name, const std::string& bytes) {
    const auto path = *folder_ / name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

 private:
  static std::unique_ptr<database::TestFolder> folder_;
  static std::unique_ptr<ServerProcess> server_;
};
std::unique_ptr<database::TestFolder> Failure::folder_;
std::unique_ptr<ServerProcess> Failure::server_;

TEST_F(Failure, Timeout504) {
  server().deploy("loop", {"--timeout", "2s"});
  const auto begin = std::chrono::steady_clock::now();
  const auto response = server().call("loop");
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(response.status, 504);
  EXPECT_EQ(code_of(response), "TIMEOUT");
  EXPECT_GE(took, 2s);
  EXPECT_LT(took, 3s);
  EXPECT_EQ(last_entry(server(), "loop").at("status"), "timeout");
}

TEST_F(Failure, CpuLimit504) {
  server().deploy("spin", {"--timeout", "20s", "--cpu", "200ms"});
  const auto response = server().call("spin", "10000");
  EXPECT_EQ(response.status, 504);
  EXPECT_EQ(code_of(response), "CPU_LIMIT");
  EXPECT_EQ(last_entry(server(), "spin").at("status"), "cpu_limit");
}

TEST_F(Failure, MemoryExceeded507) {
  server().deploy("allocate", {"--memory", "64MiB"});
  const auto response = server().call("allocate", "134217728");
  EXPECT_EQ(response.status, 507);
  EXPECT_EQ(code_of(response), "MEMORY_LIMIT");
  EXPECT_EQ(last_entry(server(), "allocate").at("status"), "memory_exceeded");
  EXPECT_EQ(server().call("allocate", "1048576").status, 200) << "within the limit it runs";
}

// One place, one that waits for it, and the third is told when to come again.
TEST_F(Failure, ConcurrencyLimit429) {
  const database::TestFolder folder;
  ServerProcess server(folder / "data",
                       {"--limits-max-concurrency", "1", "--limits-max-queue", "1"});
  server.deploy("sleep");
  const auto call = [&] { return server.call("sleep", "1000"); };
  auto running = std::async(std::launch::async, call);
  ASSERT_TRUE(eventually([&] { return server.metric("admission_running") == 1; }));
  auto waiting = std::async(std::launch::async, call);
  ASSERT_TRUE(eventually([&] { return server.metric("admission_waiting") == 1; }));
  const auto refused = call();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(code_of(refused), "CONCURRENCY_LIMIT");
  const int after = std::atoi(header(refused, "retry-after").c_str());
  EXPECT_GE(after, 1) << "there is none, or it says too little";
  EXPECT_LE(after, 60);
  EXPECT_EQ(running.get().status, 200);
  EXPECT_EQ(waiting.get().status, 200) << "it got the place";
  EXPECT_EQ(server.metric(R"(admission_rejected_total{reason="queue_full"})"), 1);
  EXPECT_EQ(server.entries("sleep").size(), 2U) << "what was refused is no invocation";
}

TEST_F(Failure, ConcurrencyLimitOfOneFunction429) {
  server().deploy("sleep", {"--concurrency", "1", "--timeout", "30s"});
  auto running = std::async(std::launch::async, [] { return server().call("sleep", "7000"); });
  ASSERT_TRUE(eventually([&] { return server().metric("admission_running") == 1; }));
  auto waiting = std::async(std::launch::async, [] { return server().call("sleep", "1"); });
  ASSERT_TRUE(eventually([&] { return server().metric("admission_waiting") == 1; }));
  server().deploy("hello");
  EXPECT_EQ(server().call("hello").status, 200) << "others are not held up";
  const auto late = waiting.get();
  EXPECT_EQ(late.status, 429) << "after 5 s";
  EXPECT_NE(late.body.find("the function `sleep` runs 1 calls at once"), std::string::npos);
  EXPECT_EQ(running.get().status, 200);
}

TEST_F(Failure, InvalidWasm400) {
  const auto deploy_text = [&](const std::string& bytes) {
    return server().roost({"deploy", file("bad.wasm", bytes), "--name", "bad", "--json"});
  };
  for (const std::string& bytes : {std::string("not wasm"), std::string("\0asm\1\0\0\0", 8)}) {
    const Finished result = deploy_text(bytes);
    EXPECT_EQ(result.exit, 1) << result.out;
    EXPECT_NE((result.out + result.err).find("INVALID_MODULE"), std::string::npos)
        << result.out << result.err;
  }
  EXPECT_EQ(server().call("bad").status, 404) << "nothing is stored";
}

TEST_F(Failure, Panic500) {
  server().deploy("panic");
  const auto response = server().call("panic");
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(code_of(response), "TRAP");
  const auto entry = last_entry(server(), "panic");
  EXPECT_EQ(entry.at("status"), "error");
  const std::string error(entry.at("error").as_string());
  EXPECT_NE(error.find("unreachable code reached"), std::string::npos) << error;
  EXPECT_NE(error.find("inner_panic"), std::string::npos) << error;
  EXPECT_NE(error.find("outer_panic"), std::string::npos) << error;
}

TEST_F(Failure, UnknownOrDisabled404) {
  const auto unknown = server().call("nobody");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(code_of(unknown), "NOT_FOUND");
  server().deploy("hello");
  EXPECT_EQ(server().call("hello").status, 200);
  ASSERT_EQ(server().roost({"disable", "hello"}).exit, 0);
  EXPECT_EQ(server().call("hello").status, 404);
  ASSERT_EQ(server().roost({"enable", "hello"}).exit, 0);
  EXPECT_EQ(server().call("hello").status, 200);
}

TEST_F(Failure, EveryBadPointerEndsItsOwnCallOnly) {
  server().deploy("badpointer");
  for (const char* which : {"event_read", "body_read", "respond", "respond_headers", "log", "env",
                            "random", "result_read", "db_query", "db_query_params", "db_batch"}) {
    const auto response = server().call("badpointer", which);
    EXPECT_EQ(response.status, 500) << which;
    EXPECT_EQ(code_of(response), "TRAP") << which;
  }
}

TEST_F(Failure, BadResponses500) {
  server().deploy("badstatus");
  EXPECT_EQ(code_of(server().call("badstatus")), "BAD_RESPONSE");
  server().deploy("badheader");
  for (const char* which : {"name", "no-colon", "control", "length", "encoding", "connection"}) {
    const auto response = server().call("badheader", which);
    EXPECT_EQ(response.status, 500) << which;
    EXPECT_EQ(code_of(response), "BAD_RESPONSE") << which;
  }
  EXPECT_EQ(server().call("badheader", "good").status, 200);
  server().deploy("bigresponse");
  EXPECT_EQ(code_of(server().call("bigresponse", "7000000")), "OUTPUT_LIMIT");
  EXPECT_EQ(server().call("bigresponse", "1000000").body.size(), 1'000'000U);
}

TEST_F(Failure, ExitHostCallsAndStack500) {
  server().deploy("stdout");
  EXPECT_EQ(code_of(server().call("stdout", "3")), "GUEST_EXIT");
  server().deploy("hostcalls");
  EXPECT_EQ(code_of(server().call("hostcalls")), "HOST_CALL_LIMIT");
  server().deploy("recurse");
  EXPECT_EQ(code_of(server().call("recurse")), "TRAP");
}

TEST_F(Failure, DbQueryFails500) {
  server().deploy("db_query");
  server().deploy("db_trap_on_error");
  const std::string bad = "SELECT * FROM nowhere";
  const auto handled = server().call("db_query", query(bad));
  EXPECT_EQ(handled.status, 400) << "the guest gets the error, and answers";
  EXPECT_EQ(boost::json::parse(handled.body).at("code"), "42P01");
  EXPECT_EQ(last_entry(server(), "db_query").at("status"), "success");

  const auto given_up = server().call("db_trap_on_error", query(bad));
  EXPECT_EQ(given_up.status, 500);
  EXPECT_EQ(code_of(given_up), "QUERY_FAILED");
  const auto entry = last_entry(server(), "db_trap_on_error");
  EXPECT_EQ(entry.at("status"), "error");
  EXPECT_TRUE(entry.at("error").as_string().starts_with("QUERY_FAILED: "));
  const std::string line(entry.at("lines").as_array().at(0).as_string());
  EXPECT_TRUE(line.starts_with("[error] [db_query] undefined_table: ")) << line;

  for (const auto& [how, code] : {std::pair("trap", "TRAP"), std::pair("exit", "GUEST_EXIT")}) {
    const auto response = server().call("db_trap_on_error", query(bad, how));
    EXPECT_EQ(response.status, 500);
    EXPECT_EQ(code_of(response), code);
    EXPECT_NE(response.body.find("undefined_table"), std::string::npos) << response.body;
  }
  EXPECT_EQ(server().call("db_trap_on_error", query("SELECT 1 AS n")).body, "it went well");
}

TEST_F(Failure, QueryPastTheTimeout504) {
  server().deploy("db_query", {"--timeout", "1s"});
  const auto begin = std::chrono::steady_clock::now();
  const auto response = server().call(
      "db_query", query("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) "
                        "SELECT count(*) FROM c"));
  EXPECT_EQ(response.status, 504) << response.body;
  EXPECT_EQ(code_of(response), "TIMEOUT");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2s);
  EXPECT_EQ(server().call("db_query", query("SELECT 1 AS n")).body,
            R"({"rows":[{"n":1}],"count":1})");
}

// data.db of a server, which somebody takes away and puts back.
class Loss {
 public:
  explicit Loss(const database::TestFolder& folder)
      : file_(folder / "data/data.db"), kept_(folder / "kept") {}

  // With what SQLite keeps beside it.
  void take_away() const { move(file_, kept_); }
  void put_back() const {
    std::filesystem::remove_all(file_);
    move(kept_, file_);
  }
  void make_folder() const { std::filesystem::create_directories(file_); }
  void make_garbage() const { std::ofstream(file_, std::ios::binary) << std::string(8192, 'x'); }

 private:
  static void move(const std::filesystem::path& from, const std::filesystem::path& to) {
    for (const char* ending : {"", "-wal", "-shm"}) {
      const std::string source = from.string() + ending;
      if (std::filesystem::exists(source)) std::filesystem::rename(source, to.string() + ending);
    }
  }
  const std::filesystem::path file_;
  const std::filesystem::path kept_;
};

// Until the answer has this status, for longer than the breaker's longest pause.
cli::HttpResponse until_status(const ServerProcess& server, const std::string& body, int status) {
  const auto end = std::chrono::steady_clock::now() + 20s;
  cli::HttpResponse response;
  do {
    response = server.call("db_trap_on_error", body);
  } while (response.status != status && std::chrono::steady_clock::now() < end);
  return response;
}

void expect_down(const ServerProcess& server, const std::string& body) {
  const auto down = until_status(server, body, 500);
  ASSERT_EQ(down.status, 500);
  // As many as open the breaker, and some: what it answers is the same.
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(code_of(server.call("db_trap_on_error", body)), "DATABASE_UNAVAILABLE");
  }
  EXPECT_EQ(last_entry(server, "db_trap_on_error").at("status"), "error");
  EXPECT_EQ(server.call("hello").status, 200) << "it needs no database";
  EXPECT_EQ(server.health(), 200);
}

TEST_F(Failure, DatabaseDown500) {
  const database::TestFolder folder;
  const Loss loss(folder);
  const ServerProcess server(folder / "data");
  for (const char* function : {"hello", "db_query", "db_trap_on_error"}) server.deploy(function);
  server.sql("CREATE TABLE visits (id INTEGER PRIMARY KEY, at TEXT) STRICT");
  server.sql("GRANT SELECT, INSERT ON visits TO anon");
  const std::string insert = query("INSERT INTO visits (at) VALUES ('now')");
  const std::string count = query("SELECT count(*) AS n FROM visits");
  ASSERT_EQ(server.call("db_trap_on_error", insert).status, 200);
  for (const auto make : {&Loss::make_folder, &Loss::make_garbage}) {
    loss.take_away();
    (loss.*make)();
    expect_down(server, insert);
    expect_down(server, count);
    loss.put_back();
    EXPECT_EQ(until_status(server, insert, 200).body, "it went well") << "it recovers by itself";
  }
  EXPECT_EQ(server.call("db_query", count).body, R"({"rows":[{"n":3}],"count":1})");
}

TEST_F(Failure, DatabaseNeverThere500) {
  const database::TestFolder folder;
  const Loss loss(folder);
  loss.make_folder();
  const ServerProcess server(folder / "data");
  server.deploy("hello");
  server.deploy("db_trap_on_error");
  const std::string select = query("SELECT 1 AS n");
  expect_down(server, select);
  loss.put_back();
  EXPECT_EQ(until_status(server, select, 200).body, "it went well");
}

TEST_F(Failure, ModuleTooLarge413) {
  const auto large =
      file("large.wasm", std::string("\0asm\1\0\0\0", 8) + std::string(11 << 20, '\0'));
  const Finished result = server().roost({"deploy", large, "--name", "large"});
  EXPECT_EQ(result.exit, 1);
  EXPECT_NE(result.err.find("PAYLOAD_TOO_LARGE"), std::string::npos) << result.err;
}

TEST_F(Failure, TriggersOfLater400) {
  const Finished result = server().roost({"deploy", std::string(ROOST_FIXTURES) + "/hello.wasm",
                                          "--name", "later", "--trigger", "webhook:SECRET_NAME"});
  EXPECT_EQ(result.exit, 1);
  EXPECT_NE(result.err.find("webhook:SECRET_NAME"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace end_to_end
