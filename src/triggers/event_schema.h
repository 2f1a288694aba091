// Roost's own tables in the user's database for events: the scripts of their schema.
//
// They stand in the user's file because an event commits with the change that caused it. Names
// begin with `_roost_`; guests cannot reach them. Times are milliseconds since 1970 by the
// database's clock.
//
//   _roost_trigger   what is to fire, as it was deployed: one row for each trigger of a function
//   _roost_event     what has fired and is not done with: pending, leased or dead
//   _roost_attempt   what became of each try of an event that failed
//   _roost_writer    who writes in the transaction that is open: one row, reset before its commit
//   _roost_schedule  when each cron trigger is due next
#pragma once

#include <array>
#include <string_view>

#include "database/migrations.h"

namespace triggers {

inline constexpr std::array<std::string_view, 1> kEventScripts{R"(
CREATE TABLE _roost_trigger (
  id INTEGER PRIMARY KEY,
  function TEXT NOT NULL,
  spec TEXT NOT NULL,
  max_attempts INTEGER NOT NULL,
  first_delay_ms INTEGER NOT NULL,
  longest_delay_ms INTEGER NOT NULL,
  enabled INTEGER NOT NULL,
  UNIQUE (function, spec)
) STRICT;
CREATE TABLE _roost_event (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  trigger_id INTEGER NOT NULL,
  function TEXT NOT NULL,
  key TEXT NOT NULL,
  lane TEXT NOT NULL,
  payload TEXT NOT NULL,
  role TEXT,
  user_id TEXT,
  claims TEXT,
  depth INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'leased', 'dead')),
  attempt INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL,
  lease_until INTEGER,
  owner TEXT,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX _roost_event_due ON _roost_event (due_at, id) WHERE state = 'pending';
CREATE INDEX _roost_event_leased ON _roost_event (lease_until) WHERE state = 'leased';
CREATE INDEX _roost_event_dead ON _roost_event (id) WHERE state = 'dead';
CREATE INDEX _roost_event_lane ON _roost_event (trigger_id, lane, id)
  WHERE state IN ('pending', 'leased');
CREATE TABLE _roost_attempt (
  event_id INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  at INTEGER NOT NULL,
  invocation TEXT,
  error TEXT NOT NULL,
  lines TEXT NOT NULL,
  PRIMARY KEY (event_id, attempt)
) STRICT, WITHOUT ROWID;
CREATE TABLE _roost_writer (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  role TEXT,
  user_id TEXT,
  claims TEXT,
  depth INTEGER NOT NULL
) STRICT;
INSERT INTO _roost_writer VALUES (1, NULL, NULL, NULL, 0);
CREATE TABLE _roost_schedule (
  trigger_id INTEGER PRIMARY KEY,
  next_at INTEGER NOT NULL,
  last_at INTEGER,
  paused INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX _roost_schedule_next ON _roost_schedule (next_at) WHERE paused = 0;
CREATE TABLE _roost_tick (
  trigger_id INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (trigger_id, at)
) STRICT, WITHOUT ROWID;
)"};

inline constexpr database::SystemSchema kEventSchema{"events", kEventScripts};

}  // namespace triggers
