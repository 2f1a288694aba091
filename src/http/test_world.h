// A whole Server over a real registry, journal and outbox in a folder of its own; only the guest
// and the database of the SQL routes are played. No dispatcher: events stay as they are.
//
// What the guest does, the path says:
//   /fail/<CODE>    ends with that error     /status/<n>   answers with that status and body "x"
//   /own-cors       sets CORS by itself      /framing      tries to set what frames the message
//   /wait           waits for `gate`         /large        answers with 8 MiB
//   /block          the same, and its loop stands still
// and anything else is answered with what it saw, one `name=value` per line.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "auth/token.h"
#include "catalog/registry.h"
#include "database/test_folder.h"
#include "deploy/deployer.h"
#include "deploy/fake_trigger_store.h"
#include "http/played_database.h"
#include "http/server.h"
#include "http/test_client.h"
#include "invoke/invoker.h"
#include "journal/journal.h"
#include "reactor/reactor.h"
#include "sandbox/sandbox.h"
#include "triggers/event_schema.h"
#include "triggers/explanation.h"
#include "triggers/outbox.h"
#include "triggers/schedules.h"

namespace http {

// Waits for something that another thread brings about, at most 10 s.
template <class Condition>
bool eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

class PlayedSandbox final : public sandbox::Sandbox {
 public:
  reactor::Task<sandbox::CallResult> call(reactor::Loop& loop,
                                          sandbox::CallRequest request) override {
    const int nth = ++calls;
    if (request.event.path == "/wait") {
      while (!gate) {
        co_await loop.sleep_until(base::Deadline::after(std::chrono::milliseconds(1)));
      }
    }
    if (request.event.path == "/block") eventually([this] { return gate.load(); });
    co_return sandbox::CallResult{.response = answer(request.event, request.principal, nth),
                                  .backtrace = {},
                                  .usage = {},
                                  .lines = {"[Function] called"}};
  }

  base::Result<void> prepare(std::string_view module, const catalog::Limits&) override {
    if (module != "bad") return {};
    return base::fail(base::Code::kInvalidModule, "the module is bad");
  }

  base::Result<bool> preload(const base::Sha256&) override { return true; }
  void keep_code_of(const std::set<base::Sha256>&) override {}
  [[nodiscard]] Live live() const override { return {}; }

  std::atomic<bool> gate = false;
  std::atomic<int> calls = 0;

 private:
  static base::Result<host::Response> answer(const host::Event& event,
                                             const auth::Principal& principal, int nth) {
    const std::string_view path = event.path;
    if (path.starts_with("/fail/")) {
      return base::fail(base::code_named(path.substr(6)).value(), "as it was asked to");
    }
    if (path.starts_with("/status/")) {
      return host::Response{
          .status = std::atoi(event.path.c_str() + 8), .headers = {}, .body = "x"};
    }
    if (path == "/own-cors") {
      return host::Response{.status = 200,
                            .headers = {{"Access-Control-Allow-Origin", "https://a.example"}},
                            .body = {}};
    }
    if (path == "/framing") {
      return host::Response{.status = 200,
                            .headers = {{"Content-Length", "99"},
                                        {"Transfer-Encoding", "chunked"},
                                        {"x-request-id", "mine"},
                                        {"x-bad", "a\r\nset-cookie: b"},
                                        {"x bad", "c"},
                                        {"x-good", "yes"}},
                            .body = "whole"};
    }
    if (path == "/large") {
      return host::Response{.status = 200, .headers = {}, .body = std::string(8U << 20U, 'x')};
    }
    std::string seen =
        fmt::format("method={}\npath={}\nquery={}\nrole={}\nuser={}\nid={}\ncall={}\n",
                    event.method, event.path, event.query, auth::name_of(principal.role),
                    principal.user_id, event.request_id, nth);
    for (const auto& [name, value] : event.headers) seen += fmt::format("{}={}\n", name, value);
    seen += "body=" + event.body;
    return host::Response{
        .status = 200, .headers = {{"content-type", "text/plain"}}, .body = std::move(seen)};
  }
};

class TestWorld {
 public:
  explicit TestWorld(Settings settings = {}, invoke::Admission::Settings admission = {},
                     unsigned loops = 2, telemetry::Log log = telemetry::Log::silent())
      : reactor_(loops, 1),
        registry_(*catalog::Registry::open(
            *database::open_sqlite(folder_ / "roost.db", database::SystemAccess{}))),
        schedules_(*events_, outbox_, *registry_),
        explainer_(*events_, outbox_, *registry_),
        journal_(*journal::Journal::open(folder_ / "journal", {})),
        log_(std::move(log)),
        deployer_(*registry_, sandbox_, triggers_, reactor_.blocking(),
                  {.max_module_bytes = 64 * 1024}),
        invoker_(*registry_, sandbox_, *journal_, metrics_, admission,
                 [](const catalog::Config& config) { return config.environment; }) {
    settings.listen = "127.0.0.1:0";
    settings.admin_listen = "127.0.0.1:0";
    keys_.signing.jwt_secret = std::string(32, 's');
    keys_.anon_key = token(auth::Role::kAnon);
    keys_.service_role_key = token(auth::Role::kServiceRole);
    server_ = *Server::create(settings, context());
    reactor_.start();
    server_->start();
  }
  TestWorld(const TestWorld&) = delete;
  TestWorld& operator=(const TestWorld&) = delete;
  ~TestWorld() {
    sandbox_.gate = true;
    server_->close();
    EXPECT_TRUE(eventually([this] { return server_->connections() == 0; }));
    reactor_.stop();
    events_->stop();
  }

