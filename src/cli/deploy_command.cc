// roost deploy: a module and what to do with it become the next version of a function.
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/crypto.h"
#include "base/encoding.h"
#include "cli/admin_client.h"
#include "cli/command.h"
#include "cli/json_text.h"
#include "cli/manifest.h"

namespace cli {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

struct Options {
  ConnectionOptions connection;
  std::string source;
  std::string module;
  std::string name;
  std::string timeout, cpu, memory, max_response, max_log;
  std::vector<std::string> environment;
  std::vector<std::string> triggers;
  std::optional<bool> verify_jwt;
  std::optional<bool> service_role;
  std::optional<int> concurrency;
  std::optional<int> canary;
  std::string canary_header;
  bool create = false;
  bool json = false;

  [[nodiscard]] bool is_canary() const { return canary || !canary_header.empty(); }
};

// hello.wasm alone is a function `hello` with the server's defaults.
Outcome<Manifest> manifest_of(const fs::path& source) {
  std::error_code error;
  if (fs::is_directory(source, error)) {
    auto manifest = read_manifest(source / "function.toml");
    if (manifest) return std::move(*manifest);
    if (manifest.error().code != base::Code::kNotFound)
      return std::unexpected(failure_of(manifest.error()));
    return fail(ExitCode::kUsage,
                fmt::format("there is no function.toml in {}: write one, or name a .wasm file",
                            source.string()));
  }
  Manifest manifest{.module = source, .config = {}};
  manifest.config["name"] = source.stem().string();
  return manifest;
}

Outcome<void> add_variables(json::object& config, const std::vector<std::string>& variables) {
  if (variables.empty()) return {};
  json::value& environment = config["env"];
  if (!environment.is_object()) environment = json::object();
  for (const std::string& variable : variables) {
    const std::size_t equals = variable.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(ExitCode::kUsage, fmt::format("--env {}: write NAME=VALUE", variable));
    }
    environment.get_object()[variable.substr(0, equals)] = variable.substr(equals + 1);
  }
  return {};
}

// Flags win over the manifest.
Outcome<void> apply_flags(Manifest& manifest, const Options& options) {
  json::object& config = manifest.config;
  if (!options.module.empty()) manifest.module = options.module;
  const std::initializer_list<std::pair<std::string_view, const std::string&>> texts{
      {"name", options.name},
      {"timeout", options.timeout},
      {"cpu", options.cpu},
      {"memory", options.memory},
      {"max_response", options.max_response},
      {"max_log", options.max_log}};
  for (const auto& [key, value] : texts) {
    if (!value.empty()) config[key] = value;
  }
  if (options.verify_jwt) config["verify_jwt"] = *options.verify_jwt;
  if (options.service_role) config["service_role"] = *options.service_role;
  if (options.concurrency) config["concurrency"] = *options.concurrency;
  if (!options.triggers.empty()) {
    config["triggers"] = json::array(options.triggers.begin(), options.triggers.end());
  }
  return add_variables(config, options.environment);
}

Outcome<std::string> read_module(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) {
    return fail(
        ExitCode::kUsage,
        fmt::format("there is no module {}: build it, or name it with --module", file.string()));
  }
  std::ifstream in(file, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  if (in.bad() || bytes.empty()) {
    return fail(ExitCode::kFailed, fmt::format("cannot read {}, or it is empty", file.string()));
  }
  return bytes;
}

struct Form {
  std::string content_type;
  std::string body;
};

// multipart/form-data (RFC 7578); the boundary is random, so no module contains it.
Form form_of(const json::object& config, std::string_view module) {
  const std::string boundary = "roost-" + base::to_hex(base::random_bytes(16));
  return {"multipart/form-data; boundary=" + boundary,
          fmt::format("--{0}\r\nContent-Disposition: form-data; name=\"config\"\r\n"
                      "Content-Type: application/json\r\n\r\n{1}\r\n"
                      "--{0}\r\nContent-Disposition: form-data; name=\"module\"; "
                      "filename=\"module.wasm\"\r\nContent-Type: application/wasm\r\n\r\n{2}\r\n"
                      "--{0}--\r\n",
                      boundary, json::serialize(config), module)};
}

// What a deployment's address says besides the name.
std::string query_of(const Options& options) {
  if (!options.is_canary()) return "";
  std::string query = fmt::format("?canary={}", options.canary.value_or(0));
  if (!options.canary_header.empty()) {
    query += "&canary_header=" + base::to_percent(options.canary_header);
  }
  return query;
}

Outcome<json::value> upload(const AdminClient& admin, const Manifest& manifest,
                            const Options& options) {
  const std::string name(manifest.config.at("name").get_string());
  const auto path = function_path(name);
  if (!path) return std::unexpected(path.error());
  const auto module = read_module(manifest.module);
  if (!module) return std::unexpected(module.error());
  Form form = form_of(manifest.config, *module);
  bool create = options.create;
  if (!create && !options.is_canary()) {
    const auto there = admin.exists(*path);
    if (!there) return std::unexpected(there.error());
    create = !*there;
  }
  return admin.send(create ? "POST" : "PUT", create ? "/functions" : *path + query_of(options),
                    std::move(form.content_type), std::move(form.body));
}

