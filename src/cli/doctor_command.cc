// roost doctor: is this machine ready, is the data folder whole, does the server answer?
#include <memory>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/command.h"
#include "cli/connection_settings.h"
#include "cli/diagnosis.h"
#include "cli/stored_state.h"
#include "cli/table.h"

namespace cli {
namespace {

namespace json = boost::json;

struct Options {
  ConnectionOptions connection;
  std::string file;
  bool json = false;
};

Check check_server(const Options& options, const Environment& environment) {
  const auto settings = ConnectionSettings::read(options.connection, environment);
  if (!settings) return {"server", Verdict::kFail, settings.error().message, "see `keys`"};
  const auto url = settings->url(Listener::kAdmin);
  if (!url) return {"server", Verdict::kFail, url.error().message, "mend ROOST_ADMIN_URL"};
  const HttpClient client(*url,
                          {.connect = std::chrono::seconds(2), .silence = std::chrono::seconds(5)});
  const auto response =
      client.send({.method = "GET", .target = "/readyz", .headers = {}, .body = {}});
  if (!response) {
    return {"server", Verdict::kWarn, response.error().message, "start it with roost serve"};
  }
  if (!response->ok()) {
    return {"server", Verdict::kWarn,
            fmt::format("{} answers {} on /readyz", url->text(), response->status),
            "it is shutting down, or is not a roost"};
  }
  return {"server", Verdict::kOk, fmt::format("{} is ready", url->text()), {}};
}

std::vector<Check> examine(const Options& options, const Environment& environment) {
  server::Sources sources{{}, environment, std::nullopt};
  if (!options.connection.data.empty()) sources.flags["data"] = options.connection.data;
  if (!options.file.empty()) sources.file = options.file;
  const auto config = server::read_config(sources);
  if (!config) {
    return {{"configuration", Verdict::kFail, config.error().message, "mend it: serve refuses it"}};
  }
  std::vector<Check> checks{{"configuration", Verdict::kOk, "is understood", {}}};
  const Machine machine = look_at_machine();
  for (auto& found :
       {diagnose_machine(machine, *config), diagnose_folder(look_at_folder(config->data), *config),
        diagnose_state(look_at_state(config->data), machine.max_mappings, *config)}) {
    checks.insert(checks.end(), found.begin(), found.end());
  }
  Options there = options;
  there.connection.data = config->data.string();
  checks.push_back(check_server(there, environment));
  return checks;
}

void print(World& world, const std::vector<Check>& checks) {
  std::vector<std::vector<std::string>> rows;
  for (const Check& check : checks) {
    rows.push_back({std::string(name_of(check.verdict)), check.name, check.finding});
    if (!check.advice.empty()) rows.push_back({"", "", "→ " + check.advice});
  }
  print_table(world.out, rows);
}

void print_json(World& world, const std::vector<Check>& checks) {
  json::array list;
  for (const Check& check : checks) {
    list.push_back(json::object{{"name", check.name},
                                {"verdict", name_of(check.verdict)},
                                {"finding", check.finding},
                                {"advice", check.advice}});
  }
  world.out << json::serialize(json::object{{"verdict", name_of(worst_of(checks))},
                                            {"checks", std::move(list)}})
            << '\n';
}

ExitCode doctor(const Options& options, World& world) {
  const std::vector<Check> checks = examine(options, world.environment);
  (options.json ? print_json : print)(world, checks);
  return worst_of(checks) == Verdict::kFail ? ExitCode::kFailed : ExitCode::kOk;
}

}  // namespace

void add_doctor_command(CLI::App& app, Command& chosen) {
  auto* command =
      app.add_subcommand("doctor", "Check this machine, the data folder and the server");
  const auto options = std::make_shared<Options>();
  command->add_option("--config", options->file, "Default: roost.toml in the data folder");
  command->add_flag("--json", options->json, "Print the checks as JSON");
  add_connection_options(*command, options->connection, Listener::kAdmin);
  command->callback(
      [&chosen, options] { chosen = [options](World& world) { return doctor(*options, world); }; });
}

}  // namespace cli
