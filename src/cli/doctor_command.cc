// roost doctor: is this machine ready, is the data folder whole, does the server answer?
#include <memory>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/admin_client.h"
#include "cli/command.h"
#include "cli/connection_settings.h"
#include "cli/diagnosis.h"
#include "cli/json_text.h"
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

constexpr HttpClient::Timeouts kTimeouts{.connect = std::chrono::seconds(2),
                                         .silence = std::chrono::seconds(5)};

Check check_server(const Options& options, const Environment& environment) {
  const auto settings = ConnectionSettings::read(options.connection, environment);
  if (!settings) return {"server", Verdict::kFail, settings.error().message, "see `keys`"};
  const auto url = settings->url(Listener::kAdmin);
  if (!url) return {"server", Verdict::kFail, url.error().message, "mend ROOST_ADMIN_URL"};
  const HttpClient client(*url, kTimeouts);
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

// Only a running server knows: a trigger may have lost its table, or wait for one.
Check check_triggers(const Options& options, const World& world) {
  const auto admin = AdminClient::connect(options.connection, world, kTimeouts);
  if (!admin) return {"triggers", Verdict::kWarn, admin.error().message, "set ROOST_KEY"};
  const auto found = admin->get("/functions");
  if (!found) return {"triggers", Verdict::kWarn, found.error().message, "see `server`"};
  std::string faults;
  for (const json::value& function : array_at(*found, "functions")) {
    for (const json::value& fault : array_at(function, "faults")) {
      faults += fmt::format("{}{}: `{}` does not fire: {}", faults.empty() ? "" : "; ",
                            text_at(function, "name"), text_at(fault, "trigger"),
                            text_at(fault, "reason"));
    }
  }
  if (faults.empty()) return {"triggers", Verdict::kOk, "all fire as they are written", {}};
  return {"triggers", Verdict::kWarn, faults,
          "make what it names, or deploy the function with another trigger"};
}

std::vector<Check> examine(const Options& options, const World& world) {
  server::Sources sources{{}, world.environment, std::nullopt};
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
  checks.push_back(check_server(there, world.environment));
  if (checks.back().verdict == Verdict::kOk) checks.push_back(check_triggers(there, world));
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
  const std::vector<Check> checks = examine(options, world);
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
