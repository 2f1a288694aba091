// How `roost serve` ends, and what it makes again by itself.
#include <array>
#include <filesystem>
#include <fstream>
#include <future>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "database/test_folder.h"
#include "end_to_end/outsider.h"
#include "end_to_end/server_process.h"
#include "http/test_client.h"

namespace end_to_end {
namespace {

// A call that goes on until its server ends.
class EndlessCall {
 public:
  explicit EndlessCall(const ServerProcess& server) {
    server.deploy("loop", {"--no-verify-jwt", "--timeout", "60s"});
    status_ = std::async(std::launch::async, [&server] { return server.call("loop").status; });
    while (server.metric("admission_running") < 1) {
    }
  }
  // 0 when no answer came.
  int status() { return status_.get(); }

 private:
  std::future<int> status_;
};

TEST(Serve, GracePeriodBoundsTheDrain) {
  const database::TestFolder test;
  std::filesystem::create_directory(test / "data");
  std::ofstream(test / "data/roost.toml")
      << "[limits]\nmax_concurrency = 1\nmax_queue_wait = '300ms'\ndrain_grace = '100ms'\n";
  ServerProcess server(test / "data");
  EndlessCall call(server);
  auto waiting = std::async(std::launch::async, [&] { return server.call("loop").status; });
  EXPECT_TRUE(eventually([&] { return server.metric("admission_waiting") >= 1; }));
  server.process().signal(SIGTERM);
  EXPECT_EQ(server.process().wait(), 0);
  EXPECT_EQ(call.status(), 0);
  EXPECT_NE(waiting.get(), 200);
  EXPECT_NE(server.process().errors().find("the grace period is over"), std::string::npos);
  EXPECT_NE(server.process().errors().find("stopped"), std::string::npos);
}

// An administrator's script. Returns when the server has begun to work on it: the request before it
// in the same bytes was answered.
void start_script(http::TestClient& client, const server::KeysFile& keys, std::string_view body) {
  const std::string ours = "Host: localhost\r\napikey: " + keys.service_role_key + "\r\n";
  client.send(
      fmt::format("GET /admin/v1/functions HTTP/1.1\r\n{}\r\n"
                  "POST /admin/v1/sql HTTP/1.1\r\n{}Content-Length: {}\r\n\r\n{}",
                  ours, ours, body.size(), body));
  EXPECT_EQ(client.read().status, 200);
}

std::string authority_of(const std::string& url) { return url.substr(sizeof "http://" - 1); }

// SQLite knows nothing of loops that stop: statements have to be told.
TEST(Serve, GracePeriodBoundsQueriesAndScripts) {
  constexpr std::string_view kEndless =
      R"({"sql":"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) )"
      R"(SELECT count(*) FROM c"})";
  const database::TestFolder test;
  ServerProcess server(test / "data", {"--limits-drain-grace", "100ms"});
  server.deploy("db_query", {"--timeout", "60s"});
  auto call = std::async(std::launch::async,
                         [&] { return server.call("db_query", std::string(kEndless)).status; });
  http::TestClient administrator(authority_of(server.keys().admin_url));
  start_script(administrator, server.keys(), kEndless);
  ASSERT_TRUE(eventually([&] { return server.metric("admission_running") >= 1; }));
  const auto asked = std::chrono::steady_clock::now();
  server.process().signal(SIGTERM);
  EXPECT_EQ(server.process().wait(), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - asked, std::chrono::seconds(9));
  EXPECT_EQ(call.get(), 0);
  EXPECT_EQ(administrator.read().status, 0);
  EXPECT_EQ(server.process().errors().find("stopped without it"), std::string::npos)
      << server.process().errors();
}

// One step of SQLite's that compares for hours cannot be interrupted.
TEST(Serve, SecondSignalEndsTheStopToo) {
  constexpr std::string_view kStuck =
      R"({"sql":"SELECT instr(hex(zeroblob(20000000)), hex(zeroblob(2000000)) || '1') AS at"})";
  const database::TestFolder test;
  ServerProcess server(test / "data", {"--limits-drain-grace", "100ms"});
  http::TestClient administrator(authority_of(server.keys().admin_url));
  start_script(administrator, server.keys(), kStuck);
  server.process().signal(SIGTERM);
  ASSERT_TRUE(eventually([&] {
    return server.process().errors().find("the grace period is over") != std::string::npos;
  }));
  server.process().signal(SIGTERM);
  EXPECT_EQ(server.process().wait(), 128 + SIGTERM);
}

TEST(Serve, SecondSignalEndsItAtOnce) {
  const database::TestFolder test;
  ServerProcess server(test / "data");
  EndlessCall call(server);
  server.process().signal(SIGTERM);
  // Once nobody listens, the first signal was heard; until then the two would be one.
  EXPECT_TRUE(eventually([&] { return server.metric("admission_running") < 0; }));
  server.process().signal(SIGTERM);
  EXPECT_EQ(server.process().wait(), 128 + SIGTERM);
  EXPECT_EQ(call.status(), 0);
}

