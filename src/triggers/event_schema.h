// Roost's own tables in the user's database for events: the scripts of their schema.
//
// They stand in the user's file because an event commits with the change that caused it. Names
// begin with `_roost_`; guests cannot reach them. Times are milliseconds since 1970 by the
// database's clock.
//
//   _roost_trigger   what is to fire, as it was deployed: one row for each trigger of a function
//   _roost_event     what has fired and is not done with; never changed
//   _roost_delivery  how far each event is: apart, because it changes and an event may be large
//   _roost_attempt   what became of each try of an event that failed
//   _roost_writer    who writes in the transaction that is open: one row, reset before its commit
//   _roost_schedule  when each cron trigger is due next
//   _roost_tick      the times that were enqueued, so that none is twice
//
// A delivery's state: 0 waits for an earlier event of its lane; 1 is to be claimed from `due_at`
// on, which a claim moves to the end of its lease; 2 dead; 3 delivered, where these are kept.
#pragma once

#include <array>
#include <string_view>

#include "database/migrations.h"

namespace triggers {

inline constexpr std::array<std::string_view, 1> kEventScripts{R"(
CREATE TABLE _roost_trigger (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  function TEXT NOT NULL,
  head TEXT NOT NULL,
  spec TEXT NOT NULL,
  version INTEGER NOT NULL,
  max_attempts INTEGER NOT NULL,
  first_delay_ms INTEGER NOT NULL,
  longest_delay_ms INTEGER NOT NULL,
  run_as TEXT,
  format TEXT NOT NULL,
  transactional INTEGER NOT NULL,
  missed TEXT NOT NULL,
  overlap TEXT NOT NULL,
  UNIQUE (function, head)
) STRICT;
CREATE TABLE _roost_event (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  trigger_id INTEGER NOT NULL,
  function TEXT NOT NULL,
  version INTEGER,
  key TEXT NOT NULL,
  payload TEXT NOT NULL,
  role TEXT,
  user_id TEXT,
  claims TEXT,
  depth INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE _roost_delivery (
  event_id INTEGER PRIMARY KEY,
  trigger_id INTEGER NOT NULL,
  lane TEXT NOT NULL,
  size INTEGER NOT NULL,
  state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3),
  attempt INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL,
  owner TEXT,
  pinned INTEGER
) STRICT;
CREATE INDEX _roost_delivery_ready ON _roost_delivery (trigger_id, due_at) WHERE state = 1;
CREATE INDEX _roost_delivery_lane ON _roost_delivery (trigger_id, lane, state, event_id) WHERE state < 2;
CREATE INDEX _roost_delivery_dead ON _roost_delivery (event_id) WHERE state = 2;
CREATE INDEX _roost_delivery_done ON _roost_delivery (due_at) WHERE state = 3;
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
