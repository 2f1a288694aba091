// The user's tables, as guests may meet them, with their grants and policies: one version of them.
//
// Read from the file when its schema or its policies change (both move SQLite's schema cookie);
// immutable afterwards. Names compare without regard to ASCII case, as SQLite does. Roost's own
// tables (`_roost_…`), SQLite's, virtual ones and views are not in it, so they do not exist for
// guests.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sqlite3.h>

#include "database/policy.h"
#include "database/sql_error.h"

namespace database::sqlite {

struct Column {
  std::string name;
  std::string type;       // declared, upper case: "INTEGER", "TEXT", "ANY", "" …
  std::string collation;  // "BINARY", "NOCASE", …
  bool not_null = false;  // also a column of an INTEGER PRIMARY KEY
  bool generated = false;
  std::string default_text;  // SQL; empty when there is none
};

struct Index {
  std::vector<std::size_t> columns;
  bool unique = false;  // and not partial
};

// A policy whose expressions were translated; `tables` are those that they name (indices into
// Schema::tables).
struct Condition {
  std::string text;  // SQLite's dialect; empty when the policy has none
  std::vector<std::size_t> tables;
};
struct TablePolicy {
  Policy policy;
  Condition use;
  Condition check;
};

struct Table {
  std::string name;
  std::vector<Column> columns;
  std::vector<std::size_t> key;            // of a WITHOUT ROWID table; else empty: the rowid
  std::optional<std::size_t> integer_key;  // the INTEGER PRIMARY KEY, an alias of the rowid
  std::vector<Index> indexes;
  bool strict = false;
  std::uint64_t row_estimate = 0;
  bool row_security = false;
  bool has_triggers = false;  // the user's own
  // Deleting a row may delete others of the same table: of its references, some cascade in a ring.
  bool cascades_to_itself = false;
  bool captured = false;  // its changes become events: who writes is noted
  Grants grants;
  std::vector<TablePolicy> policies;

  [[nodiscard]] std::optional<std::size_t> column(std::string_view name) const;
  // What the rowid is called: "rowid", unless a column has that name.
  [[nodiscard]] std::string_view rowid_name() const;
};

struct Schema {
  std::int64_t version = 0;  // PRAGMA schema_version
  std::vector<Table> tables;

  // Nothing when there is no such table for guests.
  [[nodiscard]] std::optional<std::size_t> table(std::string_view name) const;
};
using SchemaPtr = std::shared_ptr<const Schema>;

// ASCII, as SQLite compares names.
bool same_name(std::string_view a, std::string_view b);
std::string quote_name(std::string_view identifier);  // "…", doubled inside

}  // namespace database::sqlite
