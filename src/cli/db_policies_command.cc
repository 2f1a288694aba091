// roost db policies: who may see what, as the SQL that says so.
#include <memory>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/command.h"
#include "cli/database_client.h"
#include "cli/db_commands.h"
#include "cli/policy_text.h"
#include "http/database_json.h"

namespace cli {
namespace {

using database::TableSecurity;

struct Options {
  ConnectionOptions connection;
  std::string table;
  bool json = false;
};

// Tables of other names gone; kFailed when none is left.
Outcome<std::vector<TableSecurity>> selected(std::vector<TableSecurity> tables,
                                             const std::string& name) {
  if (name.empty()) return tables;
  std::erase_if(tables, [&name](const TableSecurity& table) { return table.table != name; });
  if (tables.empty()) return fail(ExitCode::kFailed, fmt::format("there is no table {}", name));
  return tables;
}

ExitCode policies(const Options& options, World& world) {
  const auto database = DatabaseClient::connect(options.connection, world);
  if (!database) return report(world, database.error());
  auto all = database->security();
  if (!all) return report(world, all.error());
  const auto tables = selected(std::move(*all), options.table);
  if (!tables) return report(world, tables.error());
  if (options.json) {
    world.out << http::tables_json(*tables) << '\n';
    return ExitCode::kOk;
  }
  for (bool first = true; const TableSecurity& table : *tables) {
    if (!std::exchange(first, false)) world.out << '\n';
    world.out << security_text(table);
  }
  if (tables->empty()) world.err << "there are no tables: make them with roost db migrate\n";
  return ExitCode::kOk;
}

}  // namespace

void add_db_policies_command(CLI::App& group, Command& chosen) {
  auto* command = group.add_subcommand("policies", "Show grants, policies and row level security");
  const auto options = std::make_shared<Options>();
  command->add_option("TABLE", options->table, "Only this one");
  command->add_flag("--json", options->json, "Print them as JSON");
  add_connection_options(*command, options->connection, Listener::kAdmin);
  command->callback([&chosen, options] {
    chosen = [options](World& world) { return policies(*options, world); };
  });
}

}  // namespace cli
