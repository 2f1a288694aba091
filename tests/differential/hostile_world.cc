#include "differential/hostile_world.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/ascii.h"
#include "base/encoding.h"
#include "database/sqlite/administration.h"
#include "database/sqlite/prepared.h"
#include "database/sqlite/schema.h"

namespace differential {
namespace {

using database::sqlite::quote_name;

constexpr std::string_view kMark = "canary";
constexpr std::size_t kCanaryBytes = kMark.size() + 12;
constexpr int kRowsPerOwner = 3;
constexpr std::string_view kOddTable = "Odd \"Name";
constexpr std::string_view kCascading = "branches";

constexpr std::string_view kSchema = R"(
CREATE TABLE owned (id INTEGER PRIMARY KEY, team INTEGER, owner TEXT, canary TEXT, secret INTEGER UNIQUE) STRICT;
CREATE TABLE keyed (id INTEGER NOT NULL, team INTEGER, owner TEXT NOT NULL, canary TEXT, secret INTEGER,
  PRIMARY KEY (owner, id)) STRICT, WITHOUT ROWID;
CREATE TABLE dropbox (id INTEGER PRIMARY KEY, team INTEGER, owner TEXT, canary TEXT, secret INTEGER) STRICT;
CREATE TABLE shared (id INTEGER PRIMARY KEY, team INTEGER, owner TEXT, canary TEXT, secret INTEGER) STRICT;
CREATE INDEX shared_by_team ON shared (team, secret);
CREATE TABLE memberships (id INTEGER, team INTEGER NOT NULL, owner TEXT NOT NULL, canary TEXT, secret INTEGER,
  PRIMARY KEY (team, owner)) STRICT, WITHOUT ROWID;
CREATE TABLE vault (id INTEGER PRIMARY KEY, team INTEGER, owner TEXT, canary TEXT, secret INTEGER) STRICT;
CREATE TABLE ungranted (id INTEGER PRIMARY KEY, team INTEGER, owner TEXT, canary TEXT, secret INTEGER) STRICT;
CREATE TABLE open (id INTEGER PRIMARY KEY, team INTEGER, owner TEXT, canary TEXT, secret INTEGER) STRICT;
CREATE TABLE branches (id INTEGER PRIMARY KEY, owner TEXT, canary TEXT, secret INTEGER,
  team INTEGER REFERENCES branches (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED) STRICT;
CREATE TABLE "Odd ""Name" (id INTEGER PRIMARY KEY, team INTEGER, owner TEXT COLLATE NOCASE, canary TEXT UNIQUE,
  secret INTEGER) STRICT;
)";

constexpr std::string_view kPolicies = R"(
GRANT SELECT, INSERT, UPDATE, DELETE ON owned, keyed, dropbox, shared, memberships, vault, open, branches,
  "Odd ""Name"
  TO authenticated, service_role;
GRANT SELECT ON owned, open, dropbox TO anon;
ALTER TABLE owned ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON owned USING (owner = auth.uid());
ALTER TABLE keyed ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON keyed USING (owner = auth.uid());
ALTER TABLE branches ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON branches USING (owner = auth.uid());
CREATE POLICY cut ON branches FOR DELETE USING (owner = auth.uid() OR team < 3);
ALTER TABLE "Odd ""Name" ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON "Odd ""Name" USING (owner = auth.uid());
ALTER TABLE dropbox ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON dropbox FOR SELECT USING (owner = auth.uid());
CREATE POLICY put ON dropbox FOR INSERT WITH CHECK (true);
CREATE POLICY change ON dropbox FOR UPDATE USING (true);
CREATE POLICY take ON dropbox FOR DELETE USING (true);
ALTER TABLE memberships ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON memberships FOR SELECT USING (owner = auth.uid());
ALTER TABLE shared ENABLE ROW LEVEL SECURITY;
CREATE POLICY team ON shared FOR SELECT
  USING (EXISTS (SELECT 1 FROM memberships m WHERE m.team = shared.team AND m.owner = auth.uid()));
CREATE POLICY put ON shared FOR INSERT WITH CHECK (owner = auth.uid());
CREATE POLICY change ON shared FOR UPDATE USING (owner = auth.uid());
ALTER TABLE vault ENABLE ROW LEVEL SECURITY;
)";

std::string text_of(sqlite3_stmt* statement, int column) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  return text == nullptr ? "NULL" : text;
}

