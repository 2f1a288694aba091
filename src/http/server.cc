#include "http/server.h"

#include <algorithm>
#include <future>
#include <limits>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <sys/resource.h>

#include "http/address.h"
#include "http/admin_routes.h"
#include "http/function_routes.h"
#include "http/listener.h"
#include "http/shared_state.h"

namespace http {
namespace {

using Endpoint = Listener::Endpoint;

constexpr std::chrono::milliseconds kStopCheck{20};
// Descriptors for the database, the journal, compilations and what else is no connection: `roost
// doctor` reckons with as many.
constexpr std::size_t kOwnFiles = 256;
// Connections of the admin listener when functions' callers have all of theirs: an administrator
// gets to see it.
constexpr std::size_t kAdminConnections = 32;

std::size_t max_connections_of(const Settings& settings) {
  if (settings.max_connections > 0) return settings.max_connections;
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return std::numeric_limits<std::size_t>::max() / 2;
  const auto all = static_cast<std::size_t>(std::min<rlim_t>(files.rlim_cur, 1U << 30U));
  return all - std::min(kOwnFiles, all / 2);
}

base::Error cannot_listen(const std::string& address, const std::string& reason) {
  return {base::Code::kUnavailable, fmt::format("cannot listen on {}: {}", address, reason)};
}

class ListeningServer final : public Server {
 public:
  ListeningServer(Settings settings, Context context)
      : shared_(std::make_shared<SharedState>(std::move(settings), context)) {}
  ListeningServer(const ListeningServer&) = delete;
  ListeningServer& operator=(const ListeningServer&) = delete;
  ~ListeningServer() override { close(); }

  base::Result<void> bind();

  [[nodiscard]] std::string function_address() const override { return function_address_; }
  [[nodiscard]] std::string admin_address() const override { return admin_address_; }
  [[nodiscard]] std::size_t connections() const override { return shared_->connections; }

  void start() override;
  void drain() override;
  void close() override;

 private:
  // One listener on each of the first `loops` loops; the address that they share.
  base::Result<std::string> listen(const std::string& address, std::size_t loops,
                                   const std::shared_ptr<Routes>& routes,
                                   std::size_t max_connections);
  // Runs the action on the loop of each listener and waits for it.
  void on_each(void (Listener::*action)());

  const std::shared_ptr<SharedState> shared_;
  std::vector<std::shared_ptr<Listener>> listeners_;
  std::string function_address_;
  std::string admin_address_;
  bool started_ = false;
};

base::Result<void> ListeningServer::bind() {
  const base::Result<Address> admin = parse_address(shared_->settings.admin_listen);
  if (!admin) return base::fail(admin.error());
  const std::size_t max_connections = max_connections_of(shared_->settings);
  base::Result<std::string> bound =
      listen(shared_->settings.listen, shared_->context.reactor.size(),
             std::make_shared<FunctionRoutes>(*shared_), max_connections);
  if (!bound) return base::fail(std::move(bound.error()));
  function_address_ = std::move(*bound);
  bound = listen(shared_->settings.admin_listen, 1,
                 std::make_shared<AdminRoutes>(*shared_, admin->host),
                 max_connections + kAdminConnections);
  if (!bound) return base::fail(std::move(bound.error()));
  admin_address_ = std::move(*bound);
  return {};
}

base::Result<std::string> ListeningServer::listen(const std::string& address, std::size_t loops,
                                                  const std::shared_ptr<Routes>& routes,
                                                  std::size_t max_connections) {
  const base::Result<Address> parsed = parse_address(address);
  if (!parsed) return base::fail(parsed.error());
  base::Result<Endpoint> endpoint = resolve(*parsed);
  if (!endpoint) return base::fail(cannot_listen(address, endpoint.error().message));
  for (std::size_t i = 0; i < loops; ++i) {
    auto listener = std::make_shared<Listener>(shared_->context.reactor.loop(i), routes, shared_,
                                               max_connections);
    // The first of port 0 fixes the port of the rest.
    endpoint = listener->bind(*endpoint, i == 0 ? Listener::Port::kTaken : Listener::Port::kShared);
    if (!endpoint) return base::fail(cannot_listen(address, endpoint.error().message));
    listeners_.push_back(std::move(listener));
  }
  return to_text(*endpoint);
}

void ListeningServer::on_each(void (Listener::*action)()) {
  for (const auto& listener : listeners_) {
    if (!started_ || listener->loop().context().stopped()) {
      (listener.get()->*action)();
      continue;
    }
    const auto done = std::make_shared<std::promise<void>>();
    listener->loop().post([listener, action, done] {
      (listener.get()->*action)();
      done->set_value();
    });
    // A loop that stops before it comes to this has nothing running that the action could reach.
    const std::future<void> ended = done->get_future();
    while (ended.wait_for(kStopCheck) != std::future_status::ready &&
           !listener->loop().context().stopped()) {
    }
  }
}

void ListeningServer::start() {
  started_ = true;
  for (const auto& listener : listeners_) {
    listener->loop().post([listener] { listener->start(); });
  }
}

void ListeningServer::drain() {
  shared_->draining = true;
  on_each(&Listener::drain);
}

void ListeningServer::close() { on_each(&Listener::close); }

}  // namespace

base::Result<std::unique_ptr<Server>> Server::create(Settings settings, Context context) {
  auto server = std::make_unique<ListeningServer>(std::move(settings), context);
  if (base::Result<void> bound = server->bind(); !bound) {
    return base::fail(std::move(bound.error()));
  }
  return server;
}

}  // namespace http
