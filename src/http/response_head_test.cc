#include "http/response_head.h"

#include <string>

#include <gtest/gtest.h>

namespace http {
namespace {

std::string head_of(const Answer& answer, const HeadOptions& options = {}) {
  std::string out;
  append_head(out, answer, options);
  return out;
}

Answer plain(int status, std::string body = {}) {
  return {.status = status, .headers = {}, .body = std::move(body), .stream = nullptr};
}

TEST(ResponseHead, FramesByLengthChunksOrTheEnd) {
  const Answer answer = plain(200, "four");
  EXPECT_EQ(
      head_of(answer, {.request_id = "id", .date = "now", .connection = Connection::kKeepAlive}),
      "HTTP/1.1 200 OK\r\ncontent-length: 4\r\nx-request-id: id\r\ndate: now\r\n\r\n");
  EXPECT_EQ(head_of(answer, {.request_id = {}, .framing = Framing::kChunked}),
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n");
  EXPECT_EQ(head_of(answer, {.request_id = {}, .framing = Framing::kUntilClose}),
            "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
}

TEST(ResponseHead, SomeStatusesHaveNoLength) {
  EXPECT_EQ(head_of(plain(204, "x")).find("content-length"), std::string::npos);
  EXPECT_EQ(head_of(plain(304, "x")).find("content-length"), std::string::npos);
  EXPECT_NE(head_of(plain(205)).find("content-length: 0"), std::string::npos);
  EXPECT_TRUE(head_of(plain(299)).starts_with("HTTP/1.1 299 \r\n"));
}

TEST(ResponseHead, KeepAliveIsSaidToHttp10) {
  const HeadOptions options{
      .request_id = {}, .connection = Connection::kKeepAlive, .http11 = false};
  EXPECT_NE(head_of(plain(200), options).find("connection: keep-alive\r\n"), std::string::npos);
}

TEST(ResponseHead, NothingOfAnAnswerBreaksTheHead) {
  Answer answer = plain(200, "four");
  answer.headers = {{"Content-Length", "9"},
                    {"TRANSFER-ENCODING", "chunked"},
                    {"x-request-id", "a"},
                    {"Date", "never"},
                    {"x", "a\r\nb: c"},
                    {"y", std::string("a\0b", 3)},
                    {"", "a"},
                    {"a:b", "c"},
                    {"set-cookie", "1"},
                    {"set-cookie", "2"}};
  EXPECT_EQ(head_of(answer),
            "HTTP/1.1 200 OK\r\nset-cookie: 1\r\nset-cookie: 2\r\ncontent-length: 4\r\n"
            "connection: close\r\n\r\n");
}

}  // namespace
}  // namespace http
