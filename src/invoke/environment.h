// The variables a function finds in its environment: its own, and those that say where it runs.
//
//   ROOST_URL, SUPABASE_URL                             where functions are called
//   ROOST_ANON_KEY, SUPABASE_ANON_KEY                   lets in as anon
//   ROOST_SERVICE_ROLE_KEY, SUPABASE_SERVICE_ROLE_KEY   only where the config says service_role
// What a function was deployed with wins over these. Pure.
#pragma once

#include <string_view>

#include "catalog/function.h"
#include "catalog/keys.h"
#include "host/call.h"

namespace invoke {

// `url` is the function listener's, without a slash at its end.
host::Environment function_environment(const catalog::Config& config, const catalog::Keys& keys,
                                       std::string_view url);

}  // namespace invoke
