#include "http/multipart.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace http {
namespace {

using base::Code;

using namespace std::string_literals;

const std::string kWhole =
    "--b1\r\n"
    "Content-Disposition: form-data; name=\"config\"\r\n"
    "Content-Type: application/json\r\n"
    "\r\n"
    "{}\r\n"
    "--b1 \t\r\n"
    "content-disposition: Form-Data; filename=\"a \\\"b\\\".wasm\"; name=module\r\n"
    "\r\n"
    "\0asm\r\n--b\r\n-b1\r\n"
    "--b1--"s;

std::string form(const std::string& headers, const std::string& content = "x") {
  return "--b\r\n" + headers + "\r\n" + content + "\r\n--b--\r\n";
}

std::string message_of(const std::string& body, const std::string& boundary = "b") {
  const auto parts = parse_multipart(body, boundary);
  if (parts) return "";
  EXPECT_EQ(parts.error().code, Code::kInvalidArgument);
  return parts.error().message;
}

TEST(Multipart, PartsAreViewsOfTheirBytes) {
  const std::string body(kWhole);
  const auto parts = parse_multipart(body, "b1");
  ASSERT_TRUE(parts) << parts.error().message;
  ASSERT_EQ(parts->size(), 2U);
  EXPECT_EQ((*parts)[0].name, "config");
  EXPECT_EQ((*parts)[0].content, "{}");
  EXPECT_EQ((*parts)[1].name, "module");
  EXPECT_GE((*parts)[1].content.data(), body.data());
  EXPECT_LE((*parts)[1].content.data(), body.data() + body.size());
}

TEST(Multipart, ContentMayHoldAllButTheDelimiter) {
  std::string binary;
  for (int c = 0; c < 256; ++c) binary += static_cast<char>(c);
  binary += "\r\n--\r\n-b\r\n--B\r\n--";
  const std::string body = form("Content-Disposition: form-data; name=module\r\n", binary);
  const auto parts = parse_multipart(body, "b");
  ASSERT_TRUE(parts) << parts.error().message;
  EXPECT_EQ(parts->at(0).content, binary);
}

TEST(Multipart, EmptyContentAndNoPartsAreWhole) {
  const std::string empty = form("Content-Disposition: form-data; name=a\r\n", "");
  const auto parts = parse_multipart(empty, "b");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->at(0).content, "");
  EXPECT_TRUE(parse_multipart("--b--\r\n", "b")->empty());
}

TEST(Multipart, EveryTruncationIsRefused) {
  for (std::size_t size = 0; size < kWhole.size(); ++size) {
    EXPECT_FALSE(parse_multipart(std::string_view(kWhole).substr(0, size), "b1")) << size;
  }
  EXPECT_TRUE(parse_multipart(kWhole, "b1"));
  EXPECT_TRUE(parse_multipart(kWhole + "\r\n", "b1"));
  EXPECT_FALSE(parse_multipart(kWhole + "\r", "b1"));
}

TEST(Multipart, StrayTextIsRefused) {
  const std::string named = "Content-Disposition: form-data; name=a\r\n";
  EXPECT_NE(message_of("preamble\r\n" + form(named)).find("does not begin"), std::string::npos);
  EXPECT_NE(message_of(form(named) + "epilogue").find("after the last"), std::string::npos);
  EXPECT_NE(message_of("--bb\r\n" + named + "\r\nx\r\n--b--").find("line end"), std::string::npos);
  EXPECT_NE(message_of("--b\n" + named + "\r\nx\r\n--b--").find("line end"), std::string::npos);
  EXPECT_NE(message_of("\r\n" + form(named)).find("does not begin"), std::string::npos);
  EXPECT_EQ(message_of(form(named)), "");
}

