// The path of a function, with the real program: deployed, called, logged, over restarts.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <future>
#include <thread>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "database/test_folder.h"
#include "end_to_end/server_process.h"

namespace end_to_end {
namespace {

namespace json = boost::json;

// What `roost logs --json` says: one entry a line.
std::vector<json::object> entries_of(const ServerProcess& server, const std::string& function) {
  const Finished logs = server.roost({"logs", function, "--json", "-n", "10000"});
  EXPECT_EQ(logs.exit, 0) << logs.err;
  std::vector<json::object> entries;
  for (std::string_view rest = logs.out; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    EXPECT_NE(end, std::string_view::npos) << "the last line is not whole";
    if (end == std::string_view::npos) break;
    entries.push_back(json::parse(json::string_view(rest.data(), end)).as_object());
    rest.remove_prefix(end + 1);
  }
  return entries;
}

template <class Condition>
bool eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

TEST(EndToEnd, HttpFunction) {
  const database::TestFolder folder;
  ServerProcess server(folder / "data");
  const Finished deployed = server.roost({"deploy", ROOST_FIXTURES "/hello.wasm", "--name", "hello",
                                          "--timeout", "2s", "--memory", "64MiB", "--json"});
  ASSERT_EQ(deployed.exit, 0) << deployed.err;
  EXPECT_EQ(json::parse(deployed.out).at("version"), 1);

  const cli::HttpResponse answer = server.call("hello", R"({"name":"World"})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(json::parse(answer.body), json::parse(R"({"message":"Hello, World!"})"));

  const auto entries = entries_of(server, "hello");
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].at("status"), "success");
  EXPECT_EQ(entries[0].at("trigger"), "http");
  EXPECT_EQ(entries[0].at("function"), "hello");
  EXPECT_EQ(entries[0].at("version"), 1);
  EXPECT_EQ(entries[0].at("lines"), json::array({"[Function] greeting World"}));
}

TEST(EndToEnd, InvokePrintsTheAnswerAndExitsByIt) {
  const database::TestFolder folder;
  ServerProcess server(folder / "data");
  server.deploy("hello");
  server.deploy("panic");
  const Finished good = server.roost({"invoke", "hello", "-d", R"({"name":"Ada"})"});
  EXPECT_EQ(good.exit, 0);
  EXPECT_EQ(good.out, "{\"message\":\"Hello, Ada!\"}\n");
  EXPECT_TRUE(good.err.starts_with("200 in ")) << good.err;
  const Finished bad = server.roost({"invoke", "panic"});
  EXPECT_EQ(bad.exit, 4);
  EXPECT_TRUE(bad.err.starts_with("500 in ")) << bad.err;
  EXPECT_EQ(json::parse(bad.out).at("code"), "TRAP");
}

TEST(EndToEnd, DeployingAgainMakesTheNextVersion) {
  const database::TestFolder folder;
  ServerProcess server(folder / "data");
  server.deploy("hello");
  const std::string module = ROOST_FIXTURES "/panic.wasm";
  EXPECT_EQ(server.roost({"deploy", module, "--name", "hello", "--create"}).exit, 1);
  const Finished next = server.roost({"deploy", module, "--name", "hello", "--json"});
  ASSERT_EQ(next.exit, 0) << next.err;
  EXPECT_EQ(json::parse(next.out).at("version"), 2);
  EXPECT_EQ(server.call("hello", "").status, 500);
  EXPECT_EQ(server.roost({"rollback", "hello"}).exit, 0);
  EXPECT_EQ(server.call("hello", "").status, 200);
  EXPECT_EQ(server.roost({"disable", "hello"}).exit, 0);
  EXPECT_EQ(server.call("hello", "").status, 404);
  EXPECT_EQ(server.roost({"enable", "hello"}).exit, 0);
  EXPECT_EQ(server.call("hello", "").status, 200);
  EXPECT_EQ(server.roost({"delete", "hello"}).exit, 0);
  EXPECT_EQ(server.call("hello", "").status, 404);
}

TEST(EndToEnd, TokensDecideWhoCalls) {
  const database::TestFolder folder;
  ServerProcess server(folder / "data");
  server.deploy("hello");
  const Finished token = server.roost({"token", "--sub", "user-1"});
  ASSERT_EQ(token.exit, 0) << token.err;
  const std::string signed_token = token.out.substr(0, token.out.find('\n'));
  EXPECT_EQ(server.roost({"invoke", "hello", "--key", signed_token}).exit, 0);
  const auto entries = entries_of(server, "hello");
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].at("user_id"), "user-1");
  const Finished refused = server.roost({"invoke", "hello", "--key", "not-a-token"});
  EXPECT_EQ(refused.exit, 4);
  EXPECT_TRUE(refused.err.starts_with("401 in ")) << refused.err;
  EXPECT_EQ(entries_of(server, "hello").size(), 1U) << "a call that is refused is no invocation";

  // Administration is the service role's.
  EXPECT_EQ(server.roost({"list", "--key", server.keys().anon_key}).exit, 1);
  EXPECT_EQ(server.roost({"list", "--key", server.keys().service_role_key}).exit, 0);
}

