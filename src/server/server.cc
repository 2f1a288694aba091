#include "server/server.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/id.h"
#include "catalog/keys.h"
#include "catalog/registry.h"
#include "database/pool.h"
#include "deploy/deployer.h"
#include "http/server.h"
#include "invoke/environment.h"
#include "invoke/invoker.h"
#include "journal/journal.h"
#include "reactor/reactor.h"
#include "sandbox/node_memory.h"
#include "sandbox/sandbox.h"
#include "server/backup.h"
#include "server/data_folder.h"
#include "server/preload.h"
#include "telemetry/metrics.h"
#include "triggers/clock.h"
#include "triggers/dispatcher.h"
#include "triggers/event_schema.h"
#include "triggers/explanation.h"
#include "triggers/installer.h"
#include "triggers/outbox.h"
#include "triggers/schedules.h"

namespace server {
namespace {

using base::Result;

// Short beside any grace period, and long enough to cost nothing.
constexpr std::chrono::milliseconds kDrainLook{10};
// Of the node's memory, for bodies of requests under way: functions have half of it, and the rest
// is SQLite's, the journal's and the connections'.
constexpr std::uint64_t kBodiesShare = 8;
constexpr std::uint64_t kMinSegment = 64 * base::kKiB;
constexpr std::uint64_t kMaxSegment = 16 * base::kMiB;

class RegistryModules final : public sandbox::ModuleSource {
 public:
  explicit RegistryModules(catalog::Registry& registry) : registry_(registry) {}
  Result<std::string> module(const base::Sha256& hash) override { return registry_.module(hash); }

 private:
  catalog::Registry& registry_;
};

unsigned loops_of(const Config& config) {
  return config.loops > 0 ? config.loops : std::max(1U, std::thread::hardware_concurrency());
}

// Each loop has one that is preallocated. Several times as many at any size, so that forgetting the
// oldest does not forget nearly all.
journal::Retention retention_of(const Config& config) {
  const JournalConfig& journal = config.journal;
  return {.segment_bytes =
              std::clamp(journal.max_bytes / (4 * loops_of(config)), kMinSegment, kMaxSegment),
          .total_bytes = journal.max_bytes,
          .age = journal.max_age};
}

class ComposedServer final : public Server {
 public:
  ComposedServer(Config config, std::filesystem::path program, const telemetry::Log& log,
                 DataFolder folder)
      : config_(std::move(config)),
        program_(std::move(program)),
        log_(log),
        folder_(std::move(folder)) {}
  ComposedServer(const ComposedServer&) = delete;
  ComposedServer& operator=(const ComposedServer&) = delete;
  ~ComposedServer() override { ComposedServer::stop(); }

  Result<void> open_storage();
  Result<void> find_tables() const;
  void tell_losses(std::uint64_t dropped, const std::string& reason) const;
  void open_triggers();
  void wake();
  reactor::Task<void> fire();
  reactor::Task<void> preload();
  Result<void> open_engine();
  Result<void> listen();
  Result<std::filesystem::path> back_up(bool journal) const;

  [[nodiscard]] const KeysFile& keys() const override { return keys_file_; }
  [[nodiscard]] bool made_keys() const override { return keys_.made_now; }

  void start() override;
  Drained drain(const Pause& pause) override;
  void stop() override;

 private:
  [[nodiscard]] bool idle() const {
    return http_->connections() == 0 && invoker_->admission().running() == 0 &&
           invoker_->admission().waiting() == 0 && dispatcher_->running() == 0;
  }

