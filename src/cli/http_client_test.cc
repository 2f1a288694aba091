#include "cli/http_client.h"

#include <gtest/gtest.h>

#include "cli/fake_server.h"

namespace cli {
namespace {

using namespace std::chrono_literals;

HttpClient client_of(const FakeServer& server, HttpClient::Timeouts timeouts = {}) {
  return HttpClient(*parse_url(server.url()), timeouts);
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(HttpClient, SendsWhatIsAskedAndReadsTheAnswer) {
  FakeServer server;
  server.answer("PUT /a?b=c", 201, "made", "X-Two: 2\r\n");
  const auto response = client_of(server).send(
      {.method = "PUT", .target = "/a?b=c", .headers = {{"x-one", "1"}}, .body = "body"});
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 201);
  EXPECT_TRUE(response->ok());
  EXPECT_EQ(response->body, "made");
  EXPECT_EQ(response->headers.at(0), std::pair(std::string("x-two"), std::string("2")));
  const Asked asked = server.asked().at(0);
  EXPECT_EQ(asked.body, "body");
  EXPECT_TRUE(contains(asked.head, "\r\nx-one: 1"));
  EXPECT_TRUE(contains(asked.head, "\r\nHost: 127.0.0.1:"));
}

TEST(HttpClient, HostIsSentOnceAlsoWhenItIsGiven) {
  FakeServer server;
  server.answer("GET /", 200, "");
  ASSERT_TRUE(client_of(server).send({.method = "GET",
                                      .target = "/",
                                      .headers = {{"HOST", "a.example"}, {"User-Agent", "me"}},
                                      .body = {}}));
  const Asked asked = server.asked().at(0);
  EXPECT_TRUE(contains(asked.head, "\r\nHOST: a.example\r\n"));
  EXPECT_FALSE(contains(asked.head, "\r\nHost: "));
  EXPECT_FALSE(contains(asked.head, "roost/"));
}

TEST(HttpClient, PrefixOfTheUrlComesBeforeTheTarget) {
  FakeServer server;
  server.answer("GET /base/x", 200, "");
  const HttpClient client(*parse_url(server.url() + "/base/"));
  EXPECT_EQ(client.send({.method = "GET", .target = "/x", .headers = {}, .body = {}})->status, 200);
}

TEST(HttpClient, LongBodiesArriveWhole) {
  FakeServer server;
  const std::string body(9'000'000, 'x');  // past Beast's own limit of 8 MiB
  server.answer("GET /", 200, body);
  EXPECT_EQ(client_of(server).send({})->body, body);
  server.answer("POST /", 200, "");
  ASSERT_TRUE(
      client_of(server).send({.method = "POST", .target = "/", .headers = {}, .body = body}));
  EXPECT_EQ(server.asked().at(1).body, body);
}

TEST(HttpClient, ChunkedBodiesAndThoseUntilTheEndArriveWhole) {
  FakeServer server;
  server.answer_raw("GET /chunks",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  server.answer_raw("GET /end", "HTTP/1.1 200 OK\r\n\r\nuntil it closes");
  const HttpClient client = client_of(server);
  EXPECT_EQ(client.send({.method = "GET", .target = "/chunks", .headers = {}, .body = {}})->body,
            "abcde");
  EXPECT_EQ(client.send({.method = "GET", .target = "/end", .headers = {}, .body = {}})->body,
            "until it closes");
}

TEST(HttpClient, AnswersWithoutABodyAreNotWaitedFor) {
  FakeServer server;
  server.answer_raw("HEAD /", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
  server.answer_raw("DELETE /", "HTTP/1.1 204 No Content\r\n\r\n");
  const HttpClient client = client_of(server, {.connect = 5s, .silence = 10s});
  EXPECT_EQ(client.send({.method = "HEAD", .target = "/", .headers = {}, .body = {}})->status, 200);
  EXPECT_EQ(client.send({.method = "DELETE", .target = "/", .headers = {}, .body = {}})->body, "");
}

TEST(HttpClient, SinkHearsThePiecesUntilItHasEnough) {
  FakeServer server;
  server.answer_raw("GET /",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n");
  std::string heard;
  const auto response =
      client_of(server).stream({}, [&](const HttpResponse& head, std::string_view piece) {
        EXPECT_EQ(head.status, 200);
        heard += piece;
        return heard.size() < 2;
      });
  EXPECT_TRUE(response);
  EXPECT_TRUE(heard.starts_with("ab")) << heard;
}

TEST(HttpClient, NobodyListeningIsUnreachable) {
  std::string url;
  {
    const FakeServer gone;
    url = gone.url();
  }
  const auto response = HttpClient(*parse_url(url)).send({});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, base::Code::kUnavailable);
  EXPECT_EQ(response.error().message,
            "cannot reach " + url + " (connection refused): is `roost serve` running?");
}

TEST(HttpClient, UnknownHostIsUnreachable) {
  const auto response = HttpClient(*parse_url("http://no-such-host.invalid:1")).send({});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, base::Code::kUnavailable);
  EXPECT_TRUE(response.error().message.starts_with(
      "cannot reach http://no-such-host.invalid:1 (host not found"))
      << response.error().message;
}

TEST(HttpClient, SilenceEndsByTimeout) {
  FakeServer server;
  server.never_answer("GET /");
  const auto response = client_of(server, {.connect = 5s, .silence = 30ms}).send({});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, base::Code::kUnavailable);
  EXPECT_TRUE(contains(response.error().message, "was silent for 30.00 ms"))
      << response.error().message;
}

TEST(HttpClient, AnswersThatBreakOffAreErrors) {
  FakeServer server;
  server.answer_raw("GET /short", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  server.answer_raw("GET /noise", "not http at all\r\n\r\n");
  const HttpClient client = client_of(server);
  const auto broken = client.send({.method = "GET", .target = "/short", .headers = {}, .body = {}});
  ASSERT_FALSE(broken);
  EXPECT_TRUE(contains(broken.error().message, "broke off its answer")) << broken.error().message;
  const auto noise = client.send({.method = "GET", .target = "/noise", .headers = {}, .body = {}});
  ASSERT_FALSE(noise);
  EXPECT_TRUE(contains(noise.error().message, "sent no answer")) << noise.error().message;
}

TEST(HttpClient, UrlsAreReadAndWritten) {
  const auto plain = parse_url("http://localhost:9400/");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->host, "localhost");
  EXPECT_EQ(plain->text(), "http://localhost:9400");
  EXPECT_TRUE(plain->is_loopback());
  const auto six = parse_url("http://[::1]:1/p//");
  ASSERT_TRUE(six);
  EXPECT_EQ(six->host, "::1");
  EXPECT_EQ(six->text(), "http://[::1]:1/p");
  EXPECT_TRUE(six->is_loopback());
  EXPECT_EQ(parse_url("http://[2001:db8::1]")->text(), "http://[2001:db8::1]:80");
  EXPECT_FALSE(parse_url("http://example.org")->is_loopback());
  EXPECT_FALSE(parse_url("http://192.0.2.1")->is_loopback());
  EXPECT_TRUE(parse_url("http://127.9.9.9")->is_loopback());
}

TEST(HttpClient, WhatIsNoUrlIsRefused) {
  for (const char* text :
       {"", "localhost:1", "ftp://x", "http://", "http://:1", "http://h:0", "http://h:65536",
        "http://h:", "http://u@h", "http://a b", "http://[::1", "http://h?x", "http://h#x"}) {
    const auto url = parse_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().code, base::Code::kInvalidArgument);
  }
  EXPECT_TRUE(contains(parse_url("https://h").error().message, "HTTPS is not spoken here"));
}

}  // namespace
}  // namespace cli
