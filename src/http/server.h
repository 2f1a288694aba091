// The two listeners: functions on one, administration on the other.
//
// Each loop accepts on the function listener by itself (SO_REUSEPORT); the admin listener is on
// loop 0. A connection is a Task on the loop that accepted it. One per process; `create`, `start`,
// `drain` and `close` are called from the main thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "catalog/keys.h"
#include "catalog/registry.h"
#include "database/pool.h"
#include "deploy/deployer.h"
#include "invoke/invoker.h"
#include "journal/journal.h"
#include "reactor/reactor.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "triggers/explanation.h"
#include "triggers/outbox.h"
#include "triggers/schedules.h"

namespace http {

struct Settings {
  std::string listen = "127.0.0.1:9400";  // port 0: the system chooses, see function_address()
  std::string admin_listen = "127.0.0.1:9401";
  std::uint64_t max_body_bytes = 6 * base::kMiB;  // of the function listener
  // Of all requests' bodies at once, and as much of all answers that are being sent; past it: 503.
  std::uint64_t max_buffered_bytes = 256 * base::kMiB;
  // Connections of the function listener; others wait until some close. 0: as many as the process
  // may have descriptors, less what files need.
  std::size_t max_connections = 0;
  std::uint32_t max_header_bytes = 16 * 1024;
  std::chrono::milliseconds header_timeout{
      10'000};  // from the first byte to the end of the headers: 408
  std::chrono::milliseconds body_timeout{30'000};  // for the whole body: 408
  std::chrono::milliseconds idle_timeout{60'000};  // between requests of a connection
  std::chrono::milliseconds write_timeout{30'000};
};

// What runs by itself, as administrators see it.
struct Events {
  triggers::Outbox& outbox;
  triggers::Schedules& schedules;
  triggers::Explainer& explainer;
  std::function<void()> wake;  // there may be something to run at once; any thread
};

// What the routes reach; all of it must outlive the Server.
struct Context {
  reactor::Reactor& reactor;
  catalog::Registry& registry;
  deploy::Deployer& deployer;
  invoke::Invoker& invoker;
  journal::Journal& journal;
  database::Pool& database;
  Events events;
  telemetry::Metrics& metrics;
  const telemetry::Log& log;
  const catalog::Keys& keys;
  // Makes a file with the server's data, the journal's too or not, for who deletes it. Blocks.
  std::function<base::Result<std::filesystem::path>(bool journal)> back_up;
};

class Server {
 public:
  // Binds both addresses: kUnavailable names the address and the reason.
  static base::Result<std::unique_ptr<Server>> create(Settings settings, Context context);
  virtual ~Server() = default;

  // "127.0.0.1:9400", with the port that was bound.
  [[nodiscard]] virtual std::string function_address() const = 0;
  [[nodiscard]] virtual std::string admin_address() const = 0;

  virtual void start() = 0;
  // Accepts no more; readyz answers 503; each connection closes after the answer under way.
  virtual void drain() = 0;
  [[nodiscard]] virtual std::size_t connections() const = 0;
  // Closes what is left. The loops must still run, or have been stopped.
  virtual void close() = 0;
};

}  // namespace http
