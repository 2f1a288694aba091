// roost canary: another version of a function gets some of its calls, until it is promoted or
// ended.
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/admin_client.h"
#include "cli/command.h"
#include "cli/json_text.h"
#include "cli/whole_number.h"

namespace cli {
namespace {

namespace json = boost::json;

struct Options {
  ConnectionOptions connection;
  std::string name;
  int version = 0;  // 0: that of the canary there is, or the newest
  std::optional<int> percent;
  std::string header;
  bool promote = false;
  bool off = false;
  bool json = false;

  [[nodiscard]] bool sets() const { return version != 0 || percent || !header.empty(); }
};

std::int64_t canary_version(const json::value& function) {
  const json::value* canary = find(function, "canary");
  return canary == nullptr ? 0 : number_at(*canary, "version");
}

std::string split_text(const json::value& canary) {
  const std::string header = text_at(canary, "header");
  const std::string share = fmt::format("{} % of the calls", text_at(canary, "percent"));
  return header.empty() || header == "-" ? share
                                         : fmt::format("{}, and those with `{}`", share, header);
}

ExitCode show(const Options& options, const Outcome<json::value>& function, World& world) {
  if (!function) return report(world, function.error());
  if (options.json) {
    world.out << json::serialize(*function) << '\n';
    return ExitCode::kOk;
  }
  const std::string runs = text_at(*function, "version");
  if (const json::value* canary = find(*function, "canary"); canary != nullptr) {
    world.out << fmt::format("{}: version {} runs; its canary, version {}, gets {}\n", options.name,
                             runs, text_at(*canary, "version"), split_text(*canary));
  } else {
    world.out << fmt::format("{}: version {} runs, without a canary\n", options.name, runs);
  }
  return ExitCode::kOk;
}

ExitCode promote(const Options& options, const AdminClient& admin, const std::string& path,
                 World& world) {
  const auto function = admin.get(path);
  if (!function) return report(world, function.error());
  const std::int64_t version = canary_version(*function);
  if (version == 0) {
    return report(world, Failure{ExitCode::kFailed,
                                 fmt::format("{} has no canary: deploy one with `roost deploy "
                                             "--canary PERCENT`",
                                             options.name)});
  }
  return show(options,
              admin.send("POST", path + "/rollback", "application/json",
                         json::serialize(json::object{{"version", version}})),
              world);
}

// What is not named stays as it is.
Outcome<json::object> wanted(const Options& options, const json::value& function) {
  const json::value* canary = find(function, "canary");
  json::object wanted;
  const std::int64_t version = options.version != 0 ? options.version : canary_version(function);
  if (version == 0) {
    return fail(ExitCode::kUsage,
                fmt::format("{} has no canary: name the version that is to be it", options.name));
  }
  wanted["version"] = version;
  wanted["percent"] = options.percent.value_or(
      canary == nullptr ? 0 : static_cast<int>(number_at(*canary, "percent")));
  const json::value* header = canary == nullptr ? nullptr : find(*canary, "header");
  if (!options.header.empty()) {
    wanted["header"] = options.header;
  } else if (header != nullptr) {
    wanted["header"] = *header;
  }
  return wanted;
}

ExitCode canary(const Options& options, World& world) {
  const auto admin = AdminClient::connect(options.connection, world);
  if (!admin) return report(world, admin.error());
  const auto path = function_path(options.name);
  if (!path) return report(world, path.error());
  if (options.promote) return promote(options, *admin, *path, world);
  if (options.off) return show(options, admin->send("DELETE", *path + "/canary", "", ""), world);
  const auto function = admin->get(*path);
  if (!function || !options.sets()) return show(options, function, world);
  const auto request = wanted(options, *function);
  if (!request) return report(world, request.error());
  return show(options,
              admin->send("PUT", *path + "/canary", "application/json", json::serialize(*request)),
              world);
}

}  // namespace

void add_canary_command(CLI::App& app, Command& chosen) {
  auto* command =
      app.add_subcommand("canary", "Let another version of a function have some of its calls");
  const auto options = std::make_shared<Options>();
  command->add_option("NAME", options->name, "The function")->required();
  auto* version = command->add_option("VERSION", options->version, "Default: the canary there is")
                      ->check(whole_number());
  auto* percent =
      command->add_option("--percent", options->percent, "How many of the HTTP calls get it")
          ->check(CLI::Range(0, 100));
  auto* header = command->add_option("--header", options->header,
                                     "Calls with it get it as well, such as 'x-canary: yes'");
  auto* off = command->add_flag("--off", options->off, "All calls get the version that runs");
  auto* promotes = command->add_flag("--promote", options->promote, "It becomes the one that runs");
  for (auto* end : {off, promotes}) end->excludes(version)->excludes(percent)->excludes(header);
  off->excludes(promotes);
  command->add_flag("--json", options->json, "Print the function as JSON");
  add_connection_options(*command, options->connection, Listener::kAdmin);
  command->callback(
      [&chosen, options] { chosen = [options](World& world) { return canary(*options, world); }; });
}

}  // namespace cli
