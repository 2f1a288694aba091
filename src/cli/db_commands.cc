#include "cli/db_commands.h"

#include <CLI/CLI.hpp>

namespace cli {

void add_db_commands(CLI::App& app, Command& chosen) {
  auto* group = app.add_subcommand("db", "Query, migrate and check the database");
  group->require_subcommand(1);
  add_db_sql_command(*group, chosen);
  add_db_migrate_command(*group, chosen);
  add_db_policies_command(*group, chosen);
  add_db_check_command(*group, chosen);
}

}  // namespace cli
