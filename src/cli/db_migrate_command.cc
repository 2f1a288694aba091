// roost db migrate: the migrations of a folder that have not run.
#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/encoding.h"
#include "cli/command.h"
#include "cli/database_client.h"
#include "cli/db_commands.h"
#include "cli/migration_folder.h"

namespace cli {
namespace {

namespace json = boost::json;

struct Options {
  ConnectionOptions connection;
  std::string folder;
  bool json = false;
};

Outcome<void> check_text(const std::vector<database::Migration>& migrations) {
  const auto bad = std::ranges::find_if_not(migrations, base::is_utf8,
                                            [](const auto& migration) { return migration.sql; });
  if (bad == migrations.end()) return {};
  return fail(ExitCode::kUsage,
              fmt::format("migration {} \"{}\" is no UTF-8 text", bad->version, bad->name));
}

void print(World& world, const std::vector<database::Migration>& migrations,
           const std::vector<std::uint64_t>& applied) {
  for (const database::Migration& migration : migrations) {
    if (std::ranges::find(applied, migration.version) == applied.end()) continue;
    world.out << fmt::format("applied {} {}\n", migration.version, migration.name);
  }
  if (!applied.empty()) return;
  world.out << fmt::format("nothing to do: {} had run before\n",
                           migrations.size() == 1
                               ? "the one migration"
                               : fmt::format("all {} migrations", migrations.size()));
}

ExitCode migrate(const Options& options, World& world) {
  const auto folder = read_migration_folder(options.folder);
  if (!folder) return report(world, folder.error());
  if (const auto text = check_text(folder->migrations); !text) return report(world, text.error());
  for (const std::string& name : folder->ignored) {
    world.err << fmt::format("ignored {}: it is not named as in 0001_create_todos.sql\n",
                             base::escape_controls(name));
  }
  const auto database = DatabaseClient::connect(options.connection, world);
  if (!database) return report(world, database.error());
  const auto applied = database->migrate(folder->migrations);
  if (!applied) return report(world, applied.error());
  if (options.json) {
    world.out << json::serialize(
                     json::object{{"applied", json::array(applied->begin(), applied->end())}})
              << '\n';
  } else {
    print(world, folder->migrations, *applied);
  }
  return ExitCode::kOk;
}

}  // namespace

void add_db_migrate_command(CLI::App& group, Command& chosen) {
  auto* command = group.add_subcommand("migrate", "Run a folder's migrations that have not run");
  const auto options = std::make_shared<Options>();
  command->add_option("FOLDER", options->folder, "Of files NNNN_name.sql")->required();
  command->add_flag("--json", options->json, "Print the versions that ran as JSON");
  add_connection_options(*command, options->connection, Listener::kAdmin);
  command->callback([&chosen, options] {
    chosen = [options](World& world) { return migrate(*options, world); };
  });
}

}  // namespace cli
