#include "http/request_parser.h"

#include <algorithm>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace http {
namespace {

using base::Code;
using Step = RequestParser::Step;
using namespace std::string_literals;

constexpr RequestParser::Limits kLimits{.head_bytes = 16 * 1024, .body_bytes = 1024};

// Feeds `bytes` in pieces of `piece` until the request is whole; what was taken in all, or the
// error.
base::Result<std::size_t> feed(RequestParser& parser, std::string_view bytes,
                               std::size_t piece = std::string::npos) {
  std::size_t taken = 0;
  std::size_t given = 0;
  while (parser.step() != Step::kDone) {
    const bool had_all = given == bytes.size();
    given = std::min(bytes.size(), piece == std::string::npos ? bytes.size() : given + piece);
    const auto step = parser.step();
    const auto result = parser.feed(bytes.substr(taken, given - taken));
    if (!result) return result;
    taken += *result;
    if (had_all && *result == 0 && parser.step() == step) break;
  }
  return taken;
}

Code refusal_of(std::string_view bytes) {
  RequestParser parser(kLimits);
  const auto fed = feed(parser, bytes);
  EXPECT_FALSE(fed) << bytes;
  return fed ? Code::kInternal : fed.error().code;
}

std::string with(const std::string& headers, const std::string& body = {}) {
  return "POST /a HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n" + body;
}

TEST(RequestParser, TakesARequestApart) {
  RequestParser parser(kLimits);
  const std::string bytes =
      "PATCH /a%20b/c?x=1&y=?2 HTTP/1.1\r\nHost: example.com:9400\r\nX-Mixed-CASE:  some value \r\n"
      "Cookie: a=1\r\ncookie: b=2\r\nContent-Length: 4\r\n\r\nbodyNEXT";
  ASSERT_EQ(feed(parser, bytes).value(), bytes.size() - 4);
  const Request& request = parser.request();
  EXPECT_EQ(request.method, "PATCH");
  EXPECT_EQ(request.path, "/a%20b/c");
  EXPECT_EQ(request.query, "x=1&y=?2");
  EXPECT_EQ(request.authority, "example.com:9400");
  EXPECT_EQ(request.body, "body");
  const host::NameValues expected{{"host", "example.com:9400"},
                                  {"x-mixed-case", "some value"},
                                  {"cookie", "a=1"},
                                  {"cookie", "b=2"},
                                  {"content-length", "4"}};
  EXPECT_EQ(request.headers, expected);
  EXPECT_EQ(request.header("cookie"), "a=1");
  EXPECT_FALSE(request.header("Cookie"));
  EXPECT_TRUE(parser.keep_alive());
}

TEST(RequestParser, StopsAfterTheHead) {
  RequestParser parser(kLimits);
  EXPECT_EQ(parser.step(), Step::kNothing);
  const std::string bytes = with("Content-Length: 3\r\n", "abc");
  const auto taken = parser.feed(bytes);
  ASSERT_TRUE(taken);
  EXPECT_EQ(*taken, bytes.size() - 3);
  EXPECT_EQ(parser.step(), Step::kHead);
  EXPECT_EQ(parser.body_left(), 3U);
  ASSERT_TRUE(parser.feed("abc"));
  EXPECT_EQ(parser.step(), Step::kDone);
  EXPECT_EQ(parser.body_left(), 0U);
}

TEST(RequestParser, ReadsTheSameInWhateverPiecesItComes) {
  const std::string bytes =
      "POST /p?q HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\nX: 1\r\n\r\n"
      "4;ext=\"v\"\r\nWiki\r\n5\r\npedia\r\n0\r\nTrailer-Field: x\r\nAuthorization: Bearer "
      "no\r\n\r\n";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    RequestParser parser(kLimits);
    const auto fed = feed(parser, bytes, piece);
    ASSERT_TRUE(fed) << piece << ": " << fed.error().message;
    EXPECT_EQ(*fed, bytes.size());
    EXPECT_EQ(parser.request().body, "Wikipedia");
    const host::NameValues expected{{"host", "h"}, {"x", "1"}};
    EXPECT_EQ(parser.request().headers, expected)
        << "a trailer or a connection's field came through";
  }
}

