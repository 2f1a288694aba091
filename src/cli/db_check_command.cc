// roost db check: tables that show more, or less, than was meant.
#include <memory>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "cli/command.h"
#include "cli/database_client.h"
#include "cli/db_commands.h"
#include "cli/security_check.h"

namespace cli {
namespace {

namespace json = boost::json;

struct Options {
  ConnectionOptions connection;
  bool json = false;
};

std::string counted(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

void print(World& world, const std::vector<SecurityWarning>& warnings, std::size_t tables) {
  for (const SecurityWarning& warning : warnings) {
    world.out << fmt::format("{}: {}\n    {}\n", warning.table, warning.meaning, warning.remedy);
  }
  world.out << fmt::format("{} in {}\n", counted(warnings.size(), "warning"),
                           counted(tables, "table"));
}

void print_json(World& world, const std::vector<SecurityWarning>& warnings) {
  json::array list;
  for (const SecurityWarning& warning : warnings) {
    list.push_back(json::object{{"kind", warning.kind},
                                {"table", warning.table},
                                {"meaning", warning.meaning},
                                {"remedy", warning.remedy}});
  }
  world.out << json::serialize(json::object{{"warnings", std::move(list)}}) << '\n';
}

ExitCode check(const Options& options, World& world) {
  const auto database = DatabaseClient::connect(options.connection, world);
  if (!database) return report(world, database.error());
  const auto tables = database->security();
  if (!tables) return report(world, tables.error());
  const auto warnings = check_security(*tables);
  if (options.json) {
    print_json(world, warnings);
  } else {
    print(world, warnings, tables->size());
  }
  return warnings.empty() ? ExitCode::kOk : ExitCode::kFailed;
}

}  // namespace

void add_db_check_command(CLI::App& group, Command& chosen) {
  auto* command =
      group.add_subcommand("check", "Warn of tables that show more, or less, than was meant");
  const auto options = std::make_shared<Options>();
  command->add_flag("--json", options->json, "Print the warnings as JSON");
  add_connection_options(*command, options->connection, Listener::kAdmin);
  command->callback(
      [&chosen, options] { chosen = [options](World& world) { return check(*options, world); }; });
}

}  // namespace cli
