// What an administrator's SQL may not do: leave its transaction, the file or its settings, or touch
// Roost's own tables.
//
// SQLite asks it about every action of a statement while that is prepared. Roost's own statements
// on the connection pass while it is not `armed`. Must outlive the connection's last statement.
#pragma once

#include <string>
#include <string_view>

#include <sqlite3.h>

#include "database/sql_error.h"

namespace database::sqlite {

class ScriptGuard {
 public:
  ScriptGuard() = default;
  ScriptGuard(const ScriptGuard&) = delete;
  ScriptGuard& operator=(const ScriptGuard&) = delete;

  void install(sqlite3* connection);

  // For the length of a statement of the administrator's.
  class Armed {
   public:
    explicit Armed(ScriptGuard& guard) : guard_(guard) {
      guard_.armed_ = true;
      guard_.refusal_.clear();
    }
    Armed(const Armed&) = delete;
    Armed& operator=(const Armed&) = delete;
    ~Armed() { guard_.armed_ = false; }

   private:
    ScriptGuard& guard_;
  };

  // The connection's last error: in our words when it was a refusal.
  [[nodiscard]] SqlError error(sqlite3* connection) const;

 private:
  static int authorize(void* data, int action, const char* first, const char* second,
                       const char* schema, const char* trigger) noexcept;
  int decide(int action, std::string_view first, std::string_view second, std::string_view trigger);
  int refuse(SqlState state, std::string message);
  int decide_pragma(std::string_view name, bool sets);
  int decide_object(std::string_view what, std::string_view name, std::string_view table);

  bool armed_ = false;
  SqlState state_ = SqlState::kInsufficientPrivilege;
  std::string refusal_;
};

}  // namespace database::sqlite
