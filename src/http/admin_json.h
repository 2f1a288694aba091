// The JSON of the admin API: what it answers, and what its requests may say. Pure.
//
//   function =
//   {"name","enabled","version","module_sha256","module_bytes","created_at","config":{…}} version
//   = {"version","module_sha256","module_bytes","created_at","config":{…}}
// A function with a canary has also "canary":{"version","percent","header"}; one with triggers that
// do not fire as they are written has "faults":[{"trigger","reason"}].
// `created_at` is RFC 3339, UTC, in ms; secret values of `config` are redacted. Requests are
// strict: an unknown or repeated key is refused by name (kInvalidArgument).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "catalog/function.h"
#include "catalog/registry.h"
#include "deploy/trigger_store.h"
#include "journal/entry.h"

namespace http {

// Of the faults those of the function.
std::string function_json(const catalog::Function& function,
                          const std::vector<deploy::TriggerFault>& faults);
std::string functions_json(const std::vector<catalog::FunctionPtr>& functions,
                           const std::vector<deploy::TriggerFault>& faults);  // {"functions":[…]}
std::string versions_json(const std::vector<catalog::Version>& versions);     // {"versions":[…]}
std::string entries_json(const std::vector<journal::Entry>& entries);         // {"entries":[…]}

// {"enabled": bool}
base::Result<bool> parse_patch(std::string_view body);
// {"version": n}, n ≥ 1
base::Result<int> parse_rollback(std::string_view body);
// {"version": n, "percent": 0 … 100, "header": "name: value"}; one of the last two may be left out.
struct CanaryRequest {
  int version = 0;
  catalog::CanarySplit split;
};
base::Result<CanaryRequest> parse_canary(std::string_view body);
// The query of a deployment: canary=PERCENT, canary_header=HEADER, or neither.
base::Result<std::optional<catalog::CanarySplit>> parse_deploy_query(std::string_view query);
// A deployment's config whose name is `name`: put there when absent, kInvalidArgument when another
// is.
base::Result<catalog::Config> parse_config_of(std::string_view json, std::string_view name);

std::string to_rfc3339(std::chrono::system_clock::time_point time);

}  // namespace http
