#include "invoke/profile.h"

#include <mutex>
#include <utility>

namespace invoke {

ProfilePtr ProfileCache::of(const catalog::Function& function) {
  {
    const std::shared_lock lock(mutex_);
    const auto found = profiles_.find(function.id);
    if (found != profiles_.end() && found->second->version == function.version.number) {
      return found->second;
    }
  }
  host::Environment environment = environment_of_(function.version.config);
  auto redactor = telemetry::Redactor::of_environment(environment);
  auto profile = std::make_shared<const Profile>(
      Profile{function.version.number, std::move(environment), std::move(redactor)});
  const std::unique_lock lock(mutex_);
  profiles_[function.id] = profile;
  return profile;
}

}  // namespace invoke
