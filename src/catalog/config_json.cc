// Config as JSON. Grammar and bounds: catalog/function.h; the paths in messages begin at "config".
#include <algorithm>
#include <array>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/encoding.h"
#include "catalog/function.h"
#include "catalog/identifier.h"
#include "catalog/json_document.h"
#include "telemetry/redaction.h"

namespace catalog {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

// Names and values fill half a MiB at most; escapes make six bytes of one.
constexpr std::size_t kMaxConfigBytes = 4 * base::kMiB;
constexpr std::size_t kMaxVariables = 256;
constexpr std::size_t kMaxVariableName = 256;
constexpr std::size_t kMaxVariableValue = 64 * base::kKiB;
constexpr std::size_t kMaxVariableValues = 256 * base::kKiB;  // all together
constexpr std::size_t kMaxTriggers = 64;
constexpr std::size_t kMaxShown = 64;  // of a text of the caller's, in a message

constexpr milliseconds kMinTimeout{1'000};
constexpr milliseconds kMaxTimeout{300'000};
constexpr milliseconds kMinCpu{1};

std::string shown(std::string_view text) {
  std::string quoted;
  base::append_json_string(quoted, text.substr(0, kMaxShown));
  return quoted;
}

std::unexpected<base::Error> wrong(std::string_view path, std::string_view what) {
  return base::fail(base::Code::kInvalidArgument, fmt::format("config.{}: {}", path, what));
}

// 90'000 ms → "90s", 1'500 ms → "1500ms": short, and exact when read again.
std::string exact(milliseconds span) {
  const bool whole = span.count() % 1000 == 0;
  return whole ? fmt::format("{}s", span.count() / 1000) : fmt::format("{}ms", span.count());
}
std::string exact(std::uint64_t bytes) {
  if (bytes != 0 && bytes % base::kMiB == 0) return fmt::format("{}MiB", bytes / base::kMiB);
  if (bytes != 0 && bytes % base::kKiB == 0) return fmt::format("{}KiB", bytes / base::kKiB);
  return fmt::format("{}B", bytes);
}

// A quantity as the text that base/units.h reads: itself, or a whole number's digits.
base::Result<std::string> quantity(const json::value& value, std::string_view path) {
  if (const auto* number = value.if_int64(); number != nullptr && *number >= 0) {
    return std::to_string(*number);
  }
  if (const auto* number = value.if_uint64()) return std::to_string(*number);
  if (const auto* text = value.if_string(); text != nullptr && text->size() <= kMaxShown) {
    return std::string(*text);
  }
  return wrong(path, "must be a whole number, or text with a unit");
}

template <class T>
struct Bounds {
  T least;
  T most;
};

template <class T>
base::Result<T> within(T value, Bounds<T> bounds, std::string_view path) {
  if (value >= bounds.least && value <= bounds.most) return value;
  return wrong(path, fmt::format("must be from {} to {}, not {}", exact(bounds.least),
                                 exact(bounds.most), exact(value)));
}

base::Result<milliseconds> read_duration(const json::value& value, std::string_view path,
                                         Bounds<milliseconds> bounds) {
  const auto text = quantity(value, path);
  if (!text) return base::fail(text.error());
  const auto span = base::parse_duration(*text);
  if (!span) return wrong(path, span.error().message);
  const auto rounded = std::chrono::duration_cast<milliseconds>(*span);
  if (rounded != *span) return wrong(path, "must be whole milliseconds");
  return within(rounded, bounds, path);
}

base::Result<std::uint64_t> read_size(const json::value& value, std::string_view path,
                                      Bounds<std::uint64_t> bounds) {
  const auto text = quantity(value, path);
  if (!text) return base::fail(text.error());
  const auto bytes = base::parse_size(*text);
  if (!bytes) return wrong(path, bytes.error().message);
  return within(*bytes, bounds, path);
}

base::Result<bool> read_bool(const json::value& value, std::string_view path) {
  if (const auto* flag = value.if_bool()) return *flag;
  return wrong(path, "must be true or false");
}

base::Result<std::uint32_t> read_concurrency(const json::value& value) {
  constexpr std::int64_t kMost = 100'000;
  const std::int64_t* number = value.if_int64();
  if (number == nullptr || *number < 1 || *number > kMost) {
    return wrong("concurrency", fmt::format("must be a whole number from 1 to {}", kMost));
  }
  return static_cast<std::uint32_t>(*number);
}

base::Result<std::string> read_name(const json::value& value) {
  const auto* text = value.if_string();
  if (text != nullptr && is_function_name(*text)) return std::string(*text);
  return wrong(
      "name",
      "must be text of at most 64 characters: a lower-case letter, then lower-case letters, "
      "digits, _ and -");
}

base::Result<std::string> read_variable(std::string_view name, const json::value& value) {
  const std::string path = fmt::format("env.{}", name);
  const auto* text = value.if_string();
  if (text == nullptr) return wrong(path, "must be text: write numbers in quotes");
  if (text->size() > kMaxVariableValue) return wrong(path, "is longer than 64 KiB");
  if (text->find('\0') != json::string::npos) return wrong(path, "contains a NUL byte");
  if (telemetry::is_secret_name(name) && text->size() < telemetry::kMinSecretBytes) {
    return wrong(path,
                 fmt::format("is a secret by its name, and shorter than {} bytes, which cannot be "
                             "kept out of logs: use a longer value or another name",
                             telemetry::kMinSecretBytes));
  }
  return std::string(*text);
}

base::Result<Environment> read_environment(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) return wrong("env", "must be an object of text values");
  if (object->size() > kMaxVariables) return wrong("env", "holds more than 256 variables");
  Environment environment;
  std::size_t total = 0;
  for (const auto& [key, entry] : *object) {
    const std::string_view name = key;
    if (name.size() > kMaxVariableName || !is_identifier(name)) {
      return wrong("env",
                   fmt::format("{} is no name for a variable: use at most 256 letters, digits "
                               "and _, not a digit first",
                               shown(name)));
    }
    auto text = read_variable(name, entry);
    if (!text) return base::fail(std::move(text.error()));
    total += text->size();
    if (total > kMaxVariableValues)
      return wrong("env", "its values are longer than 256 KiB in all");
    environment.emplace(name, std::move(*text));
  }
  return environment;
}

base::Result<std::vector<Trigger>> read_triggers(const json::value& value) {
  const auto* array = value.if_array();
  if (array == nullptr) return wrong("triggers", R"(must be a list of texts, as in ["http"])");
  if (array->size() > kMaxTriggers) return wrong("triggers", "holds more than 64");
  std::vector<Trigger> triggers;
  for (std::size_t i = 0; i < array->size(); ++i) {
    const std::string path = fmt::format("triggers[{}]", i);
    const auto* text = (*array)[i].if_string();
    if (text == nullptr) return wrong(path, "must be text, as in \"http\"");
    auto trigger = Trigger::parse(*text);
    if (!trigger) return wrong(path, trigger.error().message);
    if (std::ranges::find(triggers, trigger->head(), &Trigger::head) != triggers.end()) {
      return wrong(path, fmt::format("{} is there twice", shown(*text)));
    }
    triggers.push_back(std::move(*trigger));
  }
  return triggers;
}

template <class Target, class T>
base::Result<void> assign(Target& target, base::Result<T> value) {
  if (!value) return base::fail(std::move(value.error()));
  target = std::move(*value);
  return {};
}

struct Key {
  std::string_view name;
  base::Result<void> (*read)(const json::value& value, Config& config);
};

constexpr std::array kKeys{
    Key{"name", [](const json::value& value,
                   Config& config) { return assign(config.name, read_name(value)); }},
    Key{"verify_jwt",
        [](const json::value& value, Config& config) {
          return assign(config.verify_jwt, read_bool(value, "verify_jwt"));
        }},
    Key{"service_role",
        [](const json::value& value, Config& config) {
          return assign(config.service_role, read_bool(value, "service_role"));
        }},
    Key{"timeout",
        [](const json::value& value, Config& config) {
          return assign(config.limits.timeout,
                        read_duration(value, "timeout", {kMinTimeout, kMaxTimeout}));
        }},
    // Its upper bound is the timeout, which may come later: parse_config checks it at the end.
    Key{"cpu",
        [](const json::value& value, Config& config) {
          return assign(config.limits.cpu, read_duration(value, "cpu", {kMinCpu, kMaxTimeout}));
        }},
    Key{"memory",
        [](const json::value& value, Config& config) {
          return assign(config.limits.memory_bytes,
                        read_size(value, "memory", {16 * base::kMiB, 512 * base::kMiB}));
        }},
    Key{"max_response",
        [](const json::value& value, Config& config) {
          return assign(config.limits.response_bytes,
                        read_size(value, "max_response", {1, 6 * base::kMiB}));
        }},
    Key{"max_log",
        [](const json::value& value, Config& config) {
          return assign(config.limits.log_bytes, read_size(value, "max_log", {0, base::kMiB}));
        }},
    Key{"concurrency",
        [](const json::value& value, Config& config) {
          return assign(config.limits.concurrency, read_concurrency(value));
        }},
    Key{"env", [](const json::value& value,
                  Config& config) { return assign(config.environment, read_environment(value)); }},
    Key{"triggers", [](const json::value& value,
                       Config& config) { return assign(config.triggers, read_triggers(value)); }},
};

base::Result<void> read_key(std::string_view name, const json::value& value, Config& config) {
  const auto* key = std::ranges::find(kKeys, name, &Key::name);
  if (key != kKeys.end()) return key->read(value, config);
  std::string known;
  for (const Key& each : kKeys) known.append(known.empty() ? "" : ", ").append(each.name);
  return base::fail(base::Code::kInvalidArgument,
                    fmt::format("config: unknown key {}: the keys are {}", shown(name), known));
}

enum class Secrets { kShown, kHidden };

json::object environment_of(const Config& config, Secrets secrets) {
  json::object environment;
  for (const auto& [name, value] : config.environment) {
    const bool hidden = secrets == Secrets::kHidden && telemetry::is_secret_name(name);
    environment[name] = hidden ? telemetry::kRedacted : std::string_view(value);
  }
  return environment;
}

std::string serialize(const Config& config, Secrets secrets) {
  json::object out;
  out["name"] = config.name;
  out["verify_jwt"] = config.verify_jwt;
  out["service_role"] = config.service_role;
  out["timeout"] = exact(config.limits.timeout);
  if (config.limits.cpu) out["cpu"] = exact(*config.limits.cpu);
  out["memory"] = exact(config.limits.memory_bytes);
  out["max_response"] = exact(config.limits.response_bytes);
  out["max_log"] = exact(config.limits.log_bytes);
  if (config.limits.concurrency) out["concurrency"] = *config.limits.concurrency;
  out["env"] = environment_of(config, secrets);
  json::array triggers;
  for (const Trigger& trigger : config.triggers) triggers.emplace_back(trigger.text());
  out["triggers"] = std::move(triggers);
  return json::serialize(out);
}

}  // namespace

base::Result<Config> parse_config(std::string_view text) {
  if (text.size() > kMaxConfigBytes) {
    return base::fail(base::Code::kInvalidArgument, "config: longer than 4 MiB");
  }
  const auto document = parse_document(text, "config");
  if (!document) return base::fail(document.error());
  const auto* object = document->if_object();
  if (object == nullptr)
    return base::fail(base::Code::kInvalidArgument, "config: must be an object");
  if (!object->contains("name")) return wrong("name", "is missing");
  Config config;
  for (const auto& [key, value] : *object) {
    if (auto read = read_key(key, value, config); !read) return base::fail(std::move(read.error()));
  }
  if (config.limits.cpu > config.limits.timeout) {
    return wrong("cpu", fmt::format("must not be longer than the timeout, {}",
                                    exact(config.limits.timeout)));
  }
  if (config.triggers.empty()) config.triggers.emplace_back();
  return config;
}

std::string to_json(const Config& config) { return serialize(config, Secrets::kShown); }
std::string to_public_json(const Config& config) { return serialize(config, Secrets::kHidden); }

}  // namespace catalog
