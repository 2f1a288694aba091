// Core SQL triggers that write a row's change into the outbox, in the writer's own transaction.
//
// Whoever writes fires them: a guest, `roost db`, the sqlite3 shell. They use nothing but SQLite's
// own functions, so that none of these fails because of them; bytes become `\x…` text, infinities
// text. An UPDATE is captured only where one of its columns changed. The event is
//
//   {"trigger":"database","table":…,"schema":"public","operation":"INSERT"|"UPDATE"|"DELETE",
//    "old":{…}|null,"new":{…}|null,"timestamp":…}
//
// with "truncated":true, and without values longer than 256 characters, where the rows are larger
// than 4 Mi characters: no change fails because it is too large to be captured.
//
// Pure text: event_schema.h has the tables, installer.h puts the triggers into the database.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "catalog/trigger.h"

namespace triggers {

struct CapturedTable {
  std::string name;
  std::string kind = "table";        // | "view" | "virtual" | "shadow"
  std::vector<std::string> columns;  // empty: there is no such table
  std::vector<std::string> key;      // of its primary key, in order; empty: the rowid
};

enum class Operation { kInsert, kUpdate, kDelete };
std::string_view name_of(Operation operation);  // INSERT | UPDATE | DELETE

struct Capture {
  Operation operation = Operation::kInsert;
  std::vector<std::string> columns;  // of an UPDATE; empty: any
  std::string condition;             // SQL (condition.h); empty: always
};

// What a table trigger listens to, as it is written: "insert,update(email)".
std::vector<Capture> captures_of(const catalog::Trigger& trigger);
// Gives a capture its condition, for the table as it is. kInvalidArgument: the table cannot be
// captured, it does not have a column, or the condition holds what it may not.
base::Result<void> fit(Capture& capture, const catalog::Trigger& trigger,
                       const CapturedTable& table);

// Events that led to one another, at most; the next is dead at once.
inline constexpr int kMaxDepth = 8;

// "_roost_capture_7_insert"
std::string capture_name(std::int64_t trigger, Operation operation);
// CREATE TRIGGER …
std::string capture_text(std::int64_t trigger, std::string_view function,
                         const CapturedTable& table, const Capture& capture);

}  // namespace triggers
