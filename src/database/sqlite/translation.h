// From PostgreSQL's grammar to SQLite's text.
//
// Guests' statements and policies are parsed by PostgreSQL's own parser and written anew from the
// tree: only what is known here comes through, all else is refused by name with its position
// (kFeatureNotSupported, kUndefinedFunction). Where the two databases mean different things by the
// same words (NULLs in ORDER BY, LIKE's escape, division, casts, names of result columns) the text
// is written so that SQLite does what PostgreSQL does; functions whose names begin with `pg_` are
// ours (functions.h). Nothing here decides what a caller may see: any wrong cut is a SELECT over
// guarded tables and a request that apply() checks (keeper.h; docs/security.md).
//
// Design: rls.md "Pipelines". The pieces are SQL for the guest's connection, where a table named t
// is guarded, `__u_t` and `__d_t` are the targets of UPDATE and DELETE, `__r_t` the rows that
// apply() returned, `__o_t` and `__x_t` the old and the proposed row in DO UPDATE.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "database/sql_error.h"
#include "database/sqlite/schema.h"

namespace database::sqlite {

enum class Kind : std::uint8_t { kSelect, kInsert, kUpdate, kDelete };

struct Conflict {
  std::vector<std::size_t> target;  // columns of the conflict; empty: any (DO NOTHING only)
  // DO UPDATE: SELECT (e1), (e2) … FROM "__o_t" AS alias, "__x_t" AS excluded [WHERE …]; empty: DO
  // NOTHING.
  std::string update;
  std::vector<std::size_t> columns;          // what e1, e2, … are for
  std::vector<std::size_t> default_columns;  // SET c = DEFAULT
};

struct GuestStatement {
  Kind kind = Kind::kSelect;
  std::vector<std::size_t> reads;  // tables named anywhere but as the target
  std::uint32_t parameters = 0;    // the highest $n

  // SELECT: the query. INSERT: the rows, one column for each of `columns` (`pg_default()` for
  // DEFAULT); empty for DEFAULT VALUES. UPDATE: SELECT a.rowid, (e1), … FROM "__u_t" AS a ….
  // DELETE: SELECT a.rowid FROM "__d_t" AS a ….
  std::string source;
  // Prepared but never run: refuses aggregates and windows in SET. Empty when there is nothing to
  // refuse.
  std::string probe;

  std::size_t target = 0;  // the table; not of SELECT
  // A column of the target is read: whether SQLite reads it too, or finds out that it need not, the
  // SELECT policy holds.
  bool names_target = false;
  std::vector<std::size_t> columns;  // INSERT's list (all but generated ones without one), or SET's
  bool columns_listed = false;       // INSERT had a list of its own
  std::vector<std::size_t> default_columns;  // UPDATE: SET c = DEFAULT
  std::optional<Conflict> conflict;          // INSERT
  std::string returning;                     // SELECT … FROM "__r_t" AS alias; empty when none
};

SqlResult<GuestStatement> translate_statement(std::string_view sql, const Schema& schema);

// A policy's expression over `table`, whose columns it may name bare or as table.column. Tables in
// its sub-queries are written bare, for the caller's own conditions to stand in their place. No
// parameters.
SqlResult<Condition> translate_policy(std::string_view expression, const Schema& schema,
                                      std::size_t table);

}  // namespace database::sqlite
