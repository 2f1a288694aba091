// For tests: an Invoker with all that is behind it, on a temporary folder.
#pragma once

#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/id.h"
#include "database/connection.h"
#include "database/pool.h"
#include "invoke/invoker.h"
#include "reactor/reactor.h"

namespace invoke {

inline std::string fixture(const std::string& name) {
  std::ifstream in(std::string(ROOST_FIXTURES) + "/" + name + ".wasm", std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  EXPECT_FALSE(bytes.empty()) << name;
  return bytes;
}

class RegistrySource final : public sandbox::ModuleSource {
 public:
  explicit RegistrySource(catalog::Registry& registry) : registry_(registry) {}
  base::Result<std::string> module(const base::Sha256& hash) override {
    return registry_.module(hash);
  }

 private:
  catalog::Registry& registry_;
};

class InvokerTest : public ::testing::Test {
 protected:
  InvokerTest() {
    std::filesystem::create_directories(folder_);
    registry_ = std::move(
        catalog::Registry::open(std::move(database::open_sqlite(folder_ / "roost.db", {}).value()))
            .value());
    source_ = std::make_unique<RegistrySource>(*registry_);
    database_ = database::open_sqlite_pool(folder_ / "data.db", 1, reactor_.blocking());
    journal_ = std::move(journal::Journal::open(folder_ / "journal", {}).value());
    sandbox_ = std::move(sandbox::Sandbox::create({.code_folder = folder_ / "compiled",
                                                   .compiler_program = ROOST_PROGRAM,
                                                   .max_instances = 16,
                                                   .node_memory_bytes = 512ULL << 20U},
                                                  auth::MasterKey::generate(), *source_, *database_,
                                                  reactor_.blocking(), reactor_.long_work())
                             .value());
    invoker_ =
        std::make_unique<Invoker>(*registry_, *sandbox_, *journal_, metrics_, Admission::Settings{},
                                  [](const catalog::Config& config) { return config.environment; });
    reactor_.start();
  }
  ~InvokerTest() override {
    reactor_.stop();
    database_->stop();
    std::filesystem::remove_all(folder_);
  }

  catalog::FunctionPtr create(const std::string& name) {
    config_.name = name;
    config_.triggers = {catalog::Trigger{}};
    auto made = registry_->create(config_, fixture(name));
    EXPECT_TRUE(made) << (made ? "" : made.error().message);
    return *made;
  }

  Outcome invoke(const catalog::FunctionPtr& function, std::string body = {},
                 auth::Principal principal = auth::Principal::anonymous()) {
    Invocation invocation;
    invocation.function = function;
    invocation.principal = std::move(principal);
    invocation.event.method = "POST";
    invocation.event.path = "/";
    invocation.event.body = std::move(body);
    invocation.event.request_id = base::make_uuid();
    return await(invoker_->invoke(reactor_.loop(0), std::move(invocation)));
  }

  // A script as the database's administrator.
  void administer(std::string script) {
    const auto done = await(database_->administer(reactor_.loop(0), database::SystemAccess(),
                                                  std::move(script), database::Bounds()));
    ASSERT_TRUE(done) << done.error().message;
  }

  template <class T>
  T await(reactor::Task<T> task) {
    std::promise<T> promise;
    auto future = promise.get_future();
    reactor_.loop(0).spawn([](reactor::Task<T> inner, std::promise<T>& out) -> reactor::Task<void> {
      out.set_value(co_await std::move(inner));
    }(std::move(task), promise));
    if (future.wait_for(std::chrono::seconds(30)) != std::future_status::ready) std::abort();
    return future.get();
  }

  std::vector<journal::Entry> entries() { return journal_->read({}).value(); }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("roost-" + base::make_uuid());
  telemetry::Metrics metrics_;
  std::unique_ptr<database::Pool> database_;  // outlives the Tasks that wait for it
  reactor::Reactor reactor_{1, 2};
  std::unique_ptr<catalog::Registry> registry_;
  std::unique_ptr<RegistrySource> source_;
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<sandbox::Sandbox> sandbox_;
  std::unique_ptr<Invoker> invoker_;
  catalog::Config config_;
};

}  // namespace invoke
