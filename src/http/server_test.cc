#include "http/server.h"

#include <array>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "http/http_date.h"
#include "http/test_world.h"

namespace http {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

const std::string kOpen = "/functions/v1/open";

Settings impatient() {
  Settings settings;
  settings.header_timeout = 40ms;
  settings.body_timeout = 40ms;
  settings.idle_timeout = 40ms;
  return settings;
}

TEST(HttpServer, KeepsConnectionsAlive) {
  TestWorld world;
  world.add("open", false);
  TestClient client(world.server().function_address());
  for (int i = 0; i < 3; ++i) {
    const Reply reply =
        client.ask(TestWorld::request("POST", kOpen, "", "body " + std::to_string(i)));
    EXPECT_EQ(reply.status, 200);
    EXPECT_TRUE(reply.body.ends_with("body=body " + std::to_string(i)));
    EXPECT_EQ(reply.header("connection"), "");
  }
  EXPECT_EQ(world.server().connections(), 1U);
}

TEST(HttpServer, EveryAnswerHasTheDate) {
  TestWorld world;
  world.add("open", false);
  const auto now = [] {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  };
  const auto is_now = [](const Reply& reply, std::chrono::sys_seconds since) {
    const std::string date = reply.header("date");
    // At most a tick behind the clock.
    for (auto time = since - 1s; time <= since + 20s; time += 1s) {
      if (http_date(time) == date) return true;
    }
    ADD_FAILURE() << "'" << date << "' of " << reply.head;
    return false;
  };
  const auto since = now();
  for (const char* const target : {"", "/fail/TRAP", "/framing"}) {
    EXPECT_TRUE(is_now(world.call("GET", kOpen + target), since));
  }
  EXPECT_TRUE(is_now(world.call("OPTIONS", kOpen), since));
  EXPECT_TRUE(is_now(world.call("GET", "/nowhere"), since));
  EXPECT_TRUE(is_now(world.call("POST", kOpen, "Content-Length: x\r\n"), since)) << "malformed";
  EXPECT_TRUE(is_now(world.admin("GET", "/healthz"), since));
  TestClient client(world.server().function_address());
  const auto date = [&] {
    return client.ask(TestWorld::request("GET", "/healthz")).header("date");
  };
  const std::string first = date();
  EXPECT_TRUE(eventually([&] { return date() != first; })) << "it goes on within a connection";
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
  TestWorld world;
  world.add("open", false);
  TestClient client(world.server().function_address());
  std::string requests;
  for (int i = 0; i < 20; ++i) {
    requests +=
        TestWorld::request("POST", kOpen + "/" + std::to_string(i), "", "b" + std::to_string(i));
  }
  client.send(requests);
  for (int i = 0; i < 20; ++i) {
    const Reply reply = client.read();
    EXPECT_NE(reply.body.find("path=/" + std::to_string(i) + "\n"), std::string::npos) << i;
    EXPECT_TRUE(reply.body.ends_with("body=b" + std::to_string(i)));
  }
}

// Beside a guest that spins answers are not held for the end of the pass, so nothing of an exchange
// waits: the other connection's turn comes all the same.
TEST(HttpServer, WhoPipelinesBesideASpinningGuestDoesNotKeepTheLoop) {
  TestWorld world({}, {}, 1);
  world.add("open", false);
  reactor::Loop& loop = world.reactor().loop(0);
  loop.post([&loop] {
    loop.spawn([](reactor::Loop& home) -> reactor::Task<void> {
      for (;;) co_await home.slices().turn();
    }(loop));
  });
  TestClient second(world.server().function_address());
  ASSERT_EQ(second.ask(TestWorld::request("GET", "/healthz")).status, 200);
  TestClient first(world.server().function_address());
  std::string ahead = TestWorld::request("GET", kOpen + "/block");
  for (int i = 1; i < 50; ++i) ahead += TestWorld::request("GET", kOpen);
  first.send(ahead);
  ASSERT_TRUE(eventually([&] { return world.sandbox().calls == 1; }));
  second.send(TestWorld::request("GET", kOpen));
  world.sandbox().gate = true;
  const std::string seen = second.read().body;
  const auto at = seen.find("call=");
  ASSERT_NE(at, std::string::npos) << seen;
  EXPECT_LT(std::stoi(seen.substr(at + 5)), 10) << "of 51 calls";
  for (int i = 0; i < 50; ++i) ASSERT_EQ(first.read().status, 200) << i;
}

TEST(HttpServer, ClosesWhenToldTo) {
  TestWorld world;
  TestClient client(world.server().function_address());
  const Reply reply = client.ask(TestWorld::request("GET", "/healthz", "Connection: close\r\n") +
                                 TestWorld::request("GET", "/healthz"));
  EXPECT_EQ(reply.header("connection"), "close");
  EXPECT_EQ(client.read_to_end(), "") << "nothing after it is answered";
}

TEST(HttpServer, SpeaksHttp10) {
  TestWorld world;
  TestClient once(world.server().function_address());
  EXPECT_EQ(once.ask("GET /healthz HTTP/1.0\r\n\r\n").header("connection"), "close");
  EXPECT_EQ(once.read_to_end(), "");
  TestClient again(world.server().function_address());
  for (int i = 0; i < 2; ++i) {
    const Reply reply = again.ask("GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(reply.header("connection"), "keep-alive");
  }
}

TEST(HttpServer, HeadHasNoBody) {
  TestWorld world;
  world.add("open", false);
  TestClient client(world.server().function_address());
  client.send(TestWorld::request("HEAD", kOpen) + TestWorld::request("GET", "/healthz"));
  const Reply head = client.read(true);
  EXPECT_GT(std::stoi(head.header("content-length")), 0);
  EXPECT_EQ(client.read().body, R"({"status":"ok"})");
}

TEST(HttpServer, StatusesWithoutABodyKeepTheConnectionInStep) {
  TestWorld world;
  world.add("open", false);
  TestClient client(world.server().function_address());
  for (const int status : {204, 304, 205, 299}) {
    const Reply reply =
        client.ask(TestWorld::request("GET", fmt::format("{}/status/{}", kOpen, status)));
    EXPECT_EQ(reply.status, status);
  }
  const Reply framing = client.ask(TestWorld::request("GET", kOpen + "/framing"));
  EXPECT_EQ(framing.body, "whole");
  EXPECT_EQ(framing.header("x-good"), "yes");
  EXPECT_EQ(framing.header("x-request-id").size(), 36U);
  EXPECT_EQ(framing.head.find("cookie"), std::string::npos);
  EXPECT_EQ(client.ask(TestWorld::request("GET", "/healthz")).status, 200);
}

TEST(HttpServer, ReadsChunkedBodies) {
  TestWorld world;
  world.add("open", false);
  TestClient client(world.server().function_address());
  const Reply reply =
      client.ask(TestWorld::request("POST", kOpen, "Transfer-Encoding: chunked\r\n") +
                 "4\r\nWiki\r\n5;x=y\r\npedia\r\n0\r\nAuthorization: Bearer x\r\n\r\n" +
                 TestWorld::request("GET", "/healthz"));
  EXPECT_TRUE(reply.body.ends_with("body=Wikipedia")) << reply.body;
  EXPECT_EQ(reply.body.find("authorization"), std::string::npos);
  EXPECT_EQ(client.read().body, R"({"status":"ok"})");
}

// The second request hides in the body of the first for whoever reads the other header.
TEST(HttpServer, SmuggledRequestsAreRefusedAndTheConnectionEnds) {
  TestWorld world;
  world.add("open", false);
  const std::string hidden = TestWorld::request("GET", kOpen + "/smuggled");
  const std::vector<std::string> attempts = {
      TestWorld::request("POST", kOpen, "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") +
          "0\r\n\r\n" + hidden,
      TestWorld::request("POST", kOpen, "Content-Length: 0\r\nContent-Length: 5\r\n") + hidden,
      TestWorld::request("POST", kOpen, "Content-Length: 5\r\nContent-Length: 5\r\n") + "abcde" +
          hidden,
      TestWorld::request("POST", kOpen, "Transfer-Encoding: xchunked\r\n") + "0\r\n\r\n" + hidden,
      TestWorld::request("POST", kOpen, "Transfer-Encoding : chunked\r\n") + "0\r\n\r\n" + hidden,
      TestWorld::request("POST", kOpen, "Transfer-Encoding: chunked\r\n") + "5\r\nab\r\n" + hidden,
      "POST " + kOpen + " HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden,
      "GET " + kOpen + " HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + hidden,
      "GET " + kOpen + " HTTP/1.1\r\n\r\n" + hidden,
      "nonsense\r\n\r\n" + hidden,
  };
  for (const std::string& attempt : attempts) {
    TestClient client(world.server().function_address());
    const Reply reply = client.ask(attempt);
    EXPECT_EQ(reply.status, 400) << attempt;
    EXPECT_EQ(reply.header("connection"), "close");
    EXPECT_EQ(reply.header("access-control-allow-origin"), "*");
    EXPECT_EQ(reply.header("x-request-id").size(), 36U);
    client.finish_sending();
    EXPECT_EQ(client.read_to_end(), "") << attempt;
  }
  EXPECT_EQ(world.sandbox().calls, 0);
}

// The client is still sending when the answer is ready; it must be able to read it nevertheless.
TEST(HttpServer, ARefusalReachesAClientThatIsStillSending) {
  TestWorld world;
  TestClient client(world.server().function_address());
  const std::size_t size = 5U << 20U;
  client.send(TestWorld::request("POST", "/functions/v1/absent",
                                 fmt::format("Content-Length: {}\r\n", size)));
  EXPECT_EQ(client.read().status, 404);
  EXPECT_TRUE(client.send(std::string(size, 'x'))) << "the connection was reset";
  client.finish_sending();
  EXPECT_EQ(client.read_to_end(), "");
}

TEST(HttpServer, ShortBodiesOfRefusedRequestsKeepTheConnection) {
  TestWorld world;
  TestClient client(world.server().function_address());
  EXPECT_EQ(client.ask(TestWorld::request("POST", "/functions/v1/absent", "", "short")).status,
            404);
  EXPECT_EQ(client.ask(TestWorld::request("GET", "/healthz")).status, 200);
}

TEST(HttpServer, ExpectContinueIsHonoured) {
  TestWorld world;
  world.add("open", false);
  TestClient client(world.server().function_address());
  const std::string headers = "Expect: 100-continue\r\nContent-Length: 4\r\n";
  EXPECT_EQ(client.ask(TestWorld::request("POST", kOpen, headers)).status, 100);
  const Reply reply = client.ask("body");
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.body.ends_with("body=body"));

  // Whoever did not wait is not told; whoever would be refused is refused instead.
  EXPECT_EQ(client.ask(TestWorld::request("POST", kOpen, headers) + "body").status, 200);
  const Reply refused = client.ask(TestWorld::request("POST", "/functions/v1/absent", headers));
  EXPECT_EQ(refused.status, 404);
  EXPECT_EQ(refused.header("connection"), "close");
}

TEST(HttpServer, SlowHeadersAre408) {
  TestWorld world(impatient());
  TestClient client(world.server().function_address());
  const Reply reply = client.ask("GET /healthz HT");
  EXPECT_EQ(reply.status, 408);
  EXPECT_EQ(reply.header("connection"), "close");
  client.finish_sending();
  EXPECT_EQ(client.read_to_end(), "");
}

TEST(HttpServer, SlowBodiesAre408) {
  TestWorld world(impatient());
  world.add("open", false);
  TestClient client(world.server().function_address());
  EXPECT_EQ(client.ask(TestWorld::request("POST", kOpen, "Content-Length: 9\r\n") + "four").status,
            408);
  TestClient chunked(world.server().function_address());
  EXPECT_EQ(
      chunked.ask(TestWorld::request("POST", kOpen, "Transfer-Encoding: chunked\r\n") + "9\r\nfour")
          .status,
      408);
  EXPECT_EQ(world.sandbox().calls, 0);
}

// Time is for the whole head, and for the whole body: who sends a byte now and then gains none.
TEST(HttpServer, ADripIsNoProgress) {
  TestWorld world(impatient());
  world.add("open", false);
  const std::string head = TestWorld::request("POST", kOpen, "Content-Length: 9000\r\n");
  for (const std::string& begin : {std::string(), head}) {
    TestClient client(world.server().function_address());
    client.send(begin);
    const std::string drip = begin.empty() ? head : std::string(9000, 'x');
    std::size_t sent = 0;
    const auto end = std::chrono::steady_clock::now() + 5s;
    while (!client.has_input() && sent < drip.size() && std::chrono::steady_clock::now() < end) {
      client.send(std::string_view(drip).substr(sent++, 1));
      std::this_thread::sleep_for(5ms);
    }
    EXPECT_EQ(client.read().status, 408) << sent << " bytes of " << drip.size();
    EXPECT_LT(sent, drip.size());
  }
  EXPECT_EQ(world.sandbox().calls, 0);
}

TEST(HttpServer, IdleConnectionsEndSilently) {
  TestWorld world(impatient());
  TestClient never(world.server().function_address());
  EXPECT_EQ(never.read_to_end(), "");
  TestClient once(world.server().function_address());
  EXPECT_EQ(once.ask(TestWorld::request("GET", "/healthz")).status, 200);
  EXPECT_EQ(once.read_to_end(), "");
}

// The clock of a connection stops while its call runs, and goes on with the next request.
TEST(HttpServer, ACallMayTakeLongerThanTheTimeouts) {
  TestWorld world(impatient());
  world.add("open", false);
  TestClient client(world.server().function_address());
  client.send(TestWorld::request("GET", kOpen + "/wait"));
  ASSERT_TRUE(eventually([&] { return world.sandbox().calls == 1; }));
  TestClient clock(world.server().function_address());
  EXPECT_EQ(clock.read_to_end(), "") << "one idle timeout has passed";
  world.sandbox().gate = true;
  EXPECT_EQ(client.read().status, 200);
}

TEST(HttpServer, AClientThatDoesNotReadIsLetGo) {
  Settings settings;
  settings.write_timeout = 40ms;
  TestWorld world(settings);
  world.add("open", false);
  TestClient client(world.server().function_address());
  // More than the socket's buffers hold.
  for (int i = 0; i < 4; ++i) client.send(TestWorld::request("GET", kOpen + "/large"));
  EXPECT_TRUE(eventually([&] { return world.sandbox().calls > 0; }));
  EXPECT_TRUE(eventually([&] { return world.server().connections() == 0; }));
}

TEST(HttpServer, LargeAnswersArriveWhole) {
  TestWorld world;
  world.add("open", false);
  const Reply reply = world.call("GET", kOpen + "/large");
  EXPECT_EQ(reply.body.size(), 8U << 20U);
  EXPECT_EQ(reply.body.find_first_not_of('x'), std::string::npos);
}

TEST(HttpServer, AClientThatGoesInTheMiddleLeavesNothing) {
  TestWorld world;
  world.add("open", false);
  for (const std::string& part :
       {""s, "GET / HT"s, TestWorld::request("POST", kOpen, "Content-Length: 9\r\n") + "four"}) {
    TestClient client(world.server().function_address());
    client.send(part);
    ASSERT_TRUE(eventually([&] { return world.server().connections() == 1; }));
    client.close();
    EXPECT_TRUE(eventually([&] { return world.server().connections() == 0; })) << part;
  }
  EXPECT_EQ(world.sandbox().calls, 0);
}

TEST(HttpServer, ManyConnectionsAtOnce) {
  TestWorld world;
  world.add("open", false);
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int i = 0; i < 200; ++i) {
    clients.push_back(std::make_unique<TestClient>(world.server().function_address()));
    clients.back()->send(TestWorld::request("GET", kOpen + "/wait"));
  }
  ASSERT_TRUE(eventually([&] { return world.sandbox().calls == 200; }));
  EXPECT_EQ(world.server().connections(), 200U);
  world.sandbox().gate = true;
  for (const auto& client : clients) EXPECT_EQ(client->read().status, 200);
  EXPECT_EQ(world.journal()
                .read({.function = "open", .status = {}, .after_id = {}, .limit = 1000})
                ->size(),
            200U);
}