std::string insert_text(const std::string& table, int id, int team, std::string_view owner,
                        std::mt19937_64& random) {
  return fmt::format(
      "INSERT INTO {} (id, team, owner, canary, secret) VALUES ({}, {}, '{}', '{}{:012x}', {});",
      quote_name(table), id, team, owner, kMark, random() & 0xffff'ffff'ffffU,
      1'000'000'000 + random() % 1'000'000'000'000);
}

// alice is in team 1 and 2, bob in 2 and 3; carol in none.
std::string rows_text() {
  std::mt19937_64 random(20260101);
  std::string text;
  for (const std::string& table : HostileWorld::tables()) {
    if (table == "memberships") continue;
    int id = 0;
    for (const std::string_view owner : {kAlice, kBob, kCarol}) {
      for (int i = 0; i < kRowsPerOwner; ++i) {
        ++id;
        text += insert_text(table, id, 1 + id % 4, owner, random);
      }
    }
  }
  const std::array<std::pair<int, std::string_view>, 4> members{
      {{1, kAlice}, {2, kAlice}, {2, kBob}, {3, kBob}}};
  for (const auto& [team, owner] : members) {
    text += insert_text("memberships", team, team, owner, random);
  }
  return text;
}

}  // namespace

const std::vector<std::string>& HostileWorld::tables() {
  static const std::vector<std::string> kTables{
      "owned", "keyed",     "dropbox", "shared",   "memberships",
      "vault", "ungranted", "open",    "branches", std::string(kOddTable)};
  return kTables;
}

