#include "http/listener.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <sys/socket.h>

namespace http {
namespace {

namespace asio = boost::asio;
using reactor::kAwait;
using reactor::Task;

// When there are no more connections to be had, the next try waits for some to be closed.
constexpr std::chrono::milliseconds kAcceptPause{50};
constexpr std::chrono::minutes kWarningPause{1};
constexpr std::string_view kAllTaken =
    "new connections have to wait until others close: raise LimitNOFILE, see roost doctor";

// An option as Asio wants them (its "SettableSocketOption"): it has none for this one.
class ReusePort {
 public:
  explicit ReusePort(bool on) : value_(on ? 1 : 0) {}
  template <class Protocol>
  [[nodiscard]] int level(const Protocol&) const {
    return SOL_SOCKET;
  }
  template <class Protocol>
  [[nodiscard]] int name(const Protocol&) const {
    return SO_REUSEPORT;
  }
  template <class Protocol>
  [[nodiscard]] const int* data(const Protocol&) const {
    return &value_;
  }
  template <class Protocol>
  [[nodiscard]] std::size_t size(const Protocol&) const {
    return sizeof(value_);
  }

 private:
  int value_;
};

// A timeout is late by one tick at most: a quarter of the shortest, between 5 ms and half a second.
std::chrono::milliseconds tick_of(const Settings& settings) {
  using std::chrono::milliseconds;
  const milliseconds shortest = std::min({settings.header_timeout, settings.body_timeout,
                                          settings.idle_timeout, settings.write_timeout});
  return std::clamp(shortest / 4, milliseconds(5), milliseconds(500));
}

}  // namespace

// Counts a connection for as long as its frame lives, be it resumed to its end or destroyed with
// its loop.
class Listener::Membership {
 public:
  Membership(Listener& listener, Session& session) : listener_(listener), session_(session) {
    listener_.sessions_.insert(&session_);
    ++listener_.shared_->connections;
  }
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;
  ~Membership() {
    listener_.sessions_.erase(&session_);
    --listener_.shared_->connections;
  }

 private:
  Listener& listener_;
  Session& session_;
};

Listener::Listener(reactor::Loop& loop, std::shared_ptr<Routes> routes,
                   std::shared_ptr<SharedState> shared, std::size_t max_connections)
    : loop_(loop),
      routes_(std::move(routes)),
      shared_(std::move(shared)),
      max_connections_(max_connections),
      tick_(tick_of(shared_->settings)),
      acceptor_(loop.executor()) {}

// SO_REUSEPORT lets any other server of this user in without a word, and before `listen` so does
// SO_REUSEADDR: a socket without the first finds out at its `listen` that it came second.
base::Result<Listener::Endpoint> Listener::bind(const Endpoint& endpoint, Port port) {
  try {
    acceptor_.open(endpoint.protocol());
    acceptor_.set_option(asio::socket_base::reuse_address(true));
    if (port == Port::kShared) acceptor_.set_option(ReusePort(true));
    acceptor_.bind(endpoint);
    acceptor_.listen();
    if (port == Port::kTaken) acceptor_.set_option(ReusePort(true));
    return acceptor_.local_endpoint();
  } catch (const boost::system::system_error& error) {
    return base::fail(base::Code::kUnavailable, error.code().message());
  }
}

void Listener::start() {
  date_.see(std::chrono::system_clock::now());
  loop_.spawn(accept(shared_from_this()));
  loop_.spawn(sweep(shared_from_this()));
}

void Listener::drain() {
  boost::system::error_code ignored;
  std::ignore = acceptor_.close(ignored);
  for (Session* session : sessions_) session->drain();
}

void Listener::close() {
  closed_ = true;
  boost::system::error_code ignored;
  std::ignore = acceptor_.close(ignored);
  for (Session* session : sessions_) session->close();
}

void Listener::warn(std::string_view message, std::string_view reason) const {
  const auto now = base::Deadline::Clock::now();
  auto next = shared_->next_warning.load();
  if (now < next || !shared_->next_warning.compare_exchange_strong(next, now + kWarningPause)) {
    return;
  }
  shared_->context.log.warn(message, {{"reason", std::string(reason)},
                                      {"connections", std::to_string(shared_->connections)}});
}

Task<void> Listener::accept(std::shared_ptr<Listener> self) {
  while (self->acceptor_.is_open()) {
    if (self->shared_->connections >= self->max_connections_) {
      self->warn(kAllTaken, "the descriptors that are left are for files");
      co_await self->loop_.sleep_until(base::Deadline::after(kAcceptPause));
      continue;
    }
    boost::system::error_code error;
    Session::Socket socket(self->loop_.executor());
    co_await self->acceptor_.async_accept(socket, asio::redirect_error(kAwait, error));
    if (!error) {
      self->loop_.spawn(serve(self, std::move(socket)));
    } else if (self->acceptor_.is_open()) {
      const bool taken = error == asio::error::no_descriptors ||
                         error == boost::system::errc::too_many_files_open_in_system;
      self->warn(taken ? kAllTaken : "cannot accept a connection", error.message());
      co_await self->loop_.sleep_until(base::Deadline::after(kAcceptPause));
    }
  }
}

Task<void> Listener::serve(std::shared_ptr<Listener> self, Session::Socket socket) {
  Session session(std::move(socket), self->loop_, *self->routes_, *self->shared_, self->date_);
  const Membership membership(*self, session);
  if (self->closed_) co_return;
  co_await session.run();
}

// Who waits for a place and has gone makes room for others. While nobody waits, nobody is asked.
void Listener::notice_leaving() {
  invoke::Admission& admission = shared_->context.invoker.admission();
  if (!admission.somebody_waits()) return;
  bool any = false;
  for (Session* session : sessions_) any = session->notices_leaving() || any;
  if (any) admission.dismiss_gone();
}

Task<void> Listener::sweep(std::shared_ptr<Listener> self) {
  while (!self->closed_ || !self->sessions_.empty()) {
    co_await self->loop_.sleep_until(base::Deadline::after(self->tick_));
    self->date_.see(std::chrono::system_clock::now());
    const auto now = base::Deadline::Clock::now();
    for (Session* session : self->sessions_) session->sweep(now);
    self->notice_leaving();
  }
}

}  // namespace http