// What it prints before it serves, on a terminal.
std::string start_on_terminal(const std::filesystem::path& data) {
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  if (child == 0) {
    ::execl(ROOST_PROGRAM, ROOST_PROGRAM, "serve", "--data", data.c_str(), "--listen",
            "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", static_cast<char*>(nullptr));
    ::_exit(127);
  }
  std::string text;
  std::array<char, 1024> piece;
  while (text.find("Ctrl-C stops") == std::string::npos) {
    const ssize_t got = ::read(terminal, piece.data(), piece.size());
    if (got <= 0) break;
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(terminal);
  return text;
}

// Standard output is journald's or a container's log where nobody looks on, for others to read.
TEST(Serve, KeysAreShownToTerminalsOnly) {
  const database::TestFolder test;
  {
    Process process({"serve", "--data", test / "piped", "--listen", "127.0.0.1:0", "--admin-listen",
                     "127.0.0.1:0"});
    const auto first = process.read_line();
    ASSERT_TRUE(process.read_line()) << process.errors();
    EXPECT_EQ(first,
              "First start: keys were made, and are in " + (test / "piped/keys.json").string());
    process.signal(SIGTERM);
    EXPECT_EQ(process.wait(), 0);
    const auto keys = server::read_keys_file(test / "piped");
    ASSERT_TRUE(keys);
    EXPECT_EQ((process.output() + process.errors()).find(keys->service_role_key),
              std::string::npos);
  }
  const std::string shown = start_on_terminal(test / "shown");
  const auto keys = server::read_keys_file(test / "shown");
  ASSERT_TRUE(keys) << shown;
  EXPECT_NE(shown.find(keys->service_role_key), std::string::npos) << shown;
  EXPECT_NE(shown.find(keys->anon_key), std::string::npos) << shown;
  EXPECT_EQ(start_on_terminal(test / "shown").find(keys->service_role_key), std::string::npos)
      << "once";
}

TEST(Serve, SecondServerOnTheFolderIsRefused) {
  const database::TestFolder test;
  ServerProcess server(test / "data");
  const Finished second = roost({"serve", "--data", test / "data", "--listen", "127.0.0.1:0",
                                 "--admin-listen", "127.0.0.1:0"});
  EXPECT_EQ(second.exit, 1);
  const std::string says = "another server (pid " + std::to_string(server.process().pid()) + ")";
  EXPECT_NE(second.err.find(says), std::string::npos) << second.err;
  EXPECT_EQ(server.health(), 200);
}

TEST(Serve, DrainAnswersTheCallsUnderWay) {
  const database::TestFolder test;
  ServerProcess server(test / "data", {"--limits-max-concurrency", "2"});
  server.deploy("label", {"--env", "LABEL=done"});
  std::vector<std::future<cli::HttpResponse>> calls;
  for (int i = 0; i < 6; ++i) {
    calls.push_back(std::async(std::launch::async, [&] { return server.call("label", "300"); }));
  }
  ASSERT_TRUE(eventually([&] { return server.metric("admission_waiting") == 4; }));
  server.process().signal(SIGTERM);
  EXPECT_EQ(server.process().wait(), 0);
  int answered = 0;
  for (auto& call : calls) {
    const cli::HttpResponse response = call.get();
    if (response.status == 200 && response.body == "done") ++answered;
  }
  EXPECT_EQ(answered, 6) << "those that waited for a place, too";
  EXPECT_EQ(server.process().errors().find("the grace period is over"), std::string::npos);
}

// Anybody may begin a request: without a token, without a function of that name.
TEST(Serve, HalfARequestDoesNotHoldUpTheDrain) {
  const database::TestFolder test;
  ServerProcess server(test / "data");
  server.deploy("hello");
  http::TestClient client(authority_of(server.keys().url));
  client.send("POST /functions/v1/hello HTTP/1.1\r\nHost: h\r\napikey: " + server.keys().anon_key +
              "\r\nAuthorization: Bearer " + server.keys().anon_key +
              "\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_EQ(client.read().status, 100) << "it waits for the body";
  client.send("ab");
  server.process().signal(SIGTERM);
  EXPECT_EQ(server.process().wait(), 0);
  EXPECT_EQ(server.process().errors().find("the grace period is over"), std::string::npos)
      << server.process().errors();
}

// The folder of compiled code is gone by the time of the first call: what had to look for it would
// make it again, or fail.
TEST(Serve, FirstCallAfterARestartFindsItsFunctionMapped) {
  const database::TestFolder test;
  {
    ServerProcess server(test / "data");
    for (const char* name : {"hello", "echo", "label"}) server.deploy(name);
    ASSERT_EQ(server.roost({"disable", "label"}).exit, 0);
    server.process().signal(SIGTERM);
    ASSERT_EQ(server.process().wait(), 0);
  }
  ServerProcess server(test / "data");
  ASSERT_TRUE(eventually(
      [&] { return server.process().errors().find("functions are mapped") != std::string::npos; }));
  EXPECT_NE(server.process().errors().find(R"("modules":"2")"), std::string::npos)
      << server.process().errors();
  std::filesystem::remove_all(test / "data/code");
  EXPECT_EQ(server.call("hello").status, 200);
  EXPECT_EQ(server.call("echo", "x").status, 200);
  EXPECT_FALSE(std::filesystem::exists(test / "data/code"));
}

TEST(Serve, DeletedCacheIsMadeAgain) {
  const database::TestFolder test;
  {
    ServerProcess server(test / "data");
    server.deploy("hello", {"--no-verify-jwt"});
    server.process().signal(SIGTERM);
    ASSERT_EQ(server.process().wait(), 0);
  }
  ASSERT_GT(std::filesystem::remove_all(test / "data/code"), 1U);
  const ServerProcess server(test / "data");
  EXPECT_EQ(server.call("hello", R"({"name":"Ada"})").status, 200);
}

}  // namespace
}  // namespace end_to_end