std::unique_ptr<HostileWorld> HostileWorld::make(const std::filesystem::path& file) {
  auto administration = database::sqlite::Administration::open(file);
  if (!administration) {
    ADD_FAILURE() << administration.error().message;
    return nullptr;
  }
  for (const std::string& script : {std::string(kSchema), std::string(kPolicies), rows_text()}) {
    if (auto run = (*administration)->run(script, {}); !run) {
      ADD_FAILURE() << database::to_json(run.error());
      return nullptr;
    }
  }
  sqlite3* raw = nullptr;
  EXPECT_EQ(sqlite3_open_v2(file.c_str(), &raw, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  const database::sqlite::ConnectionHandle connection(raw);
  auto world = std::make_unique<HostileWorld>();
  world->rows_ = read(raw);
  for (std::size_t i = 0; i < world->rows_.size(); ++i) {
    world->by_canary_[world->rows_[i].canary] = i;
    world->by_secret_[std::stoll(world->rows_[i].secret)] = i;
  }
  return world;
}

std::vector<HostileRow> HostileWorld::read(sqlite3* connection) {
  std::vector<HostileRow> rows;
  for (const std::string& table : tables()) {
    auto statement = database::sqlite::prepare(
        connection, "SELECT id, team, owner, canary, secret FROM main." + quote_name(table));
    if (!statement) {
      ADD_FAILURE() << statement.error().message;
      return rows;
    }
    while (sqlite3_step(statement->get()) == SQLITE_ROW) {
      sqlite3_stmt* const row = statement->get();
      rows.push_back({table, text_of(row, 0), text_of(row, 1), text_of(row, 2), text_of(row, 3),
                      text_of(row, 4)});
    }
  }
  std::ranges::sort(rows);
  return rows;
}

bool HostileWorld::is_member(const Caller& caller, const std::string& team) const {
  return std::ranges::any_of(rows_, [&](const HostileRow& row) {
    return row.table == "memberships" && row.team == team && row.owner == caller.principal.user_id;
  });
}

bool HostileWorld::granted(const Caller& caller, std::string_view table, Deed deed) const {
  if (table == "ungranted") return false;
  if (caller.principal.role != auth::Role::kAnon) return true;
  return deed == Deed::kSelect && (table == "owned" || table == "open" || table == "dropbox");
}

bool HostileWorld::may(const Caller& caller, Deed deed, const HostileRow& row) const {
  if (!granted(caller, row.table, deed)) return false;
  if (caller.principal.role == auth::Role::kServiceRole || row.table == "open") return true;
  // One of the tables compares owners without regard to case.
  const std::string& user = caller.principal.user_id;
  const bool own =
      !user.empty() &&
      (row.table == kOddTable ? database::sqlite::same_name(row.owner, user) : row.owner == user);
  if (row.table == "vault") return false;
  if (row.table == "memberships") return own && deed == Deed::kSelect;
  if (row.table == "dropbox") return own || deed != Deed::kSelect;
  if (row.table == kCascading && deed == Deed::kDelete) {
    return own || (row.team != "NULL" && std::stoll(row.team) < 3);
  }
  if (row.table == "shared") {
    return deed == Deed::kSelect ? is_member(caller, row.team) : own && deed != Deed::kDelete;
  }
  return own;
}

// The policies have no WITH CHECK that differs from their USING.
bool HostileWorld::may_leave(const Caller& caller, Deed deed, const HostileRow& row) const {
  return may(caller, deed, row);
}

std::optional<std::string> HostileWorld::reads(const Caller& caller, const HostileRow& row) const {
  if (may(caller, Deed::kSelect, row)) return std::nullopt;
  return fmt::format("{} was shown {}'s row {} of {}", caller.name, row.owner, row.id, row.table);
}

std::optional<std::string> HostileWorld::leak(const Caller& caller, std::string_view text) const {
  for (std::size_t at = 0; (at = text.find(kMark, at)) != std::string_view::npos; ++at) {
    const auto found = by_canary_.find(text.substr(at, kCanaryBytes));
    if (found == by_canary_.end()) continue;
    if (auto leaked = reads(caller, rows_[found->second])) return leaked;
  }
  static const std::string kHexMark = base::to_hex(kMark);
  const std::string lower = base::to_lower(text);
  if (lower.find(kHexMark) == std::string::npos) return std::nullopt;
  for (const auto& [canary, index] : by_canary_) {
    if (lower.find(base::to_hex(canary)) == std::string::npos) continue;
    if (auto leaked = reads(caller, rows_[index])) return leaked;
  }
  return std::nullopt;
}

std::optional<std::string> HostileWorld::leak(const Caller& caller, std::int64_t number) const {
  const auto found = by_secret_.find(number);
  return found == by_secret_.end() ? std::nullopt : reads(caller, rows_[found->second]);
}

std::optional<std::string> HostileWorld::misdeed(const Caller& caller, Deed deed, bool need,
                                                 const std::vector<HostileRow>& after) const {
  std::vector<HostileRow> gone;
  std::vector<HostileRow> come;
  std::ranges::set_difference(rows_, after, std::back_inserter(gone));
  std::ranges::set_difference(after, rows_, std::back_inserter(come));
  const auto seen = [&](const HostileRow& row) { return !need || may(caller, Deed::kSelect, row); };
  // An INSERT's rows that are gone were updated on conflict.
  const Deed taken = deed == Deed::kInsert ? Deed::kUpdate : deed;
  const bool cascades = deed == Deed::kDelete && std::ranges::any_of(gone, [&](const auto& row) {
                          return row.table == kCascading && may(caller, deed, row) && seen(row);
                        });
  for (const HostileRow& row : gone) {
    if (may(caller, taken, row) && seen(row)) continue;
    if (cascades && row.table == kCascading) continue;
    return fmt::format("{} changed {}'s row {} of {}", caller.name, row.owner, row.id, row.table);
  }
  for (const HostileRow& row : come) {
    const bool updated = deed == Deed::kInsert && !gone.empty() && may_leave(caller, taken, row);
    if ((may_leave(caller, deed, row) || updated) && seen(row)) continue;
    return fmt::format("{} wrote {}'s row {} of {}", caller.name, row.owner, row.id, row.table);
  }
  if (deed == Deed::kDelete && !come.empty()) return "a DELETE wrote rows";
  if (deed == Deed::kUpdate && come.size() != gone.size()) return "an UPDATE made or lost rows";
  if (deed == Deed::kSelect && (!come.empty() || !gone.empty())) return "a SELECT changed rows";
  return std::nullopt;
}

}  // namespace differential
