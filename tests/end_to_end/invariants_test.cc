// Invariants as they show from outside: the C fixtures in the real program.
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "database/test_folder.h"
#include "end_to_end/server_process.h"

namespace end_to_end {
namespace {

TEST(FreshInstance, CounterAlwaysSaysOne) {
  const database::TestFolder folder;
  ServerProcess server(folder / "data");
  server.deploy("counter");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(server.call("counter").body, "1");
}

TEST(Sandbox, NoFilesNoSockets) {
  const database::TestFolder folder;
  ServerProcess server(folder / "data");
  server.deploy("files");
  const auto response = server.call("files");
  ASSERT_EQ(response.status, 200) << response.body;
  const auto answers = boost::json::parse(response.body).as_object();
  EXPECT_FALSE(answers.empty());
  for (const auto& [name, error] : answers) EXPECT_NE(error.to_number<int>(), 0) << name;
}

// S1: in every log and error, whichever way the guest tries; what it answers is its own affair.
TEST(Redaction, SecretsLeaveByNoLogAndNoError) {
  const database::TestFolder folder;
  ServerProcess server(folder / "data");
  const std::string secret = "s3cr3t-v4lue";
  server.deploy("secret", {"--env", "SECRET_TOKEN=" + secret});
  for (const char* way : {"log", "stdout", "abort", "trap"}) {
    const auto response = server.call("secret", way);
    EXPECT_EQ(response.body.find(secret), std::string::npos) << way;
  }
  server.deploy("log", {"--env", "SECRET_TOKEN=" + secret});
  EXPECT_EQ(server.call("log").status, 204) << "it answers nothing";
  std::string all = server.roost({"get", "secret"}).out;
  for (const char* function : {"secret", "log"}) {
    for (const std::string& entry : server.entries(function)) all += entry;
  }
  server.process().signal(SIGTERM);
  server.process().wait();
  all += server.process().errors();
  EXPECT_EQ(all.find(secret), std::string::npos);
  EXPECT_NE(all.find("***REDACTED***"), std::string::npos);
}

TEST(Redaction, ShortSecretsAreRefused) {
  const database::TestFolder folder;
  ServerProcess server(folder / "data");
  const Finished result = server.roost({"deploy", std::string(ROOST_FIXTURES) + "/hello.wasm",
                                        "--name", "hello", "--env", "API_KEY=short"});
  EXPECT_EQ(result.exit, 1);
  EXPECT_NE(result.err.find("API_KEY"), std::string::npos) << result.err;
}

TEST(Limits, LogIsCutAndTheRunGoesOn) {
  const database::TestFolder folder;
  ServerProcess server(folder / "data");
  server.deploy("logflood");
  EXPECT_EQ(server.call("logflood").body, "ok");
  const auto entries = server.entries("logflood");
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_LT(entries[0].size(), 400U * 1024);
  EXPECT_NE(entries[0].find("[log truncated"), std::string::npos);
}

// A hundred sleepers and spinners at once leave a short call unharmed, and nothing behind.
TEST(Isolation, ManyBadNeighbours) {
  const database::TestFolder folder;
  ServerProcess server(folder / "data");
  server.deploy("hello");
  server.deploy("loop", {"--timeout", "1s"});
  server.deploy("panic");
  std::vector<std::thread> neighbours;
  for (int i = 0; i < 24; ++i) {
    neighbours.emplace_back([&, i] {
      const auto response = server.call(i % 2 == 0 ? "loop" : "panic");
      EXPECT_EQ(response.status, i % 2 == 0 ? 504 : 500);
    });
  }
  for (int i = 0; i < 50; ++i) EXPECT_EQ(server.call("hello").status, 200);
  for (std::thread& neighbour : neighbours) neighbour.join();
  EXPECT_EQ(server.entries("hello").size(), 50U);
}

}  // namespace
}  // namespace end_to_end
