// What all connections may have together: bodies and descriptors.
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "http/server.h"
#include "http/test_world.h"

namespace http {
namespace {

using namespace std::chrono_literals;

const std::string kOpen = "/functions/v1/open";

TEST(HttpServer, OversizeIsRefusedBeforeItIsRead) {
  Settings settings;
  settings.max_body_bytes = 1000;
  TestWorld world(settings);
  world.add("open", false);
  TestClient by_length(world.server().function_address());
  const Reply reply = by_length.ask(TestWorld::request("POST", kOpen, "Content-Length: 1001\r\n"));
  EXPECT_EQ(reply.status, 413);
  EXPECT_EQ(reply.header("connection"), "close");

  TestClient by_chunks(world.server().function_address());
  EXPECT_EQ(by_chunks
                .ask(TestWorld::request("POST", kOpen, "Transfer-Encoding: chunked\r\n") +
                     "3e8\r\n" + std::string(1000, 'x') + "\r\n1\r\n")
                .status,
            413);
  EXPECT_EQ(world.call("POST", kOpen, "", std::string(1000, 'x')).status, 200);
  const Reply headers = world.call("GET", kOpen, "X: " + std::string(17'000, 'x') + "\r\n");
  EXPECT_EQ(headers.status, 431);
  EXPECT_EQ(headers.header("connection"), "close");
}

// Nobody uploads megabytes to what anybody may ask and no body belongs to.
TEST(HttpServer, WhatTheHostAnswersTakesAShortBody) {
  TestWorld world;
  struct Case {
    bool functions;
    std::string method;
    std::string target;
    int status;
  };
  const std::string key = "Authorization: Bearer " + world.keys().service_role_key + "\r\n";
  for (const Case& each : {Case{true, "OPTIONS", kOpen, 204}, Case{true, "GET", "/healthz", 200},
                           Case{true, "POST", "/readyz", 405}, Case{false, "GET", "/metrics", 200},
                           Case{false, "POST", "/healthz", 405}, Case{false, "PUT", "/no", 404},
                           Case{false, "POST", "/admin/v1/no", 404}}) {
    const auto ask = [&](const std::string& headers, const std::string& rest) {
      TestClient client(each.functions ? world.server().function_address()
                                       : world.server().admin_address());
      return client.ask(TestWorld::request(each.method, each.target, key + headers) + rest).status;
    };
    EXPECT_EQ(ask("Content-Length: 65537\r\n", ""), 413) << each.target;
    EXPECT_EQ(ask("Content-Length: 65537\r\nExpect: 100-continue\r\n", ""), 413) << each.target;
    EXPECT_EQ(ask("Transfer-Encoding: chunked\r\n", "10001\r\n" + std::string(65537, 'x')), 413)
        << each.target;
    EXPECT_EQ(ask("Content-Length: 65536\r\n", std::string(65536, 'x')), each.status)
        << each.target;
  }
}

// Of bodies that arrive and of bodies whose calls run; each way that a request ends gives its
// part back.
TEST(HttpServer, AllBodiesTogetherAreBounded) {
  Settings settings;
  settings.max_buffered_bytes = 300'000;
  TestWorld world(settings);
  world.add("open", false);
  const std::string body(200'000, 'x');
  const auto status = [&] { return world.call("POST", kOpen, "", body).status; };
  TestClient gone(world.server().function_address());
  EXPECT_EQ(gone.ask(TestWorld::request("GET", "/healthz")).status, 200);
  gone.send(TestWorld::request("POST", kOpen, "Content-Length: 200001\r\n") + body);
  gone.close();
  ASSERT_TRUE(eventually([&] { return world.server().connections() == 0; }));
  EXPECT_EQ(status(), 200) << "after a client that went";

  const int before = world.sandbox().calls;
  TestClient waiting(world.server().function_address());
  waiting.send(TestWorld::request("POST", kOpen + "/wait", "", body));
  ASSERT_TRUE(eventually([&] { return world.sandbox().calls > before; }));
  EXPECT_EQ(status(), 503);
  EXPECT_EQ(world.call("POST", kOpen, "", std::string(16'384, 'x')).status, 200);
  world.sandbox().gate = true;
  EXPECT_EQ(waiting.read().status, 200);
  // An answer counts until the server has seen that it was sent, a moment after its client has it.
  EXPECT_TRUE(eventually([&] { return status() == 200; })) << "after a call";
}

// Each is 8 MiB, which no server's socket takes.
TEST(HttpServer, AnswersThatNobodyReadsAreBounded) {
  Settings settings;
  settings.max_buffered_bytes = 20U << 20U;
  TestWorld world(settings);
  world.add("open", false);
  const auto large = [&] { return world.call("GET", kOpen + "/large"); };
  std::vector<std::unique_ptr<TestClient>> unread;
  for (int i = 0; i < 2; ++i) {
    unread.push_back(std::make_unique<TestClient>(world.server().function_address()));
    unread.back()->take_little();
    unread.back()->send(TestWorld::request("GET", kOpen + "/large"));
    ASSERT_TRUE(unread.back()->hears()) << "it is counted by then";
  }
  const Reply refused = large();
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.body.find("the function has run"), std::string::npos) << refused.body;
  EXPECT_EQ(world.call("POST", kOpen, "", std::string(200'000, 'x')).status, 200)
      << "neither what is sent to functions nor a shorter answer";
  EXPECT_EQ(unread.back()->read().body.size(), 8U << 20U);
  EXPECT_TRUE(eventually([&] { return large().status == 200; })) << "once one was read";
  unread.front()->close();
}

TEST(HttpServer, ABodyThatIsTooSlowIsNotCountedAnyMore) {
  Settings settings;
  settings.body_timeout = 40ms;
  settings.max_buffered_bytes = 300'000;
  TestWorld world(settings);
  world.add("open", false);
  const std::string body(200'000, 'x');
  TestClient slow(world.server().function_address());
  slow.send(TestWorld::request("POST", kOpen, "Content-Length: 200001\r\n") + body);
  EXPECT_EQ(slow.read().status, 408);
  slow.close();
  ASSERT_TRUE(eventually([&] { return world.server().connections() == 0; }));
  EXPECT_EQ(world.call("POST", kOpen, "", body).status, 200);
}

// The client gets the last descriptor there is, so that none is left to accept it with.
TEST(HttpServer, AcceptsAgainOnceThereAreDescriptors) {
#ifdef __clang__
#if __has_feature(address_sanitizer)
  GTEST_SKIP() << "UBSan opens a pipe to look at an object, and takes it for none when it cannot";
#endif
#endif
  TestWorld world;
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const int next = ::dup(0);
  ASSERT_GE(next, 0);
  ::close(next);
  const rlimit full{.rlim_cur = static_cast<rlim_t>(next) + 1, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &full), 0);
  // Again, should a thread that just began have had the descriptor for a moment.
  std::unique_ptr<TestClient> client;
  EXPECT_TRUE(eventually([&] {
    client = std::make_unique<TestClient>(world.server().function_address());
    return client->connected();
  }));
  client->send(TestWorld::request("GET", "/healthz"));
  // Time enough for an accept to fail; were it not, or had a thread given a descriptor back, the
  // test would still end well.
  const auto tried = std::chrono::steady_clock::now() + 5ms;
  EXPECT_TRUE(eventually([&] { return std::chrono::steady_clock::now() > tried; }));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(client->read().status, 200);
}

// Descriptors are left for the database and the journal, and connections for an administrator.
TEST(HttpServer, ConnectionsPastTheBoundWaitUntilOthersClose) {
  testing::internal::CaptureStderr();
  {
    Settings settings;
    settings.max_connections = 2;
    TestWorld world(settings, {}, 1, telemetry::Log(telemetry::Format::kJson));
    const std::string health = TestWorld::request("GET", "/healthz");
    TestClient first(world.server().function_address());
    TestClient second(world.server().function_address());
    EXPECT_EQ(first.ask(health).status, 200);
    EXPECT_EQ(second.ask(health).status, 200);
    TestClient third(world.server().function_address());
    third.send(health);
    EXPECT_EQ(world.admin("GET", "/healthz").status, 200);
    EXPECT_FALSE(third.has_input()) << "accepted before the administrator";
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(first.ask(health).status, 200) << "who is there is served";
    }
    first.close();
    EXPECT_EQ(third.read().status, 200);
  }
  const std::string log = testing::internal::GetCapturedStderr();
  const auto at = log.find("LimitNOFILE");
  ASSERT_NE(at, std::string::npos) << log;
  EXPECT_EQ(log.find("LimitNOFILE", at + 1), std::string::npos) << "said again: " << log;
}

}  // namespace
}  // namespace http
