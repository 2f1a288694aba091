// What a guest's statement costs beside the same statement prepared on the file: point read,
// indexed read, join, aggregate, insert, update. One thread, one WAL file; the two sides take
// turns, and the medians of the rounds are compared.
//
// Reads are each a transaction of their own, as a function's db_query is. Writes are savepoints of
// one open transaction on both sides: what the disk takes for a commit is the same. The raw
// connection has no mutex and as large a cache as the guests' (database/sqlite/keeper.cc).
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <sqlite3.h>

#include "database/sqlite/administration.h"
#include "database/sqlite/guest_connection.h"
#include "database/test_folder.h"

namespace {

using database::GuestAccess;
using database::Statement;
using database::sqlite::GuestConnection;
using database::sqlite::Mode;

constexpr int kRounds = 7;
constexpr const char* kSchema = R"(
  CREATE TABLE notes (id INTEGER PRIMARY KEY, owner TEXT NOT NULL, title TEXT NOT NULL,
                      stars INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
  CREATE INDEX notes_by_owner ON notes (owner);
  CREATE INDEX notes_by_title ON notes (title);
  CREATE TABLE members (uid TEXT NOT NULL, org INTEGER NOT NULL, PRIMARY KEY (uid, org)) STRICT, WITHOUT ROWID;
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
  INSERT INTO notes SELECT i, 'user' || (i % 100), 'title ' || i, i % 5, printf('%.100c', 'x') FROM n;
  WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99)
  INSERT INTO members SELECT 'user' || i, 7 FROM n;
  ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
  ALTER TABLE members ENABLE ROW LEVEL SECURITY;
  CREATE POLICY own ON notes TO authenticated USING (owner = auth.uid());
  CREATE POLICY own ON members TO authenticated USING (uid = auth.uid());
  GRANT SELECT, INSERT, UPDATE, DELETE ON notes, members TO authenticated;)";

[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "guest_query: %s\n", why.c_str());
  std::exit(1);
}

struct Case {
  const char* name;
  std::string guest;
  std::string raw;
  int operations;
  bool writes;
  std::function<database::Value(int)> parameter;
};