TEST(HttpServer, DrainLetsTheAnswerUnderWayOut) {
  TestWorld world;
  world.add("open", false);
  TestClient busy(world.server().function_address());
  busy.send(TestWorld::request("GET", kOpen + "/wait"));
  ASSERT_TRUE(eventually([&] { return world.sandbox().calls == 1; }));
  TestClient asking(world.server().admin_address());
  asking.send("GET /readyz HTTP/1.1\r\n");
  TestClient idle(world.server().function_address());
  EXPECT_EQ(idle.ask(TestWorld::request("GET", "/readyz")).status, 200);
  ASSERT_TRUE(eventually([&] { return world.server().connections() == 3; }));
  // The loop of the admin listener has read the half request once it has answered another.
  EXPECT_EQ(world.admin("GET", "/healthz").status, 200);

  world.server().drain();
  EXPECT_EQ(idle.read_to_end(), "");
  const Reply ready = asking.ask("Host: localhost\r\n\r\n");
  EXPECT_EQ(ready.status, 503);
  EXPECT_EQ(ready.header("connection"), "close");
  EXPECT_FALSE(TestClient(world.server().function_address()).connected());
  EXPECT_FALSE(TestClient(world.server().admin_address()).connected());

  world.sandbox().gate = true;
  const Reply last = busy.read();
  EXPECT_EQ(last.status, 200);
  EXPECT_EQ(last.header("connection"), "close");
  EXPECT_TRUE(eventually([&] { return world.server().connections() == 0; }));
}

