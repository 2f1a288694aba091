// One listening socket on one loop, and the connections that it accepted.
//
// Held by its Server and by each of its connections. All methods but the constructor and `bind` are
// called on the loop, or when the loop has stopped for good.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>
#include <unordered_set>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "base/error.h"
#include "http/http_date.h"
#include "http/routes.h"
#include "http/session.h"
#include "http/shared_state.h"
#include "reactor/loop.h"

namespace http {

class Listener : public std::enable_shared_from_this<Listener> {
 public:
  using Endpoint = boost::asio::ip::tcp::endpoint;

  // The loop must outlive it. It accepts while all listeners have fewer than `max_connections`
  // together, or a few more where several loops accept at the same moment.
  Listener(reactor::Loop& loop, std::shared_ptr<Routes> routes, std::shared_ptr<SharedState> shared,
           std::size_t max_connections);

  // kTaken: the port is nobody else's; of two servers that ask at the same moment one has it, or
  // neither. kShared: with the listener that took it.
  enum class Port { kTaken, kShared };

  // Returns the endpoint with the port that was bound. kUnavailable.
  base::Result<Endpoint> bind(const Endpoint& endpoint, Port port);

  void start();
  void drain();
  void close();

  [[nodiscard]] reactor::Loop& loop() const { return loop_; }

 private:
  class Membership;

  static reactor::Task<void> accept(std::shared_ptr<Listener> self);
  static reactor::Task<void> serve(std::shared_ptr<Listener> self, Session::Socket socket);
  static reactor::Task<void> sweep(std::shared_ptr<Listener> self);

  void notice_leaving();
  // At most once a minute, whichever listener finds it.
  void warn(std::string_view message, std::string_view reason) const;

  reactor::Loop& loop_;
  const std::shared_ptr<Routes> routes_;
  const std::shared_ptr<SharedState> shared_;
  const std::size_t max_connections_;
  const std::chrono::milliseconds tick_;
  boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, reactor::Executor> acceptor_;
  std::unordered_set<Session*> sessions_;
  DateText date_;  // a tick late at most
  bool closed_ = false;
};

}  // namespace http
