// The subcommands of `roost db`, each in a file of its own.
#pragma once

#include "cli/command.h"

namespace cli {

void add_db_sql_command(CLI::App& group, Command& chosen);
void add_db_migrate_command(CLI::App& group, Command& chosen);
void add_db_policies_command(CLI::App& group, Command& chosen);
void add_db_check_command(CLI::App& group, Command& chosen);

}  // namespace cli
