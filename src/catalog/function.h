// A function and its versions, as they were deployed. Values; immutable once published.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "base/error.h"
#include "base/id.h"
#include "base/units.h"
#include "catalog/trigger.h"

namespace catalog {

using FunctionId = base::StrongId<struct FunctionIdTag, std::int64_t>;

// What one call may use. The bounds are checked when a function is deployed.
struct Limits {
  std::chrono::milliseconds timeout{10'000};      // 1 s … 300 s, from instantiation on
  std::optional<std::chrono::milliseconds> cpu;   // 1 ms … timeout; none: the timeout alone
  std::uint64_t memory_bytes = 128 * base::kMiB;  // 16 MiB … 512 MiB, memories and tables
  std::uint64_t response_bytes = 6 * base::kMiB;  // 1 B … 6 MiB
  std::uint64_t log_bytes = 256 * base::kKiB;     // 0 … 1 MiB; the rest is cut with a marker
  std::optional<std::uint32_t> concurrency = {};  // 1 … 100000 calls at once; none: the server's

  bool operator==(const Limits&) const = default;
};

using Environment = std::map<std::string, std::string>;

// What a deployment says besides the module.
struct Config {
  std::string name;
  bool verify_jwt = true;
  bool service_role = false;  // hand SUPABASE_SERVICE_ROLE_KEY to the guest
  Limits limits;
  Environment environment;
  std::vector<Trigger> triggers;  // never empty: http when none was named

  bool operator==(const Config&) const = default;
};

// `^[a-z][a-z0-9_-]*$`, at most 64 characters.
bool is_function_name(std::string_view name);

// Reads the JSON of a deployment's `config` part:
//   {"name": "hello", "verify_jwt": true, "service_role": false, "timeout": "2s", "cpu": "500ms",
//    "memory": "64MiB", "max_response": "6MiB", "max_log": "256KiB", "concurrency": 10, "env":
//    {"K": "v"}, "triggers": ["http"]}
// Durations and sizes are text with a unit or numbers (seconds, bytes). Unknown keys, values out of
// bounds, a bad name and secret values under 6 bytes are refused with their path
// (kInvalidArgument).
base::Result<Config> parse_config(std::string_view json);
std::string to_json(
    const Config& config);  // what parse_config reads; values of secrets redacted: no
// The same with secret values as ***REDACTED***, for people.
std::string to_public_json(const Config& config);

struct Version {
  int number = 0;  // 1, 2, 3 … within the function
  base::Sha256 module{};
  std::uint64_t module_bytes = 0;
  Config config;
  std::chrono::system_clock::time_point created_at;
};

// Which HTTP calls get another version than the one that runs; canary.h says how.
struct CanarySplit {
  int percent = 0;     // 0 … 100 of the calls
  std::string header;  // and those with this one: "name", "name: value"; empty: none

  bool operator==(const CanarySplit&) const = default;
};

struct Function;
using FunctionPtr = std::shared_ptr<const Function>;

struct Canary {
  CanarySplit split;
  FunctionPtr function;  // the same one, as its other version; without a canary
};

struct Function {
  FunctionId id;
  bool enabled = true;
  Version version;  // the one that runs
  std::chrono::system_clock::time_point created_at;
  std::optional<Canary> canary = {};
  std::optional<int> previous = {};  // the number of the version that ran before this one did

  [[nodiscard]] const std::string& name() const { return version.config.name; }
  [[nodiscard]] bool has_trigger(TriggerKind kind) const;
};

}  // namespace catalog
