// For tests: one server's triggers over a folder, as many as a test wants over the same one.
//
// Pool, registry, outbox, installer, dispatcher and clock are the real ones; the sandbox does what
// the test says. `NodeTest` gives what is common.
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "base/id.h"
#include "catalog/registry.h"
#include "database/connection.h"
#include "database/pool.h"
#include "database/test_folder.h"
#include "invoke/invoker.h"
#include "journal/journal.h"
#include "reactor/reactor.h"
#include "sandbox/sandbox.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "triggers/clock.h"
#include "triggers/dispatcher.h"
#include "triggers/event_schema.h"
#include "triggers/installer.h"
#include "triggers/outbox.h"
#include "triggers/rows.h"

namespace triggers {

// Whether it became true within ten seconds.
template <class Condition>
bool eventually(const Condition& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

// What a run was given.
struct SeenRun {
  std::string key;
  std::string function;
  boost::json::object event;
  auth::Principal principal;
  int depth = 0;
  int version = 0;
};

class PlayedSandbox final : public sandbox::Sandbox {
 public:
  using Play = std::function<reactor::Task<base::Result<host::Response>>(reactor::Loop&,
                                                                         sandbox::CallRequest)>;

  reactor::Task<sandbox::CallResult> call(reactor::Loop& loop,
                                          sandbox::CallRequest request) override {
    if (notes) note(request);
    base::Result<host::Response> response;
    if (play) response = co_await play(loop, request);
    co_return sandbox::CallResult{
        .response = std::move(response), .backtrace = {}, .usage = {}, .lines = {"a line"}};
  }
  base::Result<void> prepare(std::string_view, const catalog::Limits&) override { return {}; }
  base::Result<bool> preload(const base::Sha256&) override { return true; }
  void keep_code_of(const std::set<base::Sha256>&) override {}
  [[nodiscard]] Live live() const override { return {}; }

  [[nodiscard]] std::vector<SeenRun> seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

  Play play;  // set before the first event; else each run succeeds at once
  bool notes = true;

 private:
  void note(const sandbox::CallRequest& request) {
    SeenRun run;
    run.event = boost::json::parse(request.event.captured).as_object();
    if (const auto* id = run.event.if_contains("id")) run.key = id->as_string();
    run.principal = request.principal;
    run.depth = request.depth;
    run.version = static_cast<int>(request.limits.log_bytes);  // as the test's config says
    const std::lock_guard lock(mutex_);
    seen_.push_back(std::move(run));
  }

  std::mutex mutex_;
  std::vector<SeenRun> seen_;
};

inline base::Result<host::Response> succeeded() {
  return host::Response{.status = 200, .headers = {}, .body = {}};
}

class Node {
 public:
  explicit Node(const database::TestFolder& folder, Dispatcher::Settings settings = {},
                Outbox::Settings outbox = {})
      : pool_(database::open_sqlite_pool(folder / "data.db", 1, reactor_->blocking(),
                                         {kEventSchema})),
        registry_(*catalog::Registry::open(
            *database::open_sqlite(folder / "roost.db", database::SystemAccess{}))),
        journal_(*journal::Journal::open(folder / ("journal-" + base::make_uuid()), {})),
        invoker_(*registry_, sandbox_, *journal_, metrics_, invoke::Admission::Settings{},
                 [](const catalog::Config& config) { return config.environment; }),
        outbox_(*pool_, base::make_uuid(), outbox),
        installer_(*pool_, *registry_, log_),
        dispatcher_(std::make_unique<Dispatcher>(
            Dispatcher::Rooms{outbox_, *pool_, *registry_, invoker_, *reactor_, metrics_, log_},
            settings)),
        clock_(std::make_unique<Clock>(*pool_, reactor_->loop(0), metrics_, log_)) {
    pool_->on_commit([this] { dispatcher_->wake(); });
    installer_.on_change([this] { clock_->wake(); });
    reactor_->start();
  }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node() {
    die();
    dispatcher_.reset();
    clock_.reset();
    reactor_.reset();
  }

  // Without a word to the others, as a process that is killed.
  void die() {
    if (std::exchange(dead_, true)) return;
    reactor_->stop();
    pool_->stop();
  }

  // The next version of the function, with these triggers.
  void deploy(const std::string& name, const std::vector<std::string>& triggers) {
    catalog::Config config;
    config.name = name;
    for (const std::string& text : triggers) {
      auto trigger = catalog::Trigger::parse(text);
      ASSERT_TRUE(trigger) << trigger.error().message;
      config.triggers.push_back(std::move(*trigger));
    }
    const auto before = registry_->find(name);
    config.limits.log_bytes = before ? static_cast<std::uint64_t>(before->version.number + 1) : 1;
    auto checked = await(installer_.check(loop(), config));
    ASSERT_TRUE(checked) << checked.error().message;
    auto stored =
        before ? registry_->deploy(config, "module") : registry_->create(config, "module");
    ASSERT_TRUE(stored) << stored.error().message;
    reconcile();
  }
  void reconcile() {
    auto installed = await(installer_.reconcile(loop()));
    ASSERT_TRUE(installed) << installed.error().message;
  }

  // A script as the administrator.
  void sql(const std::string& script) {
    auto done = await(pool_->administer(loop(), database::SystemAccess(), script, {}));
    ASSERT_TRUE(done) << done.error().message << "\n" << script;
  }
  // A statement on Roost's own tables.
  void own(const std::string& statement) { rows(statement); }
  std::vector<database::Row> rows(const std::string& query) {
    auto found = await(pool_->run(loop(), database::SystemAccess(), {{query, {}}}, {}));
    EXPECT_TRUE(found) << found.error().message << "\n" << query;
    return found ? found->front() : std::vector<database::Row>();
  }
  std::int64_t number(const std::string& query) {
    const auto found = rows(query);
    return found.empty() ? -1 : number_of(found.front().front());
  }
  std::string text(const std::string& query) {
    const auto found = rows(query);
    return found.empty() ? "" : text_of(found.front().front());
  }
  // A statement as a guest.
  database::SqlResult<std::vector<database::Rows>> run_as(const auth::Principal& principal,
                                                          const std::string& sql, int depth = 0) {
    const database::GuestAccess access(principal, depth);
    const std::vector<database::Statement> statements{{sql, {}}};
    return await(pool_->run(loop(), access, statements, {}));
  }

  template <class T>
  T await(reactor::Task<T> task) {
    std::promise<T> promise;
    auto future = promise.get_future();
    loop().spawn([](reactor::Task<T> inner, std::promise<T>& out) -> reactor::Task<void> {
      out.set_value(co_await std::move(inner));
    }(std::move(task), promise));
    return future.get();
  }

  reactor::Loop& loop() { return reactor_->loop(0); }
  database::Pool& pool() { return *pool_; }
  catalog::Registry& registry() { return *registry_; }
  PlayedSandbox& sandbox() { return sandbox_; }
  Outbox& outbox() { return outbox_; }
  Installer& installer() { return installer_; }
  Dispatcher& dispatcher() { return *dispatcher_; }
  Clock& clock() { return *clock_; }
  telemetry::Metrics& metrics() { return metrics_; }

 private:
  bool dead_ = false;
  PlayedSandbox sandbox_;
  telemetry::Metrics metrics_;
  const telemetry::Log log_ = telemetry::Log::silent();
  // Destroyed before all that its Tasks use.
  std::unique_ptr<reactor::Reactor> reactor_ = std::make_unique<reactor::Reactor>(1U, 1U);
  std::unique_ptr<database::Pool> pool_;
  std::unique_ptr<catalog::Registry> registry_;
  std::unique_ptr<journal::Journal> journal_;
  invoke::Invoker invoker_;
  Outbox outbox_;
  Installer installer_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::unique_ptr<Clock> clock_;
};

class NodeTest : public ::testing::Test {
 protected:
  static constexpr auto kUsers =
      "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT) STRICT;"
      "GRANT SELECT, INSERT, UPDATE, DELETE ON users TO authenticated, service_role;";

  database::TestFolder folder_;
};

}  // namespace triggers