std::vector<Case> cases() {
  const auto own = [](int i) { return database::Value(std::int64_t{1 + 100 * (i * 37 % 1000)}); };
  const auto title = [](int i) {
    return database::Value("title " + std::to_string(1 + 100 * (i * 37 % 1000)));
  };
  const auto any = [](int) { return database::Value(std::int64_t{0}); };
  const auto fresh = [](int i) {
    static std::int64_t next = 1'000'000;
    return database::Value(next++ + 0 * i);
  };
  return {
      {"point read", "SELECT id, title FROM notes WHERE id = $1",
       "SELECT id, title FROM notes WHERE id = ?1", 20'000, false, own},
      {"indexed read", "SELECT id, stars FROM notes WHERE title = $1",
       "SELECT id, stars FROM notes WHERE title = ?1", 20'000, false, title},
      {"join by key",
       "SELECT n.id, m.org FROM notes n JOIN members m ON m.uid = n.owner WHERE n.id = $1",
       "SELECT n.id, m.org FROM notes n JOIN members m ON m.uid = n.owner WHERE n.id = ?1", 20'000,
       false, own},
      {"aggregate of 1000 rows", "SELECT count(*), sum(stars) FROM notes WHERE stars >= $1",
       "SELECT count(*), sum(stars) FROM notes WHERE owner = 'user1' AND stars >= ?1", 200, false,
       any},
      {"update by key", "UPDATE notes SET stars = stars + 1 WHERE id = $1",
       "UPDATE notes SET stars = stars + 1 WHERE id = ?1", 5'000, true, own},
      {"insert", "INSERT INTO notes VALUES ($1, 'user1', 'a title', 0, 'a body')",
       "INSERT INTO notes VALUES (?1, 'user1', 'a title', 0, 'a body')", 5'000, true, fresh},
  };
}

double microseconds(std::chrono::steady_clock::duration duration, int operations) {
  return std::chrono::duration<double, std::micro>(duration).count() / operations;
}

double run_guest(GuestConnection& connection, const Case& what) {
  const GuestAccess access({auth::Role::kAuthenticated, "user1", "{}"});
  Statement statement{what.guest, {database::Null()}};
  const auto check = [](const auto& result) {
    if (!result) die(result.error().message);
  };
  if (what.writes) check(connection.begin());
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < what.operations; ++i) {
    statement.parameters[0] = what.parameter(i);
    if (what.writes) {
      check(connection.mark());
      auto rows = connection.run(access, statement, {});
      check(rows);
      if (rows->count != 1) die(std::string(what.name) + " changed no row");
      check(connection.keep());
    } else {
      auto rows = connection.run_alone(access, statement);
      check(rows);
      if (rows->count == 0) die(std::string(what.name) + " found no row");
    }
  }
  const auto end = std::chrono::steady_clock::now();
  if (what.writes) connection.rollback();
  return microseconds(end - begin, what.operations);
}

void bind_parameter(sqlite3_stmt* statement, const database::Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    sqlite3_bind_int64(statement, 1, *number);
  } else {
    sqlite3_bind_text(statement, 1, std::get<std::string>(value).c_str(), -1, SQLITE_TRANSIENT);
  }
}

double run_raw(sqlite3* connection, const Case& what) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(connection, what.raw.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
    die(sqlite3_errmsg(connection));
  }
  const auto execute = [&](const char* sql) {
    if (sqlite3_exec(connection, sql, nullptr, nullptr, nullptr) != SQLITE_OK) die(sql);
  };
  sqlite3_stmt* mark = nullptr;
  sqlite3_stmt* keep = nullptr;
  sqlite3_prepare_v2(connection, "SAVEPOINT m", -1, &mark, nullptr);
  sqlite3_prepare_v2(connection, "RELEASE m", -1, &keep, nullptr);
  const auto once = [](sqlite3_stmt* which) {
    sqlite3_step(which);
    sqlite3_reset(which);
  };
  if (what.writes) execute("BEGIN IMMEDIATE");
  std::uint64_t seen = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < what.operations; ++i) {
    if (what.writes) once(mark);
    bind_parameter(statement, what.parameter(i));
    while (sqlite3_step(statement) == SQLITE_ROW) {
      for (int column = 0; column < sqlite3_column_count(statement); ++column) {
        seen += static_cast<std::uint64_t>(sqlite3_column_bytes(statement, column));
      }
    }
    sqlite3_reset(statement);
    if (what.writes) once(keep);
  }
  const auto end = std::chrono::steady_clock::now();
  if (what.writes) execute("ROLLBACK");
  for (sqlite3_stmt* each : {statement, mark, keep}) sqlite3_finalize(each);
  if (!what.writes && seen == 0) die(std::string(what.name) + " read nothing");
  return microseconds(end - begin, what.operations);
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

}  // namespace

int main() {
  const database::TestFolder folder;
  const auto file = folder / "data.db";
  {
    auto administration = database::sqlite::Administration::open(file);
    if (!administration) die(administration.error().message);
    auto made = (*administration)->run(kSchema, {});
    if (!made) die(made.error().message);
  }
  auto reader = GuestConnection::open(file, Mode::kRead);
  auto writer = GuestConnection::open(file, Mode::kWrite);
  if (!reader || !writer) die("the file cannot be opened");
  sqlite3* raw = nullptr;
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
  if (sqlite3_open_v2(file.c_str(), &raw, kFlags, nullptr) != SQLITE_OK ||
      sqlite3_exec(raw, "PRAGMA synchronous = FULL; PRAGMA cache_size = -8000", nullptr, nullptr,
                   nullptr) != SQLITE_OK) {
    die("the file cannot be opened");
  }

  std::printf("SQLite %s; medians of %d rounds, in microseconds\n", sqlite3_libversion(), kRounds);
  std::printf("%-24s %8s %8s %7s\n", "", "guest", "raw", "ratio");
  for (const Case& what : cases()) {
    std::vector<double> guests;
    std::vector<double> raws;
    std::vector<double> ratios;
    for (int round = 0; round < kRounds; ++round) {
      guests.push_back(run_guest(what.writes ? **writer : **reader, what));
      raws.push_back(run_raw(raw, what));
      ratios.push_back(guests.back() / raws.back());
    }
    std::printf("%-24s %8.2f %8.2f %6.2fx\n", what.name, median(guests), median(raws),
                median(ratios));
  }
  sqlite3_close(raw);
  return 0;
}
