#include "cli/manifest.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/array.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include "server/private_file.h"
#include "server/spelling.h"

namespace cli {
namespace {

using base::Result;
namespace json = boost::json;
namespace fs = std::filesystem;

// How a value of the manifest becomes one of the config; nothing when its type is wrong.
using Convert = std::optional<json::value> (*)(const toml::node& node);

std::optional<json::value> text(const toml::node& node) {
  const auto* value = node.as_string();
  return value == nullptr ? std::nullopt : std::optional<json::value>(json::string(**value));
}
std::optional<json::value> quantity(const toml::node& node) {
  if (const auto* number = node.as_integer()) return json::value(**number);
  return text(node);
}
std::optional<json::value> flag(const toml::node& node) {
  const auto* value = node.as_boolean();
  return value == nullptr ? std::nullopt : std::optional<json::value>(**value);
}
std::optional<json::value> texts(const toml::node& node) {
  const toml::array* list = node.as_array();
  if (list == nullptr) return std::nullopt;
  json::array out;
  for (const toml::node& entry : *list) {
    auto value = text(entry);
    if (!value) return std::nullopt;
    out.push_back(std::move(*value));
  }
  return out;
}

struct Key {
  std::string_view path;
  std::string_view type;  // for people
  Convert convert;
};
constexpr std::array kKeys{
    Key{"name", "text", text},
    Key{"module", "text", text},
    Key{"triggers", "a list of texts", texts},
    Key{"verify_jwt", "true or false", flag},
    Key{"service_role", "true or false", flag},
    Key{"limits.timeout", "text or a number", quantity},
    Key{"limits.cpu", "text or a number", quantity},
    Key{"limits.memory", "text or a number", quantity},
    Key{"limits.max_response", "text or a number", quantity},
    Key{"limits.max_log", "text or a number", quantity},
    Key{"limits.concurrency", "a whole number", quantity},
};
constexpr std::string_view kEnvironment = "env.";
constexpr std::string_view kLimits = "limits.";

const Key* find_key(std::string_view path) {
  static constexpr Key kVariable{"env.*", "text: write numbers in quotes", text};
  for (const Key& key : kKeys) {
    if (key.path == path) return &key;
  }
  return path.starts_with(kEnvironment) ? &kVariable : nullptr;
}

std::string unknown(std::string_view path) {
  std::vector<std::string> known{"env.NAME"};
  for (const Key& key : kKeys) known.emplace_back(key.path);
  if (const auto meant = server::nearest(path, known)) {
    return fmt::format("unknown key: did you mean {}?", *meant);
  }
  return fmt::format("unknown key: there are {}", fmt::join(known, ", "));
}

class Reader {
 public:
  explicit Reader(const fs::path& file) : file_(file.string()) {}

  Result<void> read(const toml::table& table, const std::string& prefix = "") {
    for (const auto& [name, node] : table) {
      const std::string path = prefix + std::string(name.str());
      const toml::table* inner = prefix.empty() ? node.as_table() : nullptr;
      auto done = inner != nullptr ? read(*inner, path + ".") : read_value(path, node);
      if (!done) return done;
    }
    return {};
  }

  json::object config;
  std::optional<std::string> module;

 private:
  Result<void> read_value(const std::string& path, const toml::node& node) {
    const Key* key = find_key(path);
    if (key == nullptr) return wrong(path, node, unknown(path));
    auto value = key->convert(node);
    if (!value) return wrong(path, node, fmt::format("must be {}", key->type));
    place(path, std::move(*value));
    return {};
  }

  void place(std::string_view path, json::value value) {
    if (path == "module") {
      module = std::string(value.get_string());
    } else if (path.starts_with(kEnvironment)) {
      json::value& environment = config["env"];
      if (!environment.is_object()) environment = json::object();
      environment.get_object()[path.substr(kEnvironment.size())] = std::move(value);
    } else {
      const std::size_t begin = path.starts_with(kLimits) ? kLimits.size() : 0;
      config[path.substr(begin)] = std::move(value);
    }
  }

  [[nodiscard]] std::unexpected<base::Error> wrong(std::string_view path, const toml::node& node,
                                                   std::string_view why) const {
    return base::fail(base::Code::kInvalidArgument,
                      fmt::format("{}:{}: {}: {}", file_, node.source().begin.line, path, why));
  }

  const std::string file_;
};

Result<void> parse(Reader& reader, const fs::path& file) {
  const auto content = server::read_small_file(file);
  if (!content) return base::fail(content.error());
  try {
    return reader.read(toml::parse(*content));
  } catch (const toml::parse_error& error) {
    return base::fail(
        base::Code::kInvalidArgument,
        fmt::format("{}:{}: {}", file.string(), error.source().begin.line, error.description()));
  }
}

}  // namespace

Result<Manifest> read_manifest(const fs::path& file) {
  Reader reader(file);
  if (auto done = parse(reader, file); !done) return base::fail(std::move(done.error()));
  std::error_code error;
  const fs::path folder = fs::absolute(file, error).lexically_normal().parent_path();
  if (!reader.config.contains("name")) reader.config["name"] = folder.filename().string();
  const std::string name(reader.config["name"].get_string());
  return Manifest{folder / reader.module.value_or(name + ".wasm"), std::move(reader.config)};
}

}  // namespace cli