  // In order of making; members are destroyed in the reverse one.
  const Config config_;
  const std::filesystem::path program_;
  const telemetry::Log& log_;
  DataFolder folder_;
  std::optional<auth::MasterKey> master_;
  catalog::Keys keys_;
  KeysFile keys_file_;
  std::unique_ptr<catalog::Registry> registry_;
  std::unique_ptr<journal::Journal> journal_;
  telemetry::Metrics metrics_;
  std::unique_ptr<RegistryModules> modules_;
  std::unique_ptr<database::Pool> database_;   // outlives the Tasks that wait for it
  std::unique_ptr<reactor::Reactor> reactor_;  // stop() destroys it before what its Tasks use
  std::unique_ptr<sandbox::Sandbox> sandbox_;
  std::unique_ptr<triggers::Installer> installer_;
  std::unique_ptr<deploy::Deployer> deployer_;
  std::unique_ptr<invoke::Invoker> invoker_;
  std::unique_ptr<triggers::Outbox> outbox_;
  std::unique_ptr<triggers::Schedules> schedules_;
  std::unique_ptr<triggers::Explainer> explainer_;
  std::unique_ptr<triggers::Dispatcher> dispatcher_;
  std::unique_ptr<triggers::Clock> clock_;
  std::unique_ptr<http::Server> http_;
  std::atomic<bool> stopping_ = false;
};

Result<void> ComposedServer::open_storage() {
  if (folder_.is_open_to_others()) {
    log_.warn("others may look into the data folder: run chmod 700 on it",
              {{"data", folder_.path().string()}});
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_.temporary(), ignored);
  auto master = folder_.master_key(config_.master_key);
  if (!master) return base::fail(std::move(master.error()));
  master_ = std::move(*master);

  auto connection = database::open_sqlite(folder_.database(), database::SystemAccess());
  if (!connection) return base::fail(std::move(connection.error()));
  auto keys = catalog::load_or_make_keys(
      **connection, *master_,
      folder_.served_before() ? catalog::WhenMissing::kRefuse : catalog::WhenMissing::kMake);
  if (!keys) return base::fail(std::move(keys.error()));
  keys_ = std::move(*keys);
  auto registry = catalog::Registry::open(std::move(*connection));
  if (!registry) return base::fail(std::move(registry.error()));
  registry_ = std::move(*registry);
  if (auto found = find_tables(); !found) return found;

  auto journal = journal::Journal::open(
      folder_.journal(), retention_of(config_), loops_of(config_),
      [this](std::uint64_t dropped, const std::string& reason) { tell_losses(dropped, reason); });
  if (!journal) return base::fail(std::move(journal.error()));
  journal_ = std::move(*journal);
  if (const std::size_t files = journal_->set_aside(); files > 0) {
    log_.warn(
        "files of the journal were damaged and are set aside: their invocations are lost",
        {{"files", std::to_string(files)}, {"aside", (folder_.journal() / "*.damaged").string()}});
  }
  return {};
}

// What is damaged but there is for the calls that ask it to say: the server serves without it, too.
Result<void> ComposedServer::find_tables() const {
  const std::filesystem::path file = folder_.user_database();
  std::error_code error;
  const auto type = std::filesystem::status(file, error).type();
  const bool empty = type == std::filesystem::file_type::regular &&
                     std::filesystem::file_size(file, error) == 0 && !error;
  if (type != std::filesystem::file_type::not_found && !empty) return {};
  if (folder_.served_before()) {
    return base::fail(base::Code::kStorage,
                      file.string() +
                          " was lost or emptied, though a server has run in this folder, and with "
                          "it all tables, policies and events. Restore it from a backup; or, to "
                          "begin without any, delete keys.json");
  }
  if (auto made = database::open_sqlite(file, database::SystemAccess()); !made) {
    return base::fail(std::move(made.error()));
  }
  return {};
}

void ComposedServer::tell_losses(std::uint64_t dropped, const std::string& reason) const {
  log_.warn("invocations cannot be written to the journal",
            {{"folder", folder_.journal().string()},
             {"reason", reason},
             {"lost_since_the_start", std::to_string(dropped)}});
}

Result<void> ComposedServer::open_engine() {
  reactor_ = std::make_unique<reactor::Reactor>(loops_of(config_), config_.blocking_threads);
  // The file is opened when it is first asked for: a server serves without it, too.
  database_ =
      database::open_sqlite_pool(folder_.user_database(), static_cast<unsigned>(reactor_->size()),
                                 reactor_->blocking(), {triggers::kEventSchema});
  modules_ = std::make_unique<RegistryModules>(*registry_);
  auto sandbox = sandbox::Sandbox::create({.code_folder = folder_.code(),
                                           .compiler_program = program_,
                                           .max_instances = config_.limits.max_concurrency,
                                           .node_memory_bytes = config_.limits.node_memory},
                                          *master_, *modules_, *database_, reactor_->blocking(),
                                          reactor_->long_work());
  if (!sandbox) return base::fail(std::move(sandbox.error()));
  sandbox_ = std::move(*sandbox);
  return {};
}

Result<void> ComposedServer::listen() {
  installer_ = std::make_unique<triggers::Installer>(*database_, *registry_, log_);
  deployer_ = std::make_unique<deploy::Deployer>(
      *registry_, *sandbox_, *installer_, reactor_->long_work(),
      deploy::Settings{.max_module_bytes = config_.limits.max_module});
  invoker_ = std::make_unique<invoke::Invoker>(
      *registry_, *sandbox_, *journal_, metrics_,
      invoke::Admission::Settings{.max_running = config_.limits.max_concurrency,
                                  .max_per_function = config_.limits.max_concurrency_per_function,
                                  .max_waiting = config_.limits.max_queue,
                                  .max_wait = config_.limits.max_queue_wait},
      // Called with the first invocation, when the URL is known.
      [this](const catalog::Config& config) {
        return invoke::function_environment(config, keys_, keys_file_.url);
      });
  metrics_.watch("functions_memory_used_bytes",
                 [this] { return static_cast<double>(sandbox_->live().memory_bytes); });
  metrics_.watch("functions_memory_budget_bytes",
                 [this] { return static_cast<double>(sandbox_->live().memory_budget_bytes); });
  metrics_.watch("functions_triggers_faulty",
                 [this] { return static_cast<double>(installer_->faults().size()); });
  open_triggers();
  http::Settings settings;
  settings.listen = config_.listen;
  settings.admin_listen = config_.admin_listen;
  settings.max_body_bytes = config_.limits.max_body;
  // At least a deployment beside a call.
  settings.max_buffered_bytes =
      std::max(sandbox::node_memory_bytes() / kBodiesShare,
               config_.limits.max_body + config_.limits.max_module + 2 * base::kMiB);
  auto http = http::Server::create(std::move(settings),
                                   {.reactor = *reactor_,
                                    .registry = *registry_,
                                    .deployer = *deployer_,
                                    .invoker = *invoker_,
                                    .journal = *journal_,
                                    .database = *database_,
                                    .events = {.outbox = *outbox_,
                                               .schedules = *schedules_,
                                               .explainer = *explainer_,
                                               .wake = [this] { wake(); }},
                                    .metrics = metrics_,
                                    .log = log_,
                                    .keys = keys_,
                                    .back_up = [this](bool journal) { return back_up(journal); }});
  if (!http) return base::fail(std::move(http.error()));
  http_ = std::move(*http);
  keys_file_ = {.anon_key = keys_.anon_key,
                .service_role_key = keys_.service_role_key,
                .jwt_secret = keys_.signing.jwt_secret,
                .url = local_url_of(http_->function_address()),
                .admin_url = local_url_of(http_->admin_address())};
  auto written = folder_.write_keys_file(keys_file_);
  // The first start's says that there was one.
  if (written || !folder_.served_before()) return written;
  log_.warn("keys.json is an earlier start's: commands may look for the server where it was then",
            {{"error", written.error().message}});
  return {};
}

Result<std::filesystem::path> ComposedServer::back_up(bool journal) const {
  std::error_code error;
  std::filesystem::create_directories(folder_.temporary(), error);  // what fails shows below
  const auto file = folder_.temporary() / (base::make_uuid() + ".tar");
  const auto parts =
      server::back_up(folder_.path(), file,
                      {.master_key = MasterKeyPart::kLeftOut,
                       .journal = journal ? JournalPart::kIncluded : JournalPart::kLeftOut});
  if (!parts) return base::fail(parts.error());
  return file;
}

void ComposedServer::open_triggers() {
  outbox_ = std::make_unique<triggers::Outbox>(
      *database_, base::make_uuid(),
      triggers::Outbox::Settings{.keep_delivered = config_.events.keep_delivered});
  schedules_ = std::make_unique<triggers::Schedules>(*database_, *outbox_, *registry_);
  explainer_ = std::make_unique<triggers::Explainer>(*database_, *outbox_, *registry_);
  dispatcher_ = std::make_unique<triggers::Dispatcher>(
      triggers::Dispatcher::Rooms{.outbox = *outbox_,
                                  .pool = *database_,
                                  .registry = *registry_,
                                  .invoker = *invoker_,
                                  .reactor = *reactor_,
                                  .metrics = metrics_,
                                  .log = log_},
      triggers::Dispatcher::Settings{.max_running = config_.events.max_running,
                                     .share = std::max(1U, config_.events.max_running / 4),
                                     .lease = config_.events.lease});
  clock_ = std::make_unique<triggers::Clock>(*database_, reactor_->loop(0), metrics_, log_);
  database_->on_commit([this] {
    if (installer_->fires()) dispatcher_->wake();
  });
  installer_->on_change([this] { clock_->wake(); });
}

// An administrator asks for more than what commits of rows bring: these wake only where something
// fires on them.
void ComposedServer::wake() {
  dispatcher_->wake();
  clock_->wake();
}

// What a crash left between the registry and the database is made good first.
reactor::Task<void> ComposedServer::fire() {
  if (auto installed = co_await installer_->reconcile(reactor_->loop(0)); !installed) {
    log_.warn("triggers cannot be looked at", {{"error", installed.error().message}});
  }
  dispatcher_->start();
  clock_->start();
}

// So that the first calls after a restart do not wait for it; those that come before are served,
// too.
reactor::Task<void> ComposedServer::preload() {
  const std::vector<base::Sha256> modules = co_await reactor_->blocking().run(
      [this] { return modules_to_preload(registry_->list(), *journal_); });
  std::size_t mapped = 0;
  for (const base::Sha256& module : modules) {
    if (stopping_) co_return;
    const base::Result<bool> loaded =
        co_await reactor_->long_work().run([this, module] { return sandbox_->preload(module); });
    if (!loaded) log_.warn("a function is not ready", {{"error", loaded.error().message}});
    if (loaded && !*loaded) break;
    if (loaded) ++mapped;
  }
  co_await reactor_->long_work().run([this] {
    // Where the registry cannot be read, more is kept than is of use.
    if (const auto used = registry_->modules(); used) sandbox_->keep_code_of(*used);
    return Result<void>();
  });
  log_.info("functions are mapped", {{"modules", std::to_string(mapped)},
                                     {"left_out", std::to_string(modules.size() - mapped)}});
}

void ComposedServer::start() {
  http_->start();
  reactor_->start();
  reactor_->loop(0).spawn(preload());
  reactor_->loop(0).spawn(fire());
  log_.info("serving", {{"url", keys_file_.url},
                        {"admin_url", keys_file_.admin_url},
                        {"data", folder_.path().string()},
                        {"functions", std::to_string(registry_->list().size())}});
}

Drained ComposedServer::drain(const Pause& pause) {
  log_.info("draining", {{"connections", std::to_string(http_->connections())},
                         {"running", std::to_string(invoker_->admission().running())},
                         {"waiting", std::to_string(invoker_->admission().waiting())}});
  stopping_ = true;
  http_->drain();
  clock_->stop();
  dispatcher_->drain();
  const auto grace = base::Deadline::after(config_.limits.drain_grace);
  while (!idle() && !grace.expired()) pause(kDrainLook);
  if (idle()) return Drained::kAll;
  log_.warn("the grace period is over: calls under way are ended",
            {{"connections", std::to_string(http_->connections())},
             {"running", std::to_string(invoker_->admission().running())}});
  // Whoever still waits for a place is told so now; nobody may wait when the loops go.
  invoker_->admission().drain();
  while (invoker_->admission().waiting() > 0) pause(kDrainLook);
  return Drained::kGraceOver;
}

// The loops go before what their Tasks hold places, instances and connections of. The pool's work
// is done by then, and nothing is left that could ask it for more. The database's writer answers to
// loops: it ends when they no longer run and before they are gone.
void ComposedServer::stop() {
  if (!reactor_) return;
  stopping_ = true;
  if (invoker_) invoker_->admission().drain();
  if (http_) http_->close();
  reactor_->stop();
  if (database_) database_->stop();
  http_.reset();
  dispatcher_.reset();
  clock_.reset();
  reactor_.reset();
}

}  // namespace

Result<std::unique_ptr<Server>> Server::open(const Config& config, std::filesystem::path program,
                                             const telemetry::Log& log) {
  auto folder = DataFolder::open(config.data);
  if (!folder) return base::fail(std::move(folder.error()));
  auto server =
      std::make_unique<ComposedServer>(config, std::move(program), log, std::move(*folder));
  for (auto step :
       {&ComposedServer::open_storage, &ComposedServer::open_engine, &ComposedServer::listen}) {
    if (auto done = (server.get()->*step)(); !done) return base::fail(std::move(done.error()));
  }
  return server;
}

}  // namespace server
