// roost list, get, delete, enable, disable, rollback: what there is, and which of it runs.
#include <memory>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/admin_client.h"
#include "cli/command.h"
#include "cli/json_text.h"
#include "cli/table.h"
#include "cli/whole_number.h"

namespace cli {
namespace {

namespace json = boost::json;

struct Options {
  ConnectionOptions connection;
  std::string name;
  int version = 0;  // 0: the one before the current
  bool json = false;
};

using Work = ExitCode (*)(const Options&, const AdminClient&, World&);

ExitCode list(const Options& options, const AdminClient& admin, World& world) {
  const auto found = admin.get("/functions");
  if (!found) return report(world, found.error());
  const json::array& functions = array_at(*found, "functions");
  if (options.json) {
    world.out << json::serialize(functions) << '\n';
    return ExitCode::kOk;
  }
  if (functions.empty()) {
    world.err << "there are no functions yet: roost deploy FILE.wasm\n";
    return ExitCode::kOk;
  }
  std::vector<std::vector<std::string>> rows{
      {"NAME", "VERSION", "ENABLED", "TIMEOUT", "MEMORY", "SIZE", "TRIGGERS"}};
  for (const json::value& function : functions) {
    rows.push_back({text_at(function, "name"), text_at(function, "version"),
                    text_at(function, "enabled"), text_at(function, "config.timeout"),
                    text_at(function, "config.memory"), size_at(function, "module_bytes"),
                    list_at(function, "config.triggers")});
  }
  print_table(world.out, rows);
  for (const json::value& function : functions) {
    for (const json::value& fault : array_at(function, "faults")) {
      world.err << fmt::format("{}: its trigger `{}` does not fire as it is written: {}\n",
                               text_at(function, "name"), text_at(fault, "trigger"),
                               text_at(fault, "reason"));
    }
  }
  return ExitCode::kOk;
}

void print_function(World& world, const json::value& function) {
  std::vector<std::vector<std::string>> rows;
  for (const char* key : {"name", "enabled", "version", "created_at", "module_sha256"}) {
    rows.push_back({key, text_at(function, key)});
  }
  rows.push_back({"module_bytes", size_at(function, "module_bytes")});
  for (const char* key : {"verify_jwt", "service_role", "timeout", "cpu", "memory", "max_response",
                          "max_log", "concurrency"}) {
    rows.push_back({key, text_at(function, std::string("config.") + key)});
  }
  rows.push_back({"triggers", list_at(function, "config.triggers")});
  for (const json::value& fault : array_at(function, "faults")) {
    rows.push_back(
        {"fault", fmt::format("`{}`: {}", text_at(fault, "trigger"), text_at(fault, "reason"))});
  }
  const json::value* environment = find(function, "config.env");
  if (environment != nullptr && environment->is_object()) {
    for (const auto& variable : environment->get_object()) {
      rows.push_back({"env", fmt::format("{}={}", std::string_view(variable.key()),
                                         text_of(variable.value()))});
    }
  }
  print_table(world.out, rows);
}

void print_versions(World& world, const json::array& versions, const json::value& function) {
  std::vector<std::vector<std::string>> rows{{"VERSION", "CREATED", "SIZE", "SHA256", ""}};
  for (const json::value& version : versions) {
    const bool runs = number_at(version, "version") == number_at(function, "version");
    rows.push_back({text_at(version, "version"), text_at(version, "created_at"),
                    size_at(version, "module_bytes"),
                    text_at(version, "module_sha256").substr(0, 12), runs ? "runs" : ""});
  }
  world.out << '\n';
  print_table(world.out, rows);
}

ExitCode get(const Options& options, const AdminClient& admin, World& world) {
  const auto path = function_path(options.name);
  if (!path) return report(world, path.error());
  auto function = admin.get(*path);
  if (!function) return report(world, function.error());
  const auto versions = admin.get(*path + "/versions");
  if (!versions) return report(world, versions.error());
  if (!options.json) {
    print_function(world, *function);
    print_versions(world, array_at(*versions, "versions"), *function);
    return ExitCode::kOk;
  }
  if (json::object* object = function->if_object()) {
    (*object)["versions"] = array_at(*versions, "versions");
  }
  world.out << json::serialize(*function) << '\n';
  return ExitCode::kOk;
}

ExitCode remove(const Options& options, const AdminClient& admin, World& world) {
  const auto path = function_path(options.name);
  if (!path) return report(world, path.error());
  const auto removed = admin.send("DELETE", *path, "", "");
  if (!removed) return report(world, removed.error());
  if (options.json) {
    world.out << json::serialize(json::object{{"deleted", options.name}}) << '\n';
  } else {
    world.out << options.name << ": deleted with all its versions\n";
  }
  return ExitCode::kOk;
}

// The end of every command that changes a function.
ExitCode finish(const Options& options, const Outcome<json::value>& function, World& world,
                std::string_view done) {
  if (!function) return report(world, function.error());
  if (options.json) {
    world.out << json::serialize(*function) << '\n';
  } else {
    world.out << options.name << ": " << done << '\n';
  }
  return ExitCode::kOk;
}

ExitCode set_enabled(const Options& options, const AdminClient& admin, World& world, bool enabled) {
  const auto path = function_path(options.name);
  if (!path) return report(world, path.error());
  const auto function = admin.send("PATCH", *path, "application/json",
                                   json::serialize(json::object{{"enabled", enabled}}));
  return finish(options, function, world, enabled ? "enabled" : "disabled: calls are answered 404");
}

ExitCode enable(const Options& options, const AdminClient& admin, World& world) {
  return set_enabled(options, admin, world, true);
}

ExitCode disable(const Options& options, const AdminClient& admin, World& world) {
  return set_enabled(options, admin, world, false);
}

// That of a function which was deployed before servers kept it is taken to be the next lower one.
Outcome<std::int64_t> version_before(const AdminClient& admin, const std::string& path) {
  const auto function = admin.get(path);
  if (!function) return std::unexpected(function.error());
  if (const std::int64_t known = number_at(*function, "previous_version"); known > 0) return known;
  const auto found = admin.get(path + "/versions");
  if (!found) return std::unexpected(found.error());
  const std::int64_t current = number_at(*function, "version");
  std::int64_t before = 0;
  for (const json::value& version : array_at(*found, "versions")) {
    const std::int64_t number = number_at(version, "version");
    if (number < current) before = std::max(before, number);
  }
  if (before > 0) return before;
  return fail(
      ExitCode::kFailed,
      fmt::format("version {} runs, and there is none before it: name another one", current));
}

ExitCode rollback(const Options& options, const AdminClient& admin, World& world) {
  const auto path = function_path(options.name);
  if (!path) return report(world, path.error());
  const Outcome<std::int64_t> version =
      options.version > 0 ? options.version : version_before(admin, *path);
  if (!version) return report(world, version.error());
  const auto function = admin.send("POST", *path + "/rollback", "application/json",
                                   json::serialize(json::object{{"version", *version}}));
  return finish(options, function, world, fmt::format("version {} runs", *version));
}

ExitCode connect_and(Work work, const Options& options, World& world) {
  const auto admin = AdminClient::connect(options.connection, world);
  if (!admin) return report(world, admin.error());
  return work(options, *admin, world);
}

struct Subcommand {
  const char* name;
  const char* about;
  Work work;
};

CLI::App* add(CLI::App& app, Command& chosen, const Subcommand& subcommand,
              const std::shared_ptr<Options>& options) {
  auto* command = app.add_subcommand(subcommand.name, subcommand.about);
  if (subcommand.work != &list) {
    command->add_option("NAME", options->name, "The function")->required();
  }
  command->add_flag("--json", options->json, "Print JSON");
  add_connection_options(*command, options->connection, Listener::kAdmin);
  command->callback([&chosen, options, work = subcommand.work] {
    chosen = [options, work](World& world) { return connect_and(work, *options, world); };
  });
  return command;
}

}  // namespace

void add_functions_commands(CLI::App& app, Command& chosen) {
  for (const Subcommand& subcommand :
       {Subcommand{"list", "List all functions", list},
        Subcommand{"get", "Show a function, its configuration and versions", get},
        Subcommand{"delete", "Delete a function with all its versions", remove},
        Subcommand{"enable", "Let a disabled function run again", enable},
        Subcommand{"disable", "Answer 404 in place of running a function", disable}}) {
    add(app, chosen, subcommand, std::make_shared<Options>());
  }
  const auto options = std::make_shared<Options>();
  add(app, chosen, {"rollback", "Let another version of a function run", rollback}, options)
      ->add_option("VERSION", options->version, "Default: the one that ran before")
      ->check(whole_number());
}

}  // namespace cli