TEST(EndToEnd, ARestartKeepsFunctionsKeysAndLog) {
  const database::TestFolder folder;
  server::KeysFile before;
  {
    ServerProcess server(folder / "data");
    server.deploy("hello");
    EXPECT_EQ(server.call("hello", "").status, 200);
    before = server.keys();
    server.process().signal(SIGTERM);
    EXPECT_EQ(server.process().wait(), 0) << server.process().errors();
  }
  ServerProcess server(folder / "data");
  EXPECT_EQ(server.keys().anon_key, before.anon_key);
  EXPECT_EQ(server.call("hello", "").status, 200);
  EXPECT_EQ(entries_of(server, "hello").size(), 2U);
}

// Answers counted = entries counted (E1), whatever was under way when the server was killed.
TEST(EndToEnd, KillKeepsTheLog) {
  const database::TestFolder folder;
  constexpr std::size_t kCalls = 50;
  {
    ServerProcess server(folder / "data");
    server.deploy("hello");
    for (std::size_t i = 0; i < kCalls; ++i) ASSERT_EQ(server.call("hello", "").status, 200);
    server.process().signal(SIGKILL);
    EXPECT_EQ(server.process().wait(), 128 + SIGKILL);
  }
  ServerProcess server(folder / "data");
  EXPECT_EQ(entries_of(server, "hello").size(), kCalls);
  EXPECT_EQ(server.call("hello", "").status, 200);
}

TEST(EndToEnd, SigtermLetsACallFinish) {
  const database::TestFolder folder;
  ServerProcess server(folder / "data");
  server.deploy("sleep");
  auto call = std::async(std::launch::async, [&server] { return server.call("sleep", "1000"); });
  ASSERT_TRUE(eventually([&server] { return server.metric("admission_running") == 1; }));
  server.process().signal(SIGTERM);
  const cli::HttpResponse answer = call.get();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "slept");
  EXPECT_EQ(server.process().wait(), 0) << server.process().errors();
}

TEST(EndToEnd, ASecondServerOnTheFolderIsRefused) {
  const database::TestFolder folder;
  ServerProcess server(folder / "data");
  const Finished second = server.roost({"serve", "--listen", "127.0.0.1:0"});
  EXPECT_EQ(second.exit, 1);
  EXPECT_NE(second.err.find(fmt::format("(pid {})", server.process().pid())), std::string::npos)
      << second.err;
  EXPECT_EQ(server.roost({"list"}).exit, 0) << "the first one serves on";
}

TEST(EndToEnd, WithoutAServerCommandsSayWhatToDo) {
  const database::TestFolder folder;
  const Finished unreachable = roost({"list", "--admin-url", "http://127.0.0.1:1", "--key", "k"});
  EXPECT_EQ(unreachable.exit, 3);
  EXPECT_EQ(unreachable.err,
            "roost: cannot reach http://127.0.0.1:1 (connection refused): is `roost serve` "
            "running?\n");
  const Finished keyless = roost({"list", "--data", (folder / "none").string()});
  EXPECT_EQ(keyless.exit, 2);
  EXPECT_NE(keyless.err.find("set ROOST_KEY"), std::string::npos) << keyless.err;
  EXPECT_EQ(roost({"lisst"}).exit, 2);
}

}  // namespace
}  // namespace end_to_end
