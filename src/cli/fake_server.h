// For the tests of this room: a server that answers what a test wants said and remembers what it
// was asked. One connection per request, as our client makes them.
#pragma once

#include <atomic>
#include <cstdlib>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace cli {

struct Asked {
  std::string line;  // "GET /x"
  std::string head;
  std::string body;
};

class FakeServer {
 public:
  FakeServer() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(socket_, 16), 0);
    EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;
  ~FakeServer() {
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }

  [[nodiscard]] std::string url() const { return fmt::format("http://127.0.0.1:{}", port_); }

  // What the next request of that line is answered with, byte by byte; the last one stays.
  void answer_raw(const std::string& line, std::string bytes) {
    const std::lock_guard lock(mutex_);
    answers_[line].push_back(std::move(bytes));
  }
  void answer(const std::string& line, int status, std::string_view body,
              std::string_view headers = "Content-Type: application/json\r\n") {
    answer_raw(line, fmt::format("HTTP/1.1 {} X\r\n{}Content-Length: {}\r\n\r\n{}", status, headers,
                                 body.size(), body));
  }
  // Hears the request, says nothing and keeps the connection open until the test ends.
  void never_answer(const std::string& line) { answer_raw(line, ""); }

  std::vector<Asked> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  std::vector<std::string> lines() {
    std::vector<std::string> out;
    for (const Asked& request : asked()) out.push_back(request.line);
    return out;
  }

 private:
  void serve() {
    std::vector<int> open;
    for (;;) {
      const int connection = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection < 0) break;
      const std::string answer = answer_to(read(connection));
      if (answer.empty()) {
        open.push_back(connection);
        continue;
      }
      ::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
      ::close(connection);
    }
    for (const int connection : open) ::close(connection);
  }

  static Asked read(int connection) {
    std::string bytes;
    char piece[65536];
    std::size_t end = std::string::npos;
    std::size_t length = 0;
    while (end == std::string::npos || bytes.size() < end + 4 + length) {
      const ssize_t got = ::recv(connection, piece, sizeof piece, 0);
      if (got <= 0) break;
      bytes.append(piece, static_cast<std::size_t>(got));
      end = bytes.find("\r\n\r\n");
      const std::size_t at = bytes.find("Content-Length: ");
      if (at < end) length = std::strtoul(bytes.c_str() + at + 16, nullptr, 10);
    }
    Asked asked;
    asked.line = bytes.substr(0, bytes.find(" HTTP/"));
    asked.head = bytes.substr(0, end);
    if (end != std::string::npos) asked.body = bytes.substr(end + 4);
    return asked;
  }

  std::string answer_to(Asked request) {
    const std::lock_guard lock(mutex_);
    auto& answers = answers_[request.line];
    asked_.push_back(std::move(request));
    if (answers.empty()) return "HTTP/1.1 599 Unexpected\r\nContent-Length: 0\r\n\r\n";
    const std::string answer = answers.front();
    if (answers.size() > 1) answers.pop_front();
    return answer;
  }

  int socket_;
  unsigned port_ = 0;
  std::mutex mutex_;
  std::map<std::string, std::deque<std::string>> answers_;
  std::vector<Asked> asked_;
  std::thread thread_;
};

}  // namespace cli
