// From a module and its config to a published version.
//
//   size → triggers that this server can fire → valid module with an entry point and known imports
//        → compiled in a child process → loads in the serving engine within its limits → published
// Nothing is stored when any step fails. Then what makes it fire is installed; where that fails the
// function stays deployed, the error says so, and the next start or deployment installs it. One per
// process; methods are awaited on any loop and
// suspend.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catalog/registry.h"
#include "deploy/trigger_store.h"
#include "reactor/blocking_pool.h"
#include "reactor/task.h"
#include "sandbox/sandbox.h"

namespace deploy {

struct Settings {
  std::uint64_t max_module_bytes = 10 * base::kMiB;
};

class Deployer {
 public:
  using Deployed = base::Result<catalog::FunctionPtr>;

  // All must outlive the Deployer.
  Deployer(catalog::Registry& registry, sandbox::Sandbox& sandbox, TriggerStore& triggers,
           reactor::BlockingPool& blocking, Settings settings);

  // A new function: kAlreadyExists when the name is taken.
  reactor::Task<Deployed> create(reactor::Loop& loop, catalog::Config config, std::string module);
  // The next version of an existing one: kNotFound. With a split it is the canary, and the one that
  // runs stays.
  reactor::Task<Deployed> deploy(reactor::Loop& loop, catalog::Config config, std::string module,
                                 std::optional<catalog::CanarySplit> canary = std::nullopt);
  // Another version of it becomes the one that runs: kNotFound.
  reactor::Task<Deployed> rollback(reactor::Loop& loop, std::string name, int version);
  // With all its versions: kNotFound.
  reactor::Task<base::Result<void>> remove(reactor::Loop& loop, std::string name);

  // After a change of the database's tables: what fires on them is made anew.
  reactor::Task<base::Result<void>> refresh(reactor::Loop& loop);

  // What does not fire as it is written; any thread.
  [[nodiscard]] std::vector<TriggerFault> faults() const { return triggers_.faults(); }

  [[nodiscard]] std::uint64_t max_module_bytes() const { return settings_.max_module_bytes; }

 private:
  // Errors of both: kPayloadTooLarge, kInvalidArgument, kInvalidModule. Blocks.
  base::Result<void> check(const catalog::Config& config, const std::string& module);
  // What fires follows the registry, where the version before or the one after fires at all.
  reactor::Task<base::Result<void>> follow(reactor::Loop& loop, catalog::FunctionPtr before,
                                           catalog::FunctionPtr after);

  catalog::Registry& registry_;
  sandbox::Sandbox& sandbox_;
  TriggerStore& triggers_;
  reactor::BlockingPool& blocking_;
  const Settings settings_;
};

}  // namespace deploy
