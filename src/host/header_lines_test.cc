#include "host/header_lines.h"

#include <string>

#include <gtest/gtest.h>

namespace host {
namespace {

TEST(HeaderLines, ReadsWhatPeopleWrite) {
  const auto headers =
      parse_header_lines("Content-Type:text/plain\r\n\nx-empty:\nSet-Cookie: a=b; c:d");
  ASSERT_TRUE(headers);
  EXPECT_EQ(
      *headers,
      (NameValues{{"content-type", "text/plain"}, {"x-empty", ""}, {"set-cookie", "a=b; c:d"}}));
  EXPECT_TRUE(parse_header_lines("")->empty());
}

TEST(HeaderLines, RefusesWhatWouldSplitOrForge) {
  for (const std::string text :
       {"no colon", ": no name", "a b: space in the name", "a : space before the colon",
        "x-a: b\rSet-Cookie: c", "x\x80: not a token", "Content-Length: 5",
        "transfer-encoding: chunked", "CONNECTION: close", "x-request-id: mine"}) {
    const auto headers = parse_header_lines(text);
    ASSERT_FALSE(headers) << text;
    EXPECT_EQ(headers.error().code, base::Code::kBadResponse);
  }
  EXPECT_FALSE(parse_header_lines(std::string("x: a\0b", 6)));
}

TEST(HeaderLines, NamesTheLineAndBoundsTheirNumber) {
  const auto headers = parse_header_lines("a: 1\nb\n");
  ASSERT_FALSE(headers);
  EXPECT_NE(headers.error().message.find("line 2"), std::string::npos) << headers.error().message;
  std::string many;
  for (int i = 0; i < 100; ++i) many += "a: 1\n";
  EXPECT_TRUE(parse_header_lines(many));
  EXPECT_FALSE(parse_header_lines(many + "a: 1"));
}

}  // namespace
}  // namespace host
