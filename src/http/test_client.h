// A client that says exactly what a test wants said, byte by byte, and reads what comes back.
// Blocking, with a bound of 10 s on every wait.
#pragma once

#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "http/text.h"

namespace http {

struct Reply {
  int status = 0;  // 0: the connection ended first
  std::string head;
  std::map<std::string, std::string> headers;
  std::string body;

  [[nodiscard]] std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

class TestClient {
 public:
  // "127.0.0.1:port".
  explicit TestClient(const std::string& address) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval limit{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(
        std::strtoul(address.substr(address.rfind(':') + 1).c_str(), nullptr, 10)));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0;
  }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;
  ~TestClient() { close(); }

  [[nodiscard]] bool connected() const { return connected_; }

  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  // The system would keep up to 32 MiB of an answer for it otherwise.
  void take_little() {
    const int bytes = 65536;
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
  }
  // Whether something is there to be read, which stays there.
  [[nodiscard]] bool hears() {
    char byte = 0;
    return ::recv(socket_, &byte, 1, MSG_PEEK) == 1;
  }
  void finish_sending() { ::shutdown(socket_, SHUT_WR); }

  // False when the other side takes no more.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // The next answer; `head_only` for that of a HEAD request.
  Reply read(bool head_only = false) {
    Reply reply;
    const std::optional<std::string> head = read_through("\r\n\r\n");
    if (!head) return reply;
    reply.head = *head;
    if (head->size() > 12) reply.status = std::atoi(head->c_str() + 9);
    parse_headers(reply);
    if (head_only || reply.status == 204 || reply.status == 304 || reply.status < 200) return reply;
    if (reply.headers.contains("content-length")) {
      reply.body = read_exactly(std::strtoul(reply.header("content-length").c_str(), nullptr, 10));
    }
    return reply;
  }

  Reply ask(std::string_view request) {
    send(request);
    return read();
  }

  // Whether something came that was not read yet, without waiting for it.
  [[nodiscard]] bool has_input() const {
    char byte = 0;
    return !input_.empty() || ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
  }

  // One piece of a chunked body; empty for the last, and when the connection ended.
  std::string read_chunk() {
    const std::optional<std::string> line = read_through("\r\n");
    if (!line) return {};
    const std::string chunk = read_exactly(std::strtoul(line->c_str(), nullptr, 16));
    read_exactly(2);
    return chunk;
  }

  std::string read_exactly(std::size_t size) {
    while (input_.size() < size && fill()) {
    }
    std::string out = input_.substr(0, size);
    input_.erase(0, out.size());
    return out;
  }

  // What is left until the other side closes. A wait without end fails the test.
  std::string read_to_end() {
    while (fill()) {
    }
    EXPECT_TRUE(ended_) << "the connection is still open";
    return std::exchange(input_, {});
  }

 private:
  std::optional<std::string> read_through(std::string_view mark) {
    std::size_t at = input_.find(mark);
    while (at == std::string::npos) {
      if (!fill()) return std::nullopt;
      at = input_.find(mark);
    }
    std::string out = input_.substr(0, at + mark.size());
    input_.erase(0, out.size());
    return out;
  }

  static void parse_headers(Reply& reply) {
    std::string_view rest = reply.head;
    rest.remove_prefix(rest.find("\r\n") + 2);
    while (rest != "\r\n") {
      const std::string_view line = rest.substr(0, rest.find("\r\n"));
      rest.remove_prefix(line.size() + 2);
      const std::size_t colon = line.find(':');
      std::string name(line.substr(0, colon));
      EXPECT_TRUE(reply.headers.emplace(name, trim(line.substr(colon + 1))).second)
          << name << " is there twice";
    }
  }

  bool fill() {
    char bytes[65536];
    const ssize_t read = ::recv(socket_, bytes, sizeof(bytes), 0);
    ended_ = read == 0 || (read < 0 && errno == ECONNRESET);
    if (read <= 0) return false;
    input_.append(bytes, static_cast<std::size_t>(read));
    return true;
  }

  int socket_;
  bool connected_ = false;
  bool ended_ = false;
  std::string input_;
};

}  // namespace http
