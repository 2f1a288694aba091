// The user's numbered migrations: each runs once, in order, in a transaction of its own.
//
// Version and name come from the file, `0001_create_todos.sql`. What ran is recorded with the
// SHA-256 of its text in the same transaction; a recorded migration whose text has changed, or a
// new one numbered below a recorded one, is refused before anything runs. (migrations.h is for the
// schemas that Roost itself owns.)
#pragma once

#include <cstdint>
#include <string>

namespace database {

struct Migration {
  std::uint64_t version = 0;
  std::string name;  // "create_todos"
  std::string sql;
};

}  // namespace database
