// A file of tables under attack: a canary in each row, and an oracle of who may do what with it.
//
// All tables have the same columns (id, team, owner, canary, secret); keys and policies differ. The
// oracle knows the policies by itself, in C++: a row's canary or secret number in an answer to
// somebody who may not read the row is a leak, however it got there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sqlite3.h>

#include "database/sqlite/keeper.h"
#include "differential/callers.h"

namespace differential {

// NULL is the text "NULL".
struct HostileRow {
  std::string table;
  std::string id, team, owner, canary, secret;
  auto operator<=>(const HostileRow&) const = default;
};

enum class Deed : std::uint8_t { kSelect, kInsert, kUpdate, kDelete };

class HostileWorld {
 public:
  // A failure of the test when it cannot be made.
  static std::unique_ptr<HostileWorld> make(const std::filesystem::path& file);

  static const std::vector<std::string>& tables();
  [[nodiscard]] const std::vector<HostileRow>& rows() const { return rows_; }
  static std::vector<HostileRow> read(sqlite3* connection);

  [[nodiscard]] bool granted(const Caller& caller, std::string_view table, Deed deed) const;
  // The row is one that the deed may be done to (USING).
  [[nodiscard]] bool may(const Caller& caller, Deed deed, const HostileRow& row) const;
  // The row is one that the deed may leave behind (WITH CHECK).
  [[nodiscard]] bool may_leave(const Caller& caller, Deed deed, const HostileRow& row) const;

  // What of somebody else's is in a text or a number that the caller was shown.
  [[nodiscard]] std::optional<std::string> leak(const Caller& caller, std::string_view text) const;
  [[nodiscard]] std::optional<std::string> leak(const Caller& caller, std::int64_t number) const;

  // Why the tables may not have become `after` by what the caller asked for; nothing when they may.
  // `need`: columns were read, so the SELECT policy had to hold as well.
  [[nodiscard]] std::optional<std::string> misdeed(const Caller& caller, Deed deed, bool need,
                                                   const std::vector<HostileRow>& after) const;

 private:
  [[nodiscard]] bool is_member(const Caller& caller, const std::string& team) const;
  [[nodiscard]] std::optional<std::string> reads(const Caller& caller, const HostileRow& row) const;

  std::vector<HostileRow> rows_;  // sorted
  std::map<std::string, std::size_t, std::less<>> by_canary_;
  std::map<std::int64_t, std::size_t> by_secret_;
};

}  // namespace differential