TEST(HttpServer, CloseEndsWhatIsLeft) {
  TestWorld world;
  world.add("open", false);
  TestClient busy(world.server().function_address());
  busy.send(TestWorld::request("GET", kOpen + "/wait"));
  TestClient half(world.server().function_address());
  half.send("GET /");
  ASSERT_TRUE(eventually([&] { return world.sandbox().calls == 1; }));
  world.server().close();
  EXPECT_EQ(busy.read_to_end(), "");
  EXPECT_EQ(half.read_to_end(), "");
  world.sandbox().gate = true;
  EXPECT_TRUE(eventually([&] { return world.server().connections() == 0; }));
}

TEST(HttpServer, LogsAreFollowedUntilTheDrain) {
  TestWorld world;
  world.add("open", false);
  const Reply before = world.call("GET", kOpen);
  TestClient follower(world.server().admin_address());
  const std::string key = "Authorization: Bearer " + world.keys().service_role_key + "\r\n";
  const Reply head = follower.ask(TestWorld::request("GET", "/admin/v1/logs?follow=true", key));
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-type"), "application/x-ndjson");
  EXPECT_EQ(head.header("transfer-encoding"), "chunked");
  const auto id_of = [](const std::string& chunk) {
    EXPECT_TRUE(chunk.ends_with('\n')) << chunk;
    return std::string(boost::json::parse(chunk).at("id").as_string());
  };
  EXPECT_EQ(id_of(follower.read_chunk()), before.header("x-request-id"));
  for (int i = 0; i < 2; ++i) {
    const Reply next = world.call("GET", kOpen);
    EXPECT_EQ(id_of(follower.read_chunk()), next.header("x-request-id"));
  }
  world.server().drain();
  EXPECT_EQ(follower.read_to_end(), "0\r\n\r\n");
}