void print(World& world, const json::value& function, const std::string& url) {
  const auto& canary = function.as_object();
  if (const auto* found = canary.if_contains("canary")) {
    world.out << fmt::format("{}: version {} deployed as the canary, version {} runs\n",
                             text_at(function, "name"), text_at(*found, "version"),
                             text_at(function, "version"));
    return;
  }
  world.out << fmt::format("{}: version {} deployed ({}, sha256 {:.12})\n",
                           text_at(function, "name"), text_at(function, "version"),
                           size_at(function, "module_bytes"), text_at(function, "module_sha256"));
  if (!url.empty()) {
    world.out << "  " << url << '\n';
  } else if (!array_at(function, "config.triggers").empty()) {
    world.out << "  run by its triggers only; with `--trigger http` as well it can be called\n";
  }
}

// Where it can be called; empty when it cannot by HTTP.
std::string url_of(const json::value& function, const Options& options, const World& world) {
  const auto& triggers = array_at(function, "config.triggers");
  if (std::ranges::find(triggers, json::value("http")) == triggers.end()) return "";
  const auto settings = ConnectionSettings::read(options.connection, world.environment);
  const auto url = settings ? settings->url(Listener::kFunctions) : std::unexpected(Failure());
  return url ? fmt::format("{}/functions/v1/{}", url->text(), text_at(function, "name")) : "";
}

ExitCode deploy(const Options& options, World& world) {
  auto manifest = manifest_of(options.source);
  if (!manifest) return report(world, manifest.error());
  if (const auto applied = apply_flags(*manifest, options); !applied) {
    return report(world, applied.error());
  }
  const auto admin = AdminClient::connect(options.connection, world);
  if (!admin) return report(world, admin.error());
  const auto function = upload(*admin, *manifest, options);
  if (!function) return report(world, function.error());
  if (options.json) {
    world.out << json::serialize(*function) << '\n';
  } else {
    print(world, *function, url_of(*function, options, world));
  }
  return ExitCode::kOk;
}

// Two flags for three answers: without either the manifest decides, or the server. (CLI11's own
// `!--no-` form leaves false behind when neither is given.)
void add_choice(CLI::App& command, const std::string& name, std::optional<bool>& choice,
                const std::string& about) {
  auto* yes =
      command.add_flag_callback("--" + name, [&choice] { choice = true; }, "Says that " + about);
  command.add_flag_callback(
             "--no-" + name, [&choice] { choice = false; }, "Says the contrary")
      ->excludes(yes);
}

void add_limits(CLI::App& command, Options& options) {
  command.add_option("--timeout", options.timeout, "How long one call may take, such as 2s");
  command.add_option("--cpu", options.cpu, "CPU time of one call, such as 500ms");
  command.add_option("--memory", options.memory, "Memory of one call, such as 64MiB");
  command.add_option("--max-response", options.max_response, "Size of its answer");
  command.add_option("--max-log", options.max_log, "Size of what one call logs");
  command.add_option("--concurrency", options.concurrency, "How many calls may run at once");
}

}  // namespace

void add_deploy_command(CLI::App& app, Command& chosen) {
  auto* command = app.add_subcommand("deploy", "Make a module the next version of a function");
  const auto options = std::make_shared<Options>();
  command->add_option("SOURCE", options->source, "FILE.wasm, or a folder with function.toml")
      ->required();
  command->add_option("--name", options->name, "Default: of the manifest, else of the file");
  command->add_option("--module", options->module, "The module, in place of the manifest's");
  add_limits(*command, *options);
  command->add_option("--env", options->environment, "NAME=VALUE; may be repeated")
      ->allow_extra_args(false);
  command->add_option("--trigger", options->triggers, "http (default); may be repeated")
      ->allow_extra_args(false);
  add_choice(*command, "verify-jwt", options->verify_jwt, "callers need a token (they do)");
  add_choice(*command, "service-role", options->service_role,
             "it gets SUPABASE_SERVICE_ROLE_KEY (it does not)");
  command
      ->add_option("--canary", options->canary,
                   "Let this percent of the HTTP calls try it; the version that runs stays")
      ->check(CLI::Range(0, 100));
  command->add_option("--canary-header", options->canary_header,
                      "Let calls with this header try it, such as 'x-canary: yes'");
  command->add_flag("--create", options->create, "Refuse a name that is taken");
  command->add_flag("--json", options->json, "Print the function as JSON");
  add_connection_options(*command, options->connection, Listener::kAdmin);
  command->callback(
      [&chosen, options] { chosen = [options](World& world) { return deploy(*options, world); }; });
}

}  // namespace cli
