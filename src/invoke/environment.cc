#include "invoke/environment.h"

#include <initializer_list>
#include <string>

namespace invoke {
namespace {

// Supabase's names beside ours, so that its functions run unchanged.
void add(host::Environment& environment, std::string_view name, std::string_view value) {
  for (const std::string_view prefix : {"ROOST_", "SUPABASE_"}) {
    environment.emplace(std::string(prefix).append(name), value);
  }
}

}  // namespace

host::Environment function_environment(const catalog::Config& config, const catalog::Keys& keys,
                                       std::string_view url) {
  host::Environment environment = config.environment;  // emplace leaves these as they are
  add(environment, "URL", url);
  add(environment, "ANON_KEY", keys.anon_key);
  if (config.service_role) add(environment, "SERVICE_ROLE_KEY", keys.service_role_key);
  return environment;
}

}  // namespace invoke
