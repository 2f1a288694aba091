// What SQLite's result codes mean to the rest of Roost.
#pragma once

#include <filesystem>

#include <sqlite3.h>

#include "base/error.h"
#include "database/sql_error.h"

namespace database::sqlite {

// The failure that `connection` has just reported: kAlreadyExists for a taken key, kInternal for
// SQL that is wrong, else kStorage. Names the file and what to do; `file` is for a connection that
// did not open and so does not know its own.
base::Error failure_of(sqlite3* connection, const char* file = "database");

// Whether an extended result code says that the file's disk is full.
bool is_full_disk(int extended);

// The same failure in PostgreSQL's terms, for who wrote the statement: with its codes, in words
// close to its own, and without the server's paths. An error of one of our functions, whose message
// begins with a state ("22012: division by zero"), is that state's.
SqlError sqlite_error(sqlite3* connection);

// Why `file` could not be opened or prepared (kConnectionFailure): `error`'s message, which begins
// with the file where it names one, without the path.
SqlError opening_error(const base::Error& error, const std::filesystem::path& file);

}  // namespace database::sqlite
