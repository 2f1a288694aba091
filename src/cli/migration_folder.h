// A folder of migrations: files NNNN_name.sql, run in the order of their numbers.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/command.h"
#include "database/migration.h"

namespace cli {

struct MigrationFolder {
  std::vector<database::Migration> migrations;  // by version; at least one
  std::vector<std::string> ignored;             // names of what is no migration, sorted
};

// kUsage when the folder cannot be read, has no migration, or has two of one number. Hidden files
// are passed over.
Outcome<MigrationFolder> read_migration_folder(const std::filesystem::path& folder);

}  // namespace cli
