// The catalog's tables in roost.db. Append new scripts; never change one that was released.
//
// STRICT, so that a row holds what it declares. The current version is a foreign key, checked at
// COMMIT: a function without its version and module cannot be committed. Times are microseconds
// since 1970.
#pragma once

#include <array>
#include <string_view>

#include "base/error.h"
#include "database/connection.h"
#include "database/migrations.h"

namespace catalog {

inline constexpr std::array<std::string_view, 3> kSchema{R"sql(
CREATE TABLE modules (
  sha256 BLOB PRIMARY KEY CHECK (length(sha256) = 32),
  bytes  BLOB NOT NULL
) STRICT;

-- AUTOINCREMENT: the journal outlives a function, so its id is not given to another one.
CREATE TABLE functions (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  name            TEXT NOT NULL UNIQUE,
  enabled         INTEGER NOT NULL CHECK (enabled IN (0, 1)),
  current_version INTEGER NOT NULL,
  created_at      INTEGER NOT NULL,
  FOREIGN KEY (id, current_version) REFERENCES versions (function_id, number)
    DEFERRABLE INITIALLY DEFERRED
) STRICT;

CREATE TABLE versions (
  function_id INTEGER NOT NULL REFERENCES functions (id) ON DELETE CASCADE,
  number      INTEGER NOT NULL CHECK (number > 0),
  module      BLOB NOT NULL REFERENCES modules (sha256),
  config      TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  PRIMARY KEY (function_id, number)
) STRICT;
CREATE INDEX versions_by_module ON versions (module);

-- What is known of a version without its module's bytes: length() reads the row's header only.
CREATE VIEW version_summaries AS
  SELECT v.function_id, v.number, v.module, length(m.bytes) AS module_bytes, v.config, v.created_at
  FROM versions v JOIN modules m ON m.sha256 = v.module;

CREATE TABLE triggers (
  function_id INTEGER NOT NULL,
  version     INTEGER NOT NULL,
  kind        TEXT NOT NULL,
  subject     TEXT NOT NULL,
  detail      TEXT NOT NULL,
  PRIMARY KEY (function_id, version, kind, subject, detail),
  FOREIGN KEY (function_id, version) REFERENCES versions (function_id, number) ON DELETE CASCADE
) STRICT;
CREATE INDEX triggers_by_subject ON triggers (kind, subject);

CREATE TABLE signing_keys (
  name   TEXT PRIMARY KEY,
  sealed BLOB NOT NULL
) STRICT;
)sql",
                                                         R"sql(
CREATE TABLE canaries (
  function_id INTEGER PRIMARY KEY,
  version     INTEGER NOT NULL,
  percent     INTEGER NOT NULL CHECK (percent BETWEEN 0 AND 100),
  header      TEXT NOT NULL,
  FOREIGN KEY (function_id, version) REFERENCES versions (function_id, number) ON DELETE CASCADE
) STRICT;
)sql",
                                                         R"sql(
-- Which ran before the current one did: what a rollback goes back to. NULL: none, or not known.
ALTER TABLE functions ADD COLUMN previous_version INTEGER;
)sql"};

inline base::Result<void> migrate_catalog(database::Connection& connection) {
  return database::migrate(connection, "catalog", kSchema);
}

}  // namespace catalog
