// What is the same for every call of one version, made at its first call: its environment and its
// redactor.
//
// Immutable; a call keeps its Profile alive. The cache is safe on any thread; a hit takes a shared
// lock only. A Profile has the function's secrets in several encodings: those of functions that are
// there no more go when the next is made.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <shared_mutex>
#include <utility>
#include <vector>

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
  // Those that there are.
  using Functions = std::function<std::vector<catalog::FunctionPtr>()>;

  ProfileCache(EnvironmentOf environment_of, Functions functions)
      : environment_of_(std::move(environment_of)), functions_(std::move(functions)) {}

  ProfilePtr of(const catalog::Function& function);
  // Of how many functions it has any.
  [[nodiscard]] std::size_t size() const;

 private:
  void forget_deleted();

  const EnvironmentOf environment_of_;
  const Functions functions_;
  mutable std::shared_mutex mutex_;
  // Of each function the versions called last: the one that runs and its canary. Function ids are
  // not used again.
  using Recent = std::array<ProfilePtr, 2>;
  static ProfilePtr find(const Recent& recent, int version);

  std::map<catalog::FunctionId, Recent> profiles_;
};

}  // namespace invoke
