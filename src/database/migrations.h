// Forward-only versions of a schema that Roost owns.
//
// Version n is the state after the first n scripts. Each missing one runs in its own transaction
// together with the new number. A database that is newer than the program is refused, so that an
// old program cannot damage it.
#pragma once

#include <span>
#include <string_view>

#include "database/connection.h"

namespace database {

// `name` keeps several schemas of one file apart. kStorage: "… is at version 7, this program knows
// 5: run a newer roost".
base::Result<void> migrate(Connection& connection, std::string_view name,
                           std::span<const std::string_view> scripts);

// A schema of Roost's own in the user's database: its tables' names begin with `_roost_`.
struct SystemSchema {
  std::string_view name;
  std::span<const std::string_view> scripts;
};

}  // namespace database