TEST(HttpServer, AFollowerThatGoesIsNoticed) {
  TestWorld world;
  world.add("open", false);
  TestClient follower(world.server().admin_address());
  const std::string key = "apikey: " + world.keys().service_role_key + "\r\n";
  EXPECT_EQ(
      follower.ask(TestWorld::request("GET", "/admin/v1/functions/open/logs?follow=true", key))
          .status,
      200);
  EXPECT_EQ(world.server().connections(), 1U);
  follower.close();
  EXPECT_TRUE(eventually([&] { return world.server().connections() == 0; }));
}

TEST(HttpServer, FollowersOfHttp10ReadToTheEnd) {
  TestWorld world;
  world.add("open", false);
  world.call("GET", kOpen);
  TestClient follower(world.server().admin_address());
  const std::string key = "apikey: " + world.keys().service_role_key + "\r\n";
  const Reply head =
      follower.ask("GET /admin/v1/logs?follow=true HTTP/1.0\r\nHost: localhost\r\n" + key + "\r\n");
  EXPECT_FALSE(head.headers.contains("transfer-encoding"));
  EXPECT_EQ(follower.read_exactly(6), R"({"id":)");
  EXPECT_EQ(world.admin("HEAD", "/admin/v1/logs?follow=true").status, 200);
  world.server().drain();
  EXPECT_TRUE(follower.read_to_end().ends_with("}\n"));
}

