// What happens when something goes wrong, as the caller and the log see it (requirements.md,
// "Limits and failures").
#include <chrono>
#include <fstream>
#include <memory>
#include <string>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "database/test_folder.h"
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

TEST_F(Failure, ModuleTooLarge413) {
  const auto large =
      file("large.wasm", std::string("\0asm\1\0\0\0", 8) + std::string(11 << 20, '\0'));
  const Finished result = server().roost({"deploy", large, "--name", "large"});
  EXPECT_EQ(result.exit, 1);
  EXPECT_NE(result.err.find("PAYLOAD_TOO_LARGE"), std::string::npos) << result.err;
}

TEST_F(Failure, TriggersOfLater400) {
  for (const char* trigger : {"table:users:insert", "cron:* * * * *", "webhook:SECRET_NAME"}) {
    const Finished result = server().roost({"deploy", std::string(ROOST_FIXTURES) + "/hello.wasm",
                                            "--name", "later", "--trigger", trigger});
    EXPECT_EQ(result.exit, 1) << trigger;
    EXPECT_NE(result.err.find(trigger), std::string::npos) << result.err;
  }
}

}  // namespace
}  // namespace end_to_end
