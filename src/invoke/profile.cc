#include "invoke/profile.h"

#include <mutex>
#include <set>
#include <utility>

namespace invoke {

ProfilePtr ProfileCache::of(const catalog::Function& function) {
  {
    const std::shared_lock lock(mutex_);
    const auto found = profiles_.find(function.id);
    if (found != profiles_.end()) {
      if (auto profile = find(found->second, function.version.number)) return profile;
    }
  }
  host::Environment environment = environment_of_(function.version.config);
  auto redactor = telemetry::Redactor::of_environment(environment);
  auto profile = std::make_shared<const Profile>(
      Profile{function.version.number, std::move(environment), std::move(redactor)});
  const std::unique_lock lock(mutex_);
  Recent& recent = profiles_[function.id];
  if (find(recent, function.version.number) == nullptr) {
    recent.back() = std::exchange(recent.front(), profile);
  }
  forget_deleted();
  return profile;
}

// With the lock held. A call of a function that is deleted meanwhile has its profile all the same.
void ProfileCache::forget_deleted() {
  const std::vector<catalog::FunctionPtr> functions = functions_();
  if (profiles_.size() <= functions.size()) return;
  std::set<catalog::FunctionId> there;
  for (const auto& function : functions) there.insert(function->id);
  std::erase_if(profiles_, [&](const auto& entry) { return !there.contains(entry.first); });
}

std::size_t ProfileCache::size() const {
  const std::shared_lock lock(mutex_);
  return profiles_.size();
}

ProfilePtr ProfileCache::find(const Recent& recent, int version) {
  for (const ProfilePtr& profile : recent) {
    if (profile != nullptr && profile->version == version) return profile;
  }
  return nullptr;
}

}  // namespace invoke
