#include "server/config.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include "http/address.h"
#include "server/private_file.h"
#include "server/spelling.h"

namespace server {
namespace {

using base::Result;
namespace fs = std::filesystem;

constexpr std::string_view kFileName = "roost.toml";
constexpr std::string_view kPrefix = "ROOST_";
constexpr std::string_view kFileVariable = "ROOST_CONFIG";
constexpr std::string_view kMasterKeyVariable = "ROOST_MASTER_KEY";
// Of the other subcommands and of this file: not keys, and no misspelling of one either.
constexpr std::array<std::string_view, 5> kOtherVariables{
    kFileVariable, kMasterKeyVariable, "ROOST_URL", "ROOST_ADMIN_URL", "ROOST_KEY"};

std::unexpected<base::Error> wrong(std::string message) {
  return base::fail(base::Code::kInvalidArgument, std::move(message));
}

const Key* find_key(std::string_view path) {
  const auto all = keys();
  const auto found = std::ranges::find(all, path, &Key::path);
  return found == all.end() ? nullptr : &*found;
}

// An empty variable is as good as none: that is how a compose file passes what is not set.
std::optional<std::string> variable(const Sources& sources, std::string_view name) {
  const auto found = sources.environment.find(name);
  if (found == sources.environment.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

Result<void> set(Config& config, const Key& key, std::string_view text, std::string_view where) {
  if (const Result<void> done = key.set(config, text); !done) {
    return wrong(fmt::format("{}: {}", where, done.error().message));
  }
  return {};
}

// What one file says, and where in it.
class File {
 public:
  File(Config& config, const fs::path& path, bool in_data)
      : config_(config), path_(path.string()), in_data_(in_data) {}

  Result<void> apply(const toml::table& table, const std::string& prefix = "") {
    for (const auto& [name, node] : table) {
      const std::string path = prefix + std::string(name.str());
      if (const toml::table* inner = node.as_table()) {
        if (auto done = apply(*inner, path + "."); !done) return done;
      } else if (auto done = apply_value(path, node); !done) {
        return done;
      }
    }
    return {};
  }

 private:
  [[nodiscard]] std::string where(const toml::node& node, std::string_view path) const {
    return fmt::format("{}:{}: {}", path_, node.source().begin.line, path);
  }

  Result<void> apply_value(const std::string& path, const toml::node& node) {
    const Key* key = find_key(path);
    if (key == nullptr) return wrong(where(node, path) + ": " + unknown(path));
    if (path == "data" && in_data_) {
      return wrong(where(node, path) +
                   ": this file was found in the data folder, so it cannot name another: say "
                   "--data, or keep the file elsewhere and say --config");
    }
    if (const auto* text = node.as_string()) return set(config_, *key, **text, where(node, path));
    if (const auto* number = node.as_integer()) {
      return set(config_, *key, std::to_string(**number), where(node, path));
    }
    return wrong(where(node, path) + ": must be text or a whole number");
  }

  static std::string unknown(std::string_view path) {
    std::vector<std::string> known;
    for (const Key& key : keys()) known.emplace_back(key.path);
    if (const auto meant = nearest(path, known)) {
      return fmt::format("unknown key: did you mean {}?", *meant);
    }
    return fmt::format("unknown key: there are {}", fmt::join(known, ", "));
  }

  Config& config_;
  const std::string path_;
  const bool in_data_;
};

Result<void> apply_file(Config& config, const fs::path& path, bool in_data) {
  const Result<std::string> text = read_small_file(path);
  if (!text) return base::fail(base::Code::kStorage, text.error().message);
  try {
    return File(config, path, in_data).apply(toml::parse(*text, path.string()));
  } catch (const toml::parse_error& error) {
    return wrong(
        fmt::format("{}:{}: {}", path.string(), error.source().begin.line, error.description()));
  }
}

Result<void> check_spelling(const std::string& name) {
  std::vector<std::string> known(kOtherVariables.begin(), kOtherVariables.end());
  for (const Key& key : keys()) known.push_back(variable_of(key));
  if (std::ranges::find(known, name) != known.end()) return {};
  // Kubernetes, for one, sets ROOST_PORT and the like for a service of that name.
  const auto meant = nearest(name, known);
  if (!meant || edit_distance(name, *meant) > 2) return {};
  return wrong(fmt::format("{}: unknown variable: did you mean {}?", name, *meant));
}

Result<void> apply_environment(Config& config, const Sources& sources) {
  for (auto entry = sources.environment.lower_bound(kPrefix);
       entry != sources.environment.end() && entry->first.starts_with(kPrefix); ++entry) {
    if (auto spelt = check_spelling(entry->first); !spelt) return spelt;
  }
  for (const Key& key : keys()) {
    const std::string name = variable_of(key);
    const auto value = variable(sources, name);
    if (!value) continue;
    if (auto done = set(config, key, *value, name); !done) return done;
  }
  config.master_key = variable(sources, kMasterKeyVariable);
  return {};
}

Result<void> apply_flags(Config& config, const Sources& sources) {
  for (const auto& [path, value] : sources.flags) {
    const Key* key = find_key(path);
    if (key == nullptr) return wrong(fmt::format("{}: unknown key", path));
    if (auto done = set(config, *key, value, flag_of(*key)); !done) return done;
  }
  return {};
}

// The data folder decides where roost.toml is, so it is looked for before the file is read.
fs::path data_before_file(const Sources& sources) {
  if (const auto flag = sources.flags.find("data"); flag != sources.flags.end()) {
    return flag->second;
  }
  return variable(sources, "ROOST_DATA").value_or(Config().data.string());
}

Result<void> apply_files(Config& config, const Sources& sources) {
  if (sources.file) return apply_file(config, *sources.file, false);
  if (const auto named = variable(sources, kFileVariable)) {
    return apply_file(config, *named, false);
  }
  const fs::path file = data_before_file(sources) / kFileName;
  std::error_code error;
  if (!fs::exists(file, error)) return {};
  return apply_file(config, file, true);
}

// What no key can know by itself.
Result<void> check_together(Config& config) {
  const auto admin = http::parse_address(config.admin_listen);
  if (config.listen == config.admin_listen && admin && admin->port != "0") {
    return wrong(
        fmt::format("listen and admin_listen are both {}: functions may answer with HTML, "
                    "so the two must not share an address",
                    config.listen));
  }
  constexpr std::uint64_t kSmallestFunction = 16 * base::kMiB;
  if (config.limits.node_memory != 0 && config.limits.node_memory < kSmallestFunction) {
    return wrong(fmt::format(
        "limits.node_memory is {}: not even one function fits, which may ask "
        "for {}; say 0 for half of the machine's",
        base::format_size(config.limits.node_memory), base::format_size(kSmallestFunction)));
  }
  if (config.limits.max_queue == 0) config.limits.max_queue = 4 * config.limits.max_concurrency;
  return {};
}

}  // namespace

Result<Config> read_config(const Sources& sources) {
  Config config;
  if (auto done = apply_files(config, sources); !done) return base::fail(std::move(done.error()));
  if (auto done = apply_environment(config, sources); !done) {
    return base::fail(std::move(done.error()));
  }
  if (auto done = apply_flags(config, sources); !done) return base::fail(std::move(done.error()));
  if (auto done = check_together(config); !done) return base::fail(std::move(done.error()));
  return config;
}

}  // namespace server
