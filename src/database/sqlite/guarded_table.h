// The virtual tables that stand for the user's tables on a guest's connection: security-critical.
//
// They are read-only and hold nothing: a scan of one is a statement on the keeper's connection with
// the caller's policies in it (composition.h); constraints and orders are passed on only where
// SQLite means the same by them on both sides, and are checked again by SQLite on the guest's. Of a
// table t there are
//
//   t               its rows, under SELECT
//   __u_t, __d_t    the target of an UPDATE or DELETE: under USING of that command, and SELECT's
//   too
//                   as soon as a column is read; a rowid is a number of this statement's, no more
//   __r_t           the rows that a change returned
//   __o_t, __x_t    in DO UPDATE, the old and the proposed row
//
// The names are no secret. What the tables share while one statement runs is GuestScope.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "database/sql_error.h"
#include "database/sqlite/keeper.h"

namespace database::sqlite {

enum class TableKind : std::uint8_t { kSelect, kUpdate, kDelete, kReturned, kOld, kProposed };

class GuestScope {
 public:
  explicit GuestScope(Keeper& keeper_in) : keeper(keeper_in) {}

  // Nothing of a statement is left for the next one.
  void clear();

  // A number for the row, the same for the same row while the statement runs.
  std::int64_t handle(std::size_t table, RowKey key);
  // kInternalError for a number that was never given.
  [[nodiscard]] SqlResult<RowKey> key_of(std::int64_t handle) const;

  void set_rows(TableKind kind, std::size_t table, std::vector<StoredRow> rows);
  [[nodiscard]] const std::vector<StoredRow>* rows(TableKind kind, std::size_t table) const;

  Keeper& keeper;
  // Whether a scan of a target read columns: at run time.
  bool target_read = false;
  // Whether RETURNING may read columns: the change was made under SELECT's policy.
  bool may_return = false;
  // While a statement is prepared: whether columns of __u_, __d_ or __r_ tables are named.
  bool names_columns = false;
  // While SQLite reads our own declaration of a table, the authorizer is not to refuse it.
  bool declaring = false;
  // Why a scan failed, where SQLite's own code says less.
  std::optional<SqlError> failure;

 private:
  std::unordered_map<std::string, std::int64_t> handles_;  // by table and key
  std::vector<RowKey> keys_;
  std::map<std::pair<TableKind, std::size_t>, std::vector<StoredRow>> rows_;
};

// Makes all tables of the scope's schema on `guest`, which must be closed before `scope` goes.
SqlResult<void> install_guarded_tables(sqlite3* guest, GuestScope& scope);

}  // namespace database::sqlite
