#include "invoke/invoker.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <memory>
#include <string>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "base/id.h"
#include "database/connection.h"
#include "reactor/reactor.h"

namespace invoke {
namespace {

using namespace std::chrono_literals;

std::string fixture(const std::string& name) {
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

class Invoker : public ::testing::Test {
 protected:
  Invoker() {
    std::filesystem::create_directories(folder_);
    registry_ = std::move(
        catalog::Registry::open(std::move(database::open_sqlite(folder_ / "roost.db", {}).value()))
            .value());
    source_ = std::make_unique<RegistrySource>(*registry_);
    journal_ = std::move(journal::Journal::open(folder_ / "journal", {}).value());
    sandbox_ = std::move(sandbox::Sandbox::create({.code_folder = folder_ / "compiled",
                                                   .compiler_program = ROOST_PROGRAM,
                                                   .max_instances = 16,
                                                   .node_memory_bytes = 512ULL << 20U},
                                                  auth::MasterKey::generate(), *source_,
                                                  reactor_.blocking())
                             .value());
    invoker_ = std::make_unique<invoke::Invoker>(
        *registry_, *sandbox_, *journal_, metrics_, Admission::Settings{},
        [](const catalog::Config& config) { return config.environment; });
    reactor_.start();
  }
  ~Invoker() override {
    reactor_.stop();
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
    Invocation invocation{function, std::move(principal), {}};
    invocation.event.method = "POST";
    invocation.event.path = "/";
    invocation.event.body = std::move(body);
    invocation.event.request_id = base::make_uuid();
    std::promise<Outcome> promise;
    auto future = promise.get_future();
    reactor::Loop& loop = reactor_.loop(0);
    loop.spawn([](invoke::Invoker& door, reactor::Loop& l, Invocation call,
                  std::promise<Outcome>& out) -> reactor::Task<void> {
      out.set_value(co_await door.invoke(l, std::move(call)));
    }(*invoker_, loop, std::move(invocation), promise));
    if (future.wait_for(30s) != std::future_status::ready) std::abort();
    return future.get();
  }

  std::vector<journal::Entry> entries() { return journal_->read({}).value(); }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("roost-" + base::make_uuid());
  telemetry::Metrics metrics_;
  reactor::Reactor reactor_{1, 2};
  std::unique_ptr<catalog::Registry> registry_;
  std::unique_ptr<RegistrySource> source_;
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<sandbox::Sandbox> sandbox_;
  std::unique_ptr<invoke::Invoker> invoker_;
  catalog::Config config_;
};

TEST_F(Invoker, InvokeHttpFunction) {
  create("hello");
  const auto function = invoker_->resolve("hello", catalog::TriggerKind::kHttp);
  ASSERT_TRUE(function);
  const Outcome outcome = invoke(*function, R"({"name":"World"})");
  ASSERT_TRUE(outcome.response) << outcome.response.error().message;
  EXPECT_EQ(outcome.response->status, 200);
  EXPECT_EQ(outcome.response->body, R"({"message":"Hello, World!"})");
}

TEST_F(Invoker, InvokeWithRlsContext) {
  const auto function = create("echo");
  const Outcome outcome =
      invoke(function, "", {auth::Role::kAuthenticated, "user-7", R"({"sub":"user-7","org":3})"});
  ASSERT_TRUE(outcome.response);
  const auto event = boost::json::parse(outcome.response->body).as_object();
  EXPECT_EQ(event.at("user_id"), "user-7");
  EXPECT_EQ(event.at("role"), "authenticated");
  EXPECT_EQ(event.at("claims").at("org"), 3);
  EXPECT_EQ(entries().at(0).user_id, "user-7");
}

TEST_F(Invoker, DisabledFunctionReturnsError) {
  create("hello");
  ASSERT_TRUE(registry_->set_enabled("hello", false));
  const auto disabled = invoker_->resolve("hello", catalog::TriggerKind::kHttp);
  ASSERT_FALSE(disabled);
  EXPECT_EQ(disabled.error().code, base::Code::kNotFound);
  EXPECT_FALSE(invoker_->resolve("nobody", catalog::TriggerKind::kHttp));
  ASSERT_TRUE(registry_->set_enabled("hello", true));
  EXPECT_TRUE(invoker_->resolve("hello", catalog::TriggerKind::kHttp));
  EXPECT_FALSE(invoker_->resolve("hello", catalog::TriggerKind::kTable))
      << "it does not have the trigger";
}

TEST_F(Invoker, TimeoutKillsFunction) {
  config_.limits.timeout = 1s;
  const Outcome outcome = invoke(create("loop"));
  ASSERT_FALSE(outcome.response);
  EXPECT_EQ(outcome.response.error().code, base::Code::kTimeout);
  const auto entry = entries().at(0);
  EXPECT_EQ(entry.status, journal::Status::kTimeout);
  EXPECT_GE(entry.duration, 1s);
  EXPECT_LT(entry.duration, 2s);
  EXPECT_EQ(sandbox_->live().instances, 0U);
}

TEST_F(Invoker, MemoryExceededError) {
  config_.limits.memory_bytes = 64 * base::kMiB;
  const Outcome outcome = invoke(create("allocate"), std::to_string(128 * base::kMiB));
  ASSERT_FALSE(outcome.response);
  EXPECT_EQ(outcome.response.error().code, base::Code::kMemoryLimit);
  EXPECT_EQ(entries().at(0).status, journal::Status::kMemoryExceeded);
}

TEST_F(Invoker, InvocationLogged) {
  const auto function = create("hello");
  const Outcome outcome = invoke(function, R"({"name":"you"})");
  ASSERT_TRUE(outcome.response);
  const auto all = entries();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].function, "hello");
  EXPECT_EQ(all[0].version, 1);
  EXPECT_EQ(all[0].trigger, "http");
  EXPECT_EQ(all[0].status, journal::Status::kSuccess);
  EXPECT_EQ(all[0].lines.size(), 1U);
  EXPECT_GT(all[0].peak_memory_bytes, 0U);
  EXPECT_EQ(all[0].error, "");
  EXPECT_NE(metrics_.expose().find(R"(functions_invocations_total{name="hello")"),
            std::string::npos)
      << metrics_.expose();
}

TEST_F(Invoker, CrashIsLoggedWithItsBacktrace) {
  const Outcome outcome = invoke(create("panic"));
  ASSERT_FALSE(outcome.response);
  const auto entry = entries().at(0);
  EXPECT_EQ(entry.status, journal::Status::kError);
  EXPECT_TRUE(entry.error.starts_with(
      "TRAP: the function trapped: unreachable code reached\n  at inner_panic"))
      << entry.error;
}

TEST_F(Invoker, NextVersionHasItsOwnEnvironment) {
  config_.environment = {{"GREETING", "one"}};
  const auto first = create("environ");
  EXPECT_EQ(invoke(first, "GREETING").response->body, "one");
  config_.environment = {{"GREETING", "two"}};
  const auto second = registry_->deploy(config_, fixture("environ"));
  ASSERT_TRUE(second);
  EXPECT_EQ(invoke(*second, "GREETING").response->body, "two");
  EXPECT_EQ(invoke(first, "GREETING").response->body, "one")
      << "a call under way keeps its version";
}

}  // namespace
}  // namespace invoke
