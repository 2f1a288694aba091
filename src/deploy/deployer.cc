#include "deploy/deployer.h"

#include <utility>

namespace deploy {
namespace {

// The catalog knows every kind; this server fires these.
bool can_fire(catalog::TriggerKind kind) { return kind == catalog::TriggerKind::kHttp; }

base::Result<void> check_triggers(const catalog::Config& config) {
  for (const catalog::Trigger& trigger : config.triggers) {
    if (!can_fire(trigger.kind)) {
      return base::fail(base::Code::kInvalidArgument,
                        "the trigger `" + trigger.text() + "` is of kind `" +
                            std::string(catalog::name_of(trigger.kind)) +
                            "`, which this version of Roost cannot fire yet: deploy with `http`");
    }
  }
  return {};
}

}  // namespace

Deployer::Deployer(catalog::Registry& registry, sandbox::Sandbox& sandbox,
                   reactor::BlockingPool& blocking, Settings settings)
    : registry_(registry), sandbox_(sandbox), blocking_(blocking), settings_(settings) {}

base::Result<void> Deployer::check(const catalog::Config& config, const std::string& module) {
  if (module.size() > settings_.max_module_bytes) {
    return base::fail(base::Code::kPayloadTooLarge,
                      "the module has " + base::format_size(module.size()) + ", the limit is " +
                          base::format_size(settings_.max_module_bytes) +
                          ": build it smaller (-Oz, wasm-opt, strip), or raise limits.max_module");
  }
  if (auto checked = check_triggers(config); !checked) return checked;
  return sandbox_.prepare(module, config.limits);
}

reactor::Task<base::Result<catalog::FunctionPtr>> Deployer::create(catalog::Config config,
                                                                   std::string module) {
  co_return co_await blocking_.run([this, config = std::move(config), module = std::move(module)] {
    // Before the long work; the registry decides again when it stores.
    if (registry_.find(config.name) != nullptr) {
      return base::Result<catalog::FunctionPtr>(
          base::fail(base::Code::kAlreadyExists,
                     "the function `" + config.name + "` exists: PUT deploys its next version"));
    }
    if (auto checked = check(config, module); !checked) {
      return base::Result<catalog::FunctionPtr>(base::fail(std::move(checked.error())));
    }
    return registry_.create(config, module);
  });
}

reactor::Task<base::Result<catalog::FunctionPtr>> Deployer::deploy(catalog::Config config,
                                                                   std::string module) {
  co_return co_await blocking_.run([this, config = std::move(config), module = std::move(module)] {
    if (registry_.find(config.name) == nullptr) {
      return base::Result<catalog::FunctionPtr>(base::fail(
          base::Code::kNotFound, "there is no function `" + config.name + "`: POST creates one"));
    }
    if (auto checked = check(config, module); !checked) {
      return base::Result<catalog::FunctionPtr>(base::fail(std::move(checked.error())));
    }
    return registry_.deploy(config, module);
  });
}

}  // namespace deploy
