#include "http/deploy_form.h"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "http/admin_json.h"
#include "http/multipart.h"

namespace http {
namespace {

struct Parts {
  std::optional<std::string_view> config;
  std::optional<std::string_view> module;
};

base::Result<Parts> sort(const std::vector<Part>& parts) {
  Parts sorted;
  for (const Part& part : parts) {
    if (part.name != "config" && part.name != "module") {
      return base::fail(
          base::Code::kInvalidArgument,
          fmt::format("the form has an unknown part '{}': send 'config' and 'module'", part.name));
    }
    auto& slot = part.name == "config" ? sorted.config : sorted.module;
    if (slot) {
      return base::fail(base::Code::kInvalidArgument,
                        fmt::format("the form has two parts '{}'", part.name));
    }
    slot = part.content;
  }
  if (!sorted.config || !sorted.module) {
    return base::fail(
        base::Code::kInvalidArgument,
        fmt::format("the form lacks the part '{}'", sorted.config ? "module" : "config"));
  }
  return sorted;
}

}  // namespace

base::Result<DeployForm> read_deploy_form(Request& request, std::string_view name) {
  const base::Result<std::string> boundary =
      boundary_of(request.header("content-type").value_or(""));
  if (!boundary) return base::fail(boundary.error());
  const base::Result<std::vector<Part>> parts = parse_multipart(request.body, *boundary);
  if (!parts) return base::fail(parts.error());
  const base::Result<Parts> sorted = sort(*parts);
  if (!sorted) return base::fail(sorted.error());
  base::Result<catalog::Config> config = name.empty() ? catalog::parse_config(*sorted->config)
                                                      : parse_config_of(*sorted->config, name);
  if (!config) return base::fail(std::move(config.error()));

  const auto begin = static_cast<std::size_t>(sorted->module->data() - request.body.data());
  const std::size_t size = sorted->module->size();
  std::string module = std::move(request.body);
  module.resize(begin + size);
  module.erase(0, begin);
  return DeployForm{std::move(*config), std::move(module)};
}

}  // namespace http
