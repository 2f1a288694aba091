// From a module and its config to a published version.
//
//   size → triggers that this server can fire → valid module with an entry point and known imports
//        → compiled in a child process → loads in the serving engine within its limits → published
// Nothing is stored when any step fails. One per process; methods are awaited on any loop and
// suspend.
#pragma once

#include <cstdint>
#include <string>

#include "catalog/registry.h"
#include "reactor/blocking_pool.h"
#include "reactor/task.h"
#include "sandbox/sandbox.h"

namespace deploy {

struct Settings {
  std::uint64_t max_module_bytes = 10 * base::kMiB;
};

class Deployer {
 public:
  // All must outlive the Deployer.
  Deployer(catalog::Registry& registry, sandbox::Sandbox& sandbox, reactor::BlockingPool& blocking,
           Settings settings);

  // A new function: kAlreadyExists when the name is taken.
  reactor::Task<base::Result<catalog::FunctionPtr>> create(catalog::Config config,
                                                           std::string module);
  // The next version of an existing one: kNotFound.
  reactor::Task<base::Result<catalog::FunctionPtr>> deploy(catalog::Config config,
                                                           std::string module);

  [[nodiscard]] std::uint64_t max_module_bytes() const { return settings_.max_module_bytes; }

 private:
  // Errors of both: kPayloadTooLarge, kInvalidArgument, kInvalidModule. Blocks.
  base::Result<void> check(const catalog::Config& config, const std::string& module);

  catalog::Registry& registry_;
  sandbox::Sandbox& sandbox_;
  reactor::BlockingPool& blocking_;
  const Settings settings_;
};

}  // namespace deploy
