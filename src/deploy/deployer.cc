#include "deploy/deployer.h"

#include <algorithm>
#include <utility>

namespace deploy {
namespace {

using catalog::TriggerKind;

bool fires(const catalog::Config& config) {
  return std::ranges::any_of(config.triggers, [](const catalog::Trigger& trigger) {
    return trigger.kind == TriggerKind::kTable || trigger.kind == TriggerKind::kCron;
  });
}

bool fires(const catalog::FunctionPtr& function) {
  return function != nullptr && fires(function->version.config);
}

// The catalog knows every kind; this server cannot receive webhooks.
base::Result<void> check_triggers(const catalog::Config& config) {
  for (const catalog::Trigger& trigger : config.triggers) {
    if (trigger.kind == TriggerKind::kWebhook) {
      return base::fail(base::Code::kInvalidArgument,
                        "the trigger `" + trigger.text() + "` is of kind `" +
                            std::string(catalog::name_of(trigger.kind)) +
                            "`, which this version of Roost cannot fire yet: deploy with `http`");
    }
  }
  return {};
}

base::Error not_installed(const base::Error& error) {
  return {error.code,
          "the function is deployed, but its triggers are not installed: " + error.message +
              "; when that is mended, deploy it again or restart the "
              "server"};
}

base::Error not_fired(const TriggerFault& fault) {
  return {base::Code::kInvalidArgument, "the function `" + fault.function +
                                            "` is deployed, but not its trigger `" + fault.trigger +
                                            "`: " + fault.reason};
}

}  // namespace

Deployer::Deployer(catalog::Registry& registry, sandbox::Sandbox& sandbox, TriggerStore& triggers,
                   reactor::BlockingPool& blocking, Settings settings)
    : registry_(registry),
      sandbox_(sandbox),
      triggers_(triggers),
      blocking_(blocking),
      settings_(settings) {}

base::Result<void> Deployer::check(const catalog::Config& config, const std::string& module) {
  if (module.size() > settings_.max_module_bytes) {
    return base::fail(base::Code::kPayloadTooLarge,
                      "the module has " + base::format_size(module.size()) + ", the limit is " +
                          base::format_size(settings_.max_module_bytes) +
                          ": build it smaller (-Oz, wasm-opt, strip), or raise limits.max_module");
  }
  return sandbox_.prepare(module, config.limits);
}

reactor::Task<base::Result<void>> Deployer::follow(reactor::Loop& loop, catalog::FunctionPtr before,
                                                   catalog::FunctionPtr after) {
  if (!fires(before) && !fires(after)) co_return base::Result<void>();
  auto installed = co_await triggers_.reconcile(loop);
  if (!installed) co_return base::fail(not_installed(installed.error()));
  if (after == nullptr) co_return base::Result<void>();
  for (const TriggerFault& fault : triggers_.faults()) {
    if (fault.function == after->name()) co_return base::fail(not_fired(fault));
  }
  co_return base::Result<void>();
}

reactor::Task<base::Result<void>> Deployer::refresh(reactor::Loop& loop) {
  const auto functions = registry_.list();
  const bool any = std::ranges::any_of(
      functions, [](const catalog::FunctionPtr& function) { return fires(function); });
  if (!any) co_return base::Result<void>();
  co_return co_await triggers_.reconcile(loop);
}

reactor::Task<Deployer::Deployed> Deployer::create(reactor::Loop& loop, catalog::Config config,
                                                   std::string module) {
  // Before the long work; the registry decides again when it stores.
  if (registry_.find(config.name) != nullptr) {
    co_return base::fail(base::Code::kAlreadyExists,
                         "the function `" + config.name +
                             "` exists: deploy its next version, with PUT or without --create");
  }
  if (auto sound = check_triggers(config); !sound) co_return base::fail(std::move(sound.error()));
  if (fires(config)) {
    auto sound = co_await triggers_.check(loop, config);
    if (!sound) co_return base::fail(std::move(sound.error()));
  }
  auto function = co_await blocking_.run(
      [this, config = std::move(config), module = std::move(module)]() -> Deployed {
        if (auto checked = check(config, module); !checked) {
          return base::fail(std::move(checked.error()));
        }
        return registry_.create(config, module);
      });
  if (!function) co_return function;
  if (auto fired = co_await follow(loop, nullptr, *function); !fired) {
    co_return base::fail(std::move(fired.error()));
  }
  co_return function;
}

reactor::Task<Deployer::Deployed> Deployer::deploy(reactor::Loop& loop, catalog::Config config,
                                                   std::string module,
                                                   std::optional<catalog::CanarySplit> canary) {
  const catalog::FunctionPtr before = registry_.find(config.name);
  if (before == nullptr) {
    co_return base::fail(base::Code::kNotFound,
                         "there is no function `" + config.name +
                             "`: create it first, with POST or without --canary");
  }
  if (auto sound = check_triggers(config); !sound) co_return base::fail(std::move(sound.error()));
  if (fires(config)) {
    auto sound = co_await triggers_.check(loop, config);
    if (!sound) co_return base::fail(std::move(sound.error()));
  }
  auto function = co_await blocking_.run(
      [this, config = std::move(config), module = std::move(module), canary]() -> Deployed {
        if (auto checked = check(config, module); !checked) {
          return base::fail(std::move(checked.error()));
        }
        return canary ? registry_.deploy_canary(config, module, *canary)
                      : registry_.deploy(config, module);
      });
  if (!function) co_return function;
  if (auto fired = co_await follow(loop, before, *function); !fired) {
    co_return base::fail(std::move(fired.error()));
  }
  co_return function;
}

reactor::Task<Deployer::Deployed> Deployer::rollback(reactor::Loop& loop, std::string name,
                                                     int version) {
  const catalog::FunctionPtr before = registry_.find(name);
  auto function =
      co_await blocking_.run([this, name, version] { return registry_.rollback(name, version); });
  if (!function) co_return function;
  if (auto fired = co_await follow(loop, before, *function); !fired) {
    co_return base::fail(std::move(fired.error()));
  }
  co_return function;
}

reactor::Task<base::Result<void>> Deployer::remove(reactor::Loop& loop, std::string name) {
  const catalog::FunctionPtr before = registry_.find(name);
  auto removed = co_await blocking_.run([this, name] { return registry_.remove(name); });
  if (!removed) co_return removed;
  co_return co_await follow(loop, before, nullptr);
}

}  // namespace deploy
