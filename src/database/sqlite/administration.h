// What an administrator does to the file: scripts, policies, migrations.
//
// On a connection of its own with full authority (no guest's statement ever runs on it), which has
// the functions of functions.h, foreign keys on, and no transaction open between two calls. Each
// call is one transaction (`migrate`: one per migration) and moves SQLite's schema cookie when
// policies, grants or the schema change, so that every guest connection sees it at its next
// `begin`. Blocks. After each change all policies are translated and prepared again: a change that
// would break one is refused with its name.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "database/migration.h"
#include "database/policy.h"
#include "database/sql_error.h"
#include "database/sqlite/interruption.h"
#include "database/sqlite/schema.h"
#include "database/statement.h"

namespace database::sqlite {

class Administration {
 public:
  // Opens (and makes) the file: WAL, synchronous=FULL, mode 0600; makes Roost's own tables in it
  // (`_roost_policy`, `_roost_grant`, `_roost_row_security`, `_roost_migration`). Errors do not
  // name the file.
  static SqlResult<std::unique_ptr<Administration>> open(
      const std::filesystem::path& file, const Interruption* interruption = nullptr);
  virtual ~Administration() = default;

  // The Rows of each statement. BEGIN, COMMIT, SAVEPOINT, ATTACH and the like are refused.
  virtual SqlResult<std::vector<Rows>> run(std::string_view script, const Bounds& bounds) = 0;
  virtual SqlResult<std::vector<std::uint64_t>> migrate(const std::vector<Migration>& migrations,
                                                        const Bounds& bounds) = 0;
  virtual SqlResult<std::vector<TableSecurity>> security() = 0;
};

// A script that only reads, on a connection of its own beside the writer's: its Rows, or which of
// the bounds it passed. Nothing for any other script, and where reading fails in another way:
// `Administration::run` then says why. Blocks.
std::optional<SqlResult<std::vector<Rows>>> read_script(const std::filesystem::path& file,
                                                        std::string_view script,
                                                        const Bounds& bounds,
                                                        const Interruption* interruption);

// The schema with grants and translated policies, as any connection to the file may read it.
SqlResult<SchemaPtr> load_schema(sqlite3* connection);
SqlResult<std::int64_t> schema_version(sqlite3* connection);

}  // namespace database::sqlite