  Context context() {
    return {reactor_,
            *registry_,
            deployer_,
            invoker_,
            *journal_,
            database_,
            {outbox_, schedules_, explainer_, [this] { ++wakes; }},
            metrics_,
            log_,
            keys_,
            [this](bool journal) { return back_up(journal); }};
  }

  // A function with the played guest, straight into the registry.
  void add(const std::string& name, bool verify_jwt) {
    catalog::Config config;
    config.name = name;
    config.verify_jwt = verify_jwt;
    config.triggers = {catalog::Trigger{}};
    ASSERT_TRUE(registry_->create(config, "module of " + name));
  }

  [[nodiscard]] std::string token(auth::Role role, const std::string& user = {}) const {
    return *auth::sign_token({.role = role, .user_id = user, .extra_claims_json = {}},
                             keys_.signing, auth::Clock::now());
  }

  // One request on a connection of its own; `rest` is what follows the request line's target.
  Reply call(const std::string& method, const std::string& target, const std::string& headers = {},
             const std::string& body = {}) {
    TestClient client(server_->function_address());
    client.send(request(method, target, headers, body));
    return client.read(method == "HEAD");
  }
  // The same on the admin listener with the service key.
  Reply admin(const std::string& method, const std::string& target, const std::string& headers = {},
              const std::string& body = {}) {
    TestClient client(server_->admin_address());
    client.send(request(method, target,
                        "Authorization: Bearer " + keys_.service_role_key + "\r\n" + headers,
                        body));
    return client.read(method == "HEAD");
  }

  static std::string request(const std::string& method, const std::string& target,
                             const std::string& headers = {}, const std::string& body = {}) {
    const std::string length =
        body.empty() ? "" : fmt::format("Content-Length: {}\r\n", body.size());
    return fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\n{}{}\r\n{}", method, target, headers,
                       length, body);
  }

  // A statement of Roost's own on the events' database.
  std::vector<database::Row> events(const std::string& sql) {
    auto tables = await(
        events_->run(reactor_.loop(0), database::SystemAccess(), {{sql, {}}}, database::Bounds()));
    EXPECT_TRUE(tables) << tables.error().message << "\n" << sql;
    return tables ? tables->front() : std::vector<database::Row>();
  }
  std::int64_t add_event(const std::string& function, triggers::Milliseconds due_at) {
    auto id = await(
        outbox_.add(reactor_.loop(0), function, R"({"trigger":"schedule","cron":null})", due_at));
    EXPECT_TRUE(id);
    return id ? *id : 0;
  }

  std::atomic<int> wakes = 0;            // of the dispatcher
  std::string backup;                    // what a backup has; none can be made while it is empty
  std::atomic<bool> backup_gate = true;  // it waits for this
  std::atomic<int> backups = 0;          // that were begun
  std::atomic<int> backups_let_go = 0;

  [[nodiscard]] std::filesystem::path backup_file() const { return folder_ / "backup.tar"; }

  Server& server() { return *server_; }
  PlayedSandbox& sandbox() { return sandbox_; }
  PlayedDatabase& database() { return database_; }
  catalog::Registry& registry() { return *registry_; }
  journal::Journal& journal() { return *journal_; }
  telemetry::Metrics& metrics() { return metrics_; }
  invoke::Invoker& invoker() { return invoker_; }
  [[nodiscard]] const catalog::Keys& keys() const { return keys_; }
  reactor::Reactor& reactor() { return reactor_; }

 private:
  base::Result<std::filesystem::path> back_up(bool journal) {
    ++backups;
    eventually([this] { return backup_gate.load(); });
    ++backups_let_go;
    if (backup.empty()) return base::fail(base::Code::kStorage, "the disk is full");
    const std::filesystem::path file = backup_file();
    std::ofstream(file) << backup << (journal ? " with journal" : "");
    return file;
  }

  template <class T>
  T await(reactor::Task<T> task) {
    std::promise<T> promise;
    auto future = promise.get_future();
    reactor_.loop(0).spawn([](reactor::Task<T> inner, std::promise<T>& out) -> reactor::Task<void> {
      out.set_value(co_await std::move(inner));
    }(std::move(task), promise));
    return future.get();
  }

  reactor::Reactor reactor_;
  database::TestFolder folder_;
  PlayedSandbox sandbox_;
  PlayedDatabase database_;
  std::unique_ptr<catalog::Registry> registry_;
  std::unique_ptr<database::Pool> events_ = database::open_sqlite_pool(
      folder_ / "data.db", 2, reactor_.blocking(), {triggers::kEventSchema});
  triggers::Outbox outbox_{*events_, "test"};
  triggers::Schedules schedules_;
  triggers::Explainer explainer_;
  std::unique_ptr<journal::Journal> journal_;
  telemetry::Metrics metrics_;
  const telemetry::Log log_;
  deploy::FakeTriggerStore triggers_;
  deploy::Deployer deployer_;
  invoke::Invoker invoker_;
  catalog::Keys keys_;
  std::unique_ptr<Server> server_;
};

}  // namespace http
