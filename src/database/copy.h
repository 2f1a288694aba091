// A copy of a SQLite file as it is at one moment, while others write to it.
#pragma once

#include <filesystem>

#include "base/error.h"
#include "database/access.h"

namespace database {

// Everything that was committed before the call, and nothing half. Writers are not held up; the
// write-ahead log cannot be taken back into the file until the copy ends. `target` must not exist.
// kNotFound when there is no `source`; kStorage. Blocks.
base::Result<void> copy_sqlite(const std::filesystem::path& source,
                               const std::filesystem::path& target, SystemAccess);

}  // namespace database