TEST(HttpServer, ATakenAddressIsSaid) {
  TestWorld world;
  for (const bool function : {true, false}) {
    Settings settings;
    settings.listen = function ? world.server().function_address() : "127.0.0.1:0";
    settings.admin_listen = function ? "127.0.0.1:0" : world.server().function_address();
    const auto second = Server::create(settings, world.context());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, base::Code::kUnavailable);
    EXPECT_NE(second.error().message.find(world.server().function_address()), std::string::npos);
  }
}

TEST(HttpServer, OneOfTwoServersHasThePort) {
  TestWorld world;
  int won = 0;
  for (int round = 0; round < 100; ++round) {
    Settings settings;
    // Of a server that has just gone.
    settings.listen = "127.0.0.1:0";
    settings.admin_listen = "127.0.0.1:0";
    settings.listen = (*Server::create(settings, world.context()))->function_address();
    std::array<std::unique_ptr<Server>, 2> servers;
    std::latch both(2);
    {
      std::vector<std::jthread> threads;
      for (auto& server : servers) {
        threads.emplace_back([&] {
          both.arrive_and_wait();
          auto created = Server::create(settings, world.context());
          if (created) server = std::move(*created);
        });
      }
    }
    ASSERT_FALSE(servers[0] && servers[1]) << "in round " << round;
    won += servers[0] || servers[1] ? 1 : 0;
  }
  EXPECT_GT(won, 50);
}

TEST(HttpServer, BadAddressesAreSaid) {
  TestWorld world;
  const auto refusal = [&](const std::string& listen, const std::string& admin) {
    Settings settings;
    settings.listen = listen;
    settings.admin_listen = admin;
    const auto server = Server::create(settings, world.context());
    EXPECT_FALSE(server);
    return server ? "" : server.error().message;
  };
  EXPECT_NE(refusal("nowhere", "127.0.0.1:0").find("'nowhere'"), std::string::npos);
  EXPECT_NE(refusal("127.0.0.1:0", "9401").find("'9401'"), std::string::npos);
  EXPECT_NE(refusal("no-such-host.invalid:0", "127.0.0.1:0").find("no-such-host.invalid"),
            std::string::npos);
  EXPECT_NE(refusal("192.0.2.1:0", "127.0.0.1:0").find("cannot listen on 192.0.2.1:0"),
            std::string::npos);
}

}  // namespace
}  // namespace http