TEST(RequestParser, EmptyLinesBeforeARequestAreSkipped) {
  RequestParser parser(kLimits);
  EXPECT_EQ(parser.feed("\r\n").value(), 2U);
  EXPECT_EQ(parser.step(), Step::kNothing);
  const std::string bytes = "\r\n" + with("");
  EXPECT_EQ(feed(parser, bytes).value(), bytes.size());
  EXPECT_EQ(parser.step(), Step::kDone);
}

TEST(RequestParser, EmptyLinesBeforeARequestMayComeInPieces) {
  const std::string bytes = "\r\n\r\n" + with("Content-Length: 1\r\n", "a");
  for (const std::size_t piece :
       {std::string::npos, std::size_t{1}, std::size_t{2}, std::size_t{3}}) {
    RequestParser parser(kLimits);
    EXPECT_EQ(feed(parser, bytes, piece).value_or(0), bytes.size()) << "in pieces of " << piece;
    EXPECT_EQ(parser.step(), Step::kDone);
  }
}

TEST(RequestParser, WhatTwoReadersCouldUnderstandDifferentlyIsRefused) {
  const auto malformed = {
      with("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
      with("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n"),
      with("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"),
      with("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd"),
      with("Content-Length: 3, 3\r\n", "abc"),
      with("Content-Length: +3\r\n", "abc"),
      with("Content-Length: -3\r\n", "abc"),
      with("Content-Length: 0x3\r\n", "abc"),
      with("Content-Length: 3 3\r\n", "abc"),
      with("Content-Length: \r\n"),
      with("Content-Length: 99999999999999999999\r\n"),
      with("Content-Length : 3\r\n", "abc"),
      with("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"),
      with("X: a\r\n\tContent-Length: 3\r\n", "abc"),
      with("X: a\r\n \r\n"),
      "POST / HTTP/1.1\r\n Host: h\r\n\r\n"s,
      with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
      with("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
      with("Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n"),
      with("Transfer-Encoding: identity\r\n"),
      with("Transfer-Encoding: xchunked\r\n"),
      with("Transfer-Encoding: \"chunked\"\r\n"),
      with("Transfer-Encoding:\r\n"),
      "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"s,
      with("Host: h\r\n"),
      with("Authorization: a\r\nauthorization: b\r\n"),
      with("apikey: a\r\nAPIKEY: b\r\n"),
      "GET / HTTP/1.1\r\n\r\n"s,
      "GET / HTTP/1.1\nHost: h\n\n"s,
      "GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n"s,
      "GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n"s,
      "GET / HTTP/1.1\r\nHost: h\r\nX\0Y: a\r\n\r\n"s,
      "GET / HTTP/1.1\r\nHost: h\r\nnocolon\r\n\r\n"s,
      "GET / HTTP/1.1\r\nHost: h\r\n: empty\r\n\r\n"s,
      with("Transfer-Encoding: chunked\r\n", "3\r\nabcd\r\n0\r\n\r\n"),
      with("Transfer-Encoding: chunked\r\n", "-3\r\nabc\r\n0\r\n\r\n"),
      with("Transfer-Encoding: chunked\r\n", "x\r\nabc\r\n0\r\n\r\n"),
      with("Transfer-Encoding: chunked\r\n", "10000000000000003\r\nabc\r\n0\r\n\r\n"),
      with("Transfer-Encoding: chunked\r\n", "0\r\nContent-Length: 5\r\n\r\n"),
  };
  for (const std::string& bytes : malformed) {
    EXPECT_EQ(refusal_of(bytes), Code::kInvalidArgument) << bytes;
  }
}

TEST(RequestParser, TargetsArePathsOrAbsolute) {
  const auto parse = [](const std::string& target) {
    RequestParser parser(kLimits);
    EXPECT_TRUE(feed(parser, "GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n")) << target;
    const Request& request = parser.request();
    return request.authority + " " + request.path + " " + request.query;
  };
  EXPECT_EQ(parse("/"), "h / ");
  EXPECT_EQ(parse("//a?"), "h //a ");
  EXPECT_EQ(parse("HTTP://other:1/p?q"), "other:1 /p q");
  EXPECT_EQ(parse("https://other?q"), "other / q");
  EXPECT_EQ(parse("http://other"), "other / ");
  EXPECT_EQ(parse("/p?u=http://x/"), "h /p u=http://x/");
  for (const std::string& target :
       {"*"s, "example.com:443"s, "p"s, "?q"s, "http:///p"s, "ftp://h/p"s, "/a#b"s, "/a\x01"s}) {
    EXPECT_EQ(refusal_of("GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n"), Code::kInvalidArgument)
        << target;
  }
}

TEST(RequestParser, StartLinesAreStrict) {
  for (const std::string& line :
       {"GET  / HTTP/1.1"s, "GET / HTTP/1.1 "s, "GET / HTTP/2.0"s, "GET / HTTP/0.9"s,
        "CONNECT / HTTP/1.1"s, "CONNECT http://h/p HTTP/1.1"s, "GET / http/1.1"s, "GET /"s,
        "G\x01T / HTTP/1.1"s, " GET / HTTP/1.1"s, "GET / HTTP/1.12"s, "\x16\x03\x01\x02"s}) {
    EXPECT_EQ(refusal_of(line + "\r\nHost: h\r\n\r\n"), Code::kInvalidArgument) << line;
  }
}

TEST(RequestParser, FieldsOfTheConnectionStayWithIt) {
  RequestParser parser(kLimits);
  ASSERT_TRUE(feed(
      parser, with("Connection: X-Hop , close,\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\n"
                   "Proxy-Connection: keep-alive\r\nUpgrade: h2c\r\nExpect: 100-continue\r\n"
                   "Proxy-Authorization: x\r\nTrailer: y\r\nX-Kept: 1\r\n")));
  const host::NameValues expected{{"host", "h"}, {"x-kept", "1"}};
  EXPECT_EQ(parser.request().headers, expected);
  EXPECT_FALSE(parser.keep_alive());
  EXPECT_TRUE(parser.expects_continue());
}

TEST(RequestParser, PersistenceIsTheVersions) {
  const auto keeps = [](const std::string& version, const std::string& headers) {
    RequestParser parser(kLimits);
    EXPECT_TRUE(feed(parser, "GET / HTTP/" + version + "\r\nHost: h\r\n" + headers + "\r\n"));
    EXPECT_EQ(parser.is_http11(), version == "1.1");
    return parser.keep_alive();
  };
  EXPECT_TRUE(keeps("1.1", ""));
  EXPECT_FALSE(keeps("1.1", "Connection: CLOSE\r\n"));
  EXPECT_FALSE(keeps("1.0", ""));
  EXPECT_TRUE(keeps("1.0", "Connection: Keep-Alive\r\n"));
  RequestParser hostless(kLimits);
  EXPECT_TRUE(feed(hostless, "HEAD / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n"));
  EXPECT_TRUE(hostless.is_head());
  EXPECT_FALSE(hostless.expects_continue());
}

TEST(RequestParser, HeadsAreBoundedInAllHoweverTheyCome) {
  const std::string frame = "GET / HTTP/1.1\r\nHost: h\r\nX: \r\n\r\n";
  const auto sized = [&](std::size_t size) {
    return "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(size - frame.size(), 'x') + "\r\n\r\n";
  };
  for (const std::size_t piece : {std::string::npos, std::size_t{1000}}) {
    RequestParser fits(kLimits);
    EXPECT_TRUE(feed(fits, sized(kLimits.head_bytes), piece));
    RequestParser over(kLimits);
    const auto fed = feed(over, sized(kLimits.head_bytes + 1), piece);
    ASSERT_FALSE(fed);
    EXPECT_EQ(fed.error().code, Code::kHeadersTooLarge);
  }
  // Each line is taken as it comes, so that no single read sees too much.
  std::string drip = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 120; ++i) drip += "X: " + std::string(200, 'x') + "\r\n";
  RequestParser dripped(kLimits);
  const auto fed = feed(dripped, drip, 206);
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().code, Code::kHeadersTooLarge);
  EXPECT_EQ(refusal_of("GET /" + std::string(20'000, 'x')), Code::kHeadersTooLarge);
}

TEST(RequestParser, FieldsAreCounted) {
  std::string fields;
  for (int i = 0; i < 127; ++i) fields += "X: y\r\n";
  RequestParser fits(kLimits);
  EXPECT_TRUE(feed(fits, with(fields)));
  EXPECT_EQ(refusal_of(with(fields + "X: y\r\n")), Code::kHeadersTooLarge);
}

TEST(RequestParser, BodiesAreBounded) {
  RequestParser fits(kLimits);
  EXPECT_TRUE(feed(fits, with("Content-Length: 1024\r\n", std::string(1024, 'x'))));
  EXPECT_EQ(refusal_of(with("Content-Length: 1025\r\n")), Code::kPayloadTooLarge);
  EXPECT_EQ(refusal_of(with("Transfer-Encoding: chunked\r\n", "401\r\n")), Code::kPayloadTooLarge);
  EXPECT_EQ(refusal_of(with("Transfer-Encoding: chunked\r\n",
                            "400\r\n" + std::string(1024, 'x') + "\r\n1\r\n")),
            Code::kPayloadTooLarge);
  EXPECT_EQ(refusal_of(with("Transfer-Encoding: chunked\r\n", "1;" + std::string(20'000, 'x'))),
            Code::kHeadersTooLarge);
  EXPECT_EQ(
      refusal_of(with("Transfer-Encoding: chunked\r\n", "0\r\nX: " + std::string(20'000, 'x'))),
      Code::kHeadersTooLarge);
}

// As its head is known, and before its body is.
TEST(RequestParser, ABoundMayBecomeNarrowerBeforeTheBody) {
  const auto refusal = [](const std::string& header, const std::string& body) {
    RequestParser parser(kLimits);
    EXPECT_TRUE(feed(parser, with(header)));
    if (auto fits = parser.limit_body(3); !fits) return fits.error();
    const auto fed = feed(parser, body);
    return fed ? base::Error{Code::kInternal, "none"} : fed.error();
  };
  EXPECT_EQ(refusal("Content-Length: 3\r\n", "abc").message, "none");
  EXPECT_EQ(refusal("", "").message, "none");
  EXPECT_EQ(refusal("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n").message, "none");
  EXPECT_EQ(refusal("Content-Length: 4\r\n", "").message, "the request's body is over 3 bytes");
  EXPECT_EQ(refusal("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n1\r\n").code,
            Code::kPayloadTooLarge);
}

// Beast's assertions, on in debug builds, do not foresee an end that comes byte by byte.
TEST(RequestParser, TheEndOfChunksMayComeInPieces) {
  const std::string head = with("Transfer-Encoding: chunked\r\n");
  for (const std::string_view body : {"0\r\n\r\n", "00;x\r\nT: x\r\n\r\n", "1\r\na\r\n0\r\n\r\n"}) {
    const std::string bytes = head + std::string(body);
    for (std::size_t piece = 1; piece < 8; ++piece) {
      RequestParser parser(kLimits);
      const auto fed = feed(parser, bytes, piece);
      ASSERT_TRUE(fed) << fed.error().message;
      EXPECT_EQ(*fed, bytes.size());
      EXPECT_EQ(parser.step(), Step::kDone) << body << " in pieces of " << piece;
      EXPECT_EQ(parser.request().body, body.starts_with('1') ? "a" : "");
    }
  }
}

TEST(RequestParser, MutationsEndInARequestOrAnError) {
  const std::string whole =
      "POST /p?q HTTP/1.1\r\nHost: h\r\nConnection: close, x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "4\r\nWiki\r\n0\r\nT: x\r\n\r\n";
  std::mt19937 random(2);
  int errors = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = whole;
    const auto edits = 1 + random() % 4;
    for (unsigned i = 0; i < edits; ++i)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    RequestParser parser(kLimits);
    const auto fed = feed(parser, bytes, 1 + random() % 40);
    if (!fed) {
      ++errors;
    } else {
      ASSERT_LE(*fed, bytes.size());
    }
  }
  EXPECT_GT(errors, 1000);
}

}  // namespace
}  // namespace http
