// What SQLite's result codes mean to the rest of Roost.
#pragma once

#include <sqlite3.h>

#include "base/error.h"

namespace database::sqlite {

// The failure that `connection` has just reported: kAlreadyExists for a taken key, kInternal for
// SQL that is wrong, else kStorage. Names the file and what to do; `file` is for a connection that
// did not open and so does not know its own.
base::Error failure_of(sqlite3* connection, const char* file = "database");

}  // namespace database::sqlite
