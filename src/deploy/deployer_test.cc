#include "deploy/deployer.h"

#include <filesystem>
#include <future>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "base/id.h"
#include "database/connection.h"
#include "deploy/fake_trigger_store.h"
#include "reactor/reactor.h"

namespace deploy {
namespace {

using Deployed = base::Result<catalog::FunctionPtr>;

// Refuses modules that begin with "bad" and remembers what it was asked.
class FakeSandbox final : public sandbox::Sandbox {
 public:
  reactor::Task<sandbox::CallResult> call(reactor::Loop&, sandbox::CallRequest) override {
    std::abort();
  }
  base::Result<void> prepare(std::string_view module, const catalog::Limits&) override {
    ++prepared;
    if (module.starts_with("bad")) return base::fail(base::Code::kInvalidModule, "bad module");
    return {};
  }
  base::Result<bool> preload(const base::Sha256&) override { return true; }
  void keep_code_of(const std::set<base::Sha256>&) override {}
  [[nodiscard]] Live live() const override { return {}; }
  int prepared = 0;
};

class DeployerTest : public ::testing::Test {
 protected:
  DeployerTest() {
    std::filesystem::create_directories(folder_);
    registry_ = std::move(
        catalog::Registry::open(std::move(database::open_sqlite(folder_ / "roost.db", {}).value()))
            .value());
    deployer_ = std::make_unique<Deployer>(*registry_, sandbox_, triggers_, reactor_.blocking(),
                                           Settings{.max_module_bytes = 10});
    reactor_.start();
    config_.name = "hello";
    config_.triggers = {catalog::Trigger{}};
  }
  ~DeployerTest() override {
    reactor_.stop();
    std::filesystem::remove_all(folder_);
  }

  Deployed wait(reactor::Task<Deployed> task) {
    std::promise<Deployed> promise;
    auto future = promise.get_future();
    reactor_.loop(0).spawn(
        [](reactor::Task<Deployed> inner, std::promise<Deployed>& out) -> reactor::Task<void> {
          out.set_value(co_await std::move(inner));
        }(std::move(task), promise));
    if (future.wait_for(std::chrono::seconds(10)) != std::future_status::ready) std::abort();
    return future.get();
  }
  Deployed create(std::string module) {
    return wait(deployer_->create(reactor_.loop(0), config_, std::move(module)));
  }
  Deployed deploy(std::string module) {
    return wait(deployer_->deploy(reactor_.loop(0), config_, std::move(module)));
  }
  static base::Code code_of(const Deployed& result) {
    EXPECT_FALSE(result);
    return result ? base::Code::kInternal : result.error().code;
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("roost-" + base::make_uuid());
  reactor::Reactor reactor_{1, 2};
  FakeSandbox sandbox_;
  FakeTriggerStore triggers_;
  std::unique_ptr<catalog::Registry> registry_;
  std::unique_ptr<Deployer> deployer_;
  catalog::Config config_;
};

TEST_F(DeployerTest, PublishesVersionAfterVersion) {
  const Deployed first = create("one");
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ((*first)->version.number, 1);
  const Deployed second = deploy("two");
  ASSERT_TRUE(second);
  EXPECT_EQ((*second)->version.number, 2);
  EXPECT_EQ(registry_->find("hello")->version.module, base::sha256("two"));
}

TEST_F(DeployerTest, RefusesBeforeTheLongWork) {
  ASSERT_TRUE(create("one"));
  EXPECT_EQ(sandbox_.prepared, 1);
  EXPECT_EQ(code_of(create("two")), base::Code::kAlreadyExists);
  config_.name = "nobody";
  EXPECT_EQ(code_of(deploy("two")), base::Code::kNotFound);
  EXPECT_EQ(code_of(create("eleven byte")), base::Code::kPayloadTooLarge);
  EXPECT_EQ(sandbox_.prepared, 1);
}

TEST_F(DeployerTest, NothingIsStoredWhenTheModuleIsRefused) {
  EXPECT_EQ(code_of(create("bad")), base::Code::kInvalidModule);
  EXPECT_EQ(registry_->find("hello"), nullptr);
  ASSERT_TRUE(create("good"));
  EXPECT_EQ(code_of(deploy("bad")), base::Code::kInvalidModule);
  EXPECT_EQ(registry_->find("hello")->version.number, 1);
}

TEST_F(DeployerTest, NamesTheTriggerItCannotFire) {
  config_.triggers = {catalog::Trigger{}, *catalog::Trigger::parse("webhook:SECRET")};
  const Deployed refused = create("one");
  EXPECT_EQ(code_of(refused), base::Code::kInvalidArgument);
  EXPECT_NE(refused.error().message.find("webhook:SECRET"), std::string::npos);
  config_.triggers = {*catalog::Trigger::parse("table:users:insert")};
  triggers_.refusal = base::Error{base::Code::kInvalidArgument, "there is no table users"};
  EXPECT_EQ(code_of(create("one")), base::Code::kInvalidArgument);
  EXPECT_EQ(sandbox_.prepared, 0);
  EXPECT_EQ(triggers_.reconciled, 0);
}

TEST_F(DeployerTest, WhatFiresFollowsEachVersion) {
  ASSERT_TRUE(create("one"));
  EXPECT_EQ(triggers_.reconciled, 0) << "nothing but http";
  config_.triggers = {*catalog::Trigger::parse("cron:* * * * *")};
  ASSERT_TRUE(deploy("two"));
  EXPECT_EQ(triggers_.reconciled, 1);
  ASSERT_TRUE(wait(deployer_->rollback(reactor_.loop(0), "hello", 1)));
  EXPECT_EQ(triggers_.reconciled, 2) << "the version before did fire";
  triggers_.failure = base::Error{base::Code::kDatabaseUnavailable, "gone"};
  const Deployed half = deploy("two");
  EXPECT_EQ(code_of(half), base::Code::kDatabaseUnavailable);
  EXPECT_NE(half.error().message.find("is deployed, but"), std::string::npos);
  EXPECT_EQ(registry_->find("hello")->version.number, 3);
}

TEST_F(DeployerTest, OnlyItsOwnTriggersAreADeploymentsConcern) {
  config_.triggers = {*catalog::Trigger::parse("cron:* * * * *")};
  triggers_.faulty = {{"other", "table:gone:insert", "there is no table gone"}};
  EXPECT_TRUE(create("one"));
  triggers_.faulty.push_back({"hello", "cron:* * * * *", "no clock"});
  const Deployed half = deploy("two");
  EXPECT_EQ(code_of(half), base::Code::kInvalidArgument);
  EXPECT_EQ(half.error().message,
            "the function `hello` is deployed, but not its trigger `cron:* * * * *`: no clock");
}

}  // namespace
}  // namespace deploy