TEST(Multipart, PartHeadersAreStrict) {
  const std::string named = "Content-Disposition: form-data; name=a\r\n";
  EXPECT_NE(message_of(form("")).find("no Content-Disposition"), std::string::npos);
  EXPECT_NE(message_of(form("Content-Type: a/b\r\n")).find("no Content-Disposition"),
            std::string::npos);
  EXPECT_NE(message_of(form(named + named)).find("two Content-Disposition"), std::string::npos);
  EXPECT_NE(message_of(form("Content-Disposition: attachment; name=a\r\n")).find("not form-data"),
            std::string::npos);
  EXPECT_NE(message_of(form(": x\r\n" + named)).find("without a name"), std::string::npos);
  EXPECT_NE(message_of(form("a b: x\r\n" + named)).find("without a name"), std::string::npos);
  EXPECT_NE(message_of(form("lonely\r\n" + named)).find("without a name"), std::string::npos);
  EXPECT_NE(message_of(form("X: a\nb\r\n" + named)).find("stray"), std::string::npos);
}

TEST(Multipart, ParametersAreStrict) {
  const auto with = [](const std::string& parameters) {
    return message_of(form("Content-Disposition: form-data" + parameters + "\r\n"));
  };
  EXPECT_NE(with("").find("lacks 'name='"), std::string::npos);
  EXPECT_NE(with("; filename=a").find("lacks 'name='"), std::string::npos);
  EXPECT_NE(with("; name=a; NAME=b").find("twice"), std::string::npos);
  for (const char* const bad : {"; name=", "; name", " name=a", "; =a", "; name=\"a",
                                R"(; name="a\")", "; name=a b", ";", "; name=a;", "x; name=a"}) {
    EXPECT_NE(with(bad), "") << bad;
  }
  EXPECT_EQ(with(";name=\"a b\" ; filename=\"\""), "");
}

TEST(Multipart, BoundsHold) {
  const std::string named = "Content-Disposition: form-data; name=a\r\n";
  const std::string part = "--b\r\n" + named + "\r\nx\r\n";
  std::string body;
  for (std::size_t i = 0; i < kMaxParts; ++i) body += part;
  EXPECT_EQ(parse_multipart(body + "--b--", "b")->size(), kMaxParts);
  EXPECT_NE(message_of(body + part + "--b--").find("more than 16 parts"), std::string::npos);

  const std::string padding(kMaxPartHeadBytes - named.size() - std::string("x: \r\n\r\n").size(),
                            'p');
  EXPECT_EQ(message_of(form("x: " + padding + "\r\n" + named)), "");
  EXPECT_NE(message_of(form("x: p" + padding + "\r\n" + named)).find("do not end"),
            std::string::npos);
}

TEST(Multipart, BoundaryOfAContentType) {
  EXPECT_EQ(boundary_of("multipart/form-data; boundary=abc").value(), "abc");
  EXPECT_EQ(
      boundary_of("Multipart/Form-Data ; charset=utf-8; Boundary=\"a b'()+_,-./:=?\"").value(),
      "a b'()+_,-./:=?");
  EXPECT_EQ(boundary_of("multipart/form-data;boundary=" + std::string(70, 'x')).value().size(),
            70U);
  for (const std::string& bad :
       {std::string(""), std::string("multipart/mixed; boundary=a"),
        std::string("multipart/form-data"), std::string("multipart/form-data; boundary="),
        std::string("multipart/form-data; boundary=\"\""),
        std::string("multipart/form-data; boundary=\"a \""),
        std::string("multipart/form-data; boundary=\"a\r\nb\""),
        std::string("multipart/form-data; boundary=a; boundary=b"),
        "multipart/form-data; boundary=" + std::string(71, 'x')}) {
    EXPECT_FALSE(boundary_of(bad)) << bad;
  }
}

// Whatever the bytes, the parts lie within them.
TEST(Multipart, MutationsNeverLeaveTheBody) {
  std::mt19937 random(1);
  int whole = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string body = kWhole;
    const auto edits = 1 + random() % 4;
    for (unsigned i = 0; i < edits; ++i)
      body[random() % body.size()] = "\r\n-b1:;=\" x"[random() % 11];
    const auto parts = parse_multipart(body, "b1");
    if (!parts) continue;
    ++whole;
    for (const Part& part : *parts) {
      ASSERT_GE(part.content.data(), body.data());
      ASSERT_LE(part.content.data() + part.content.size(), body.data() + body.size());
      ASSERT_EQ(part.content.find("\r\n--b1"), std::string_view::npos);
    }
  }
  EXPECT_GT(whole, 100);
}

}  // namespace
}  // namespace http
