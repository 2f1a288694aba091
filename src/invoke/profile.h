// What is the same for every call of one version, made at its first call: its environment and its
// redactor.
//
// Immutable; a call keeps its Profile alive. The cache is safe on any thread; a hit takes a shared
// lock only.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <shared_mutex>

#include "catalog/function.h"
#include "host/call.h"
#include "telemetry/redaction.h"

namespace invoke {

struct Profile {
  int version = 0;
  host::Environment environment;
  telemetry::Redactor redactor;
};
using ProfilePtr = std::shared_ptr<const Profile>;

class ProfileCache {
 public:
  using EnvironmentOf = std::function<host::Environment(const catalog::Config&)>;

  explicit ProfileCache(EnvironmentOf environment_of)
      : environment_of_(std::move(environment_of)) {}

  ProfilePtr of(const catalog::Function& function);

 private:
  const EnvironmentOf environment_of_;
  std::shared_mutex mutex_;
  // Of each function the versions called last: the one that runs and its canary. Function ids are
  // not used again.
  using Recent = std::array<ProfilePtr, 2>;
  static ProfilePtr find(const Recent& recent, int version);

  std::map<catalog::FunctionId, Recent> profiles_;
};

}  // namespace invoke
