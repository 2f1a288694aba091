// SQLite's handles with owners, and a cache of prepared statements.
//
// All belong to the thread that uses their connection; a Statement, Lease or cache must go before
// the connection does.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <sqlite3.h>

#include "database/sql_error.h"

namespace database::sqlite {

struct CloseConnection {
  void operator()(sqlite3* connection) const noexcept { sqlite3_close_v2(connection); }
};
using ConnectionHandle = std::unique_ptr<sqlite3, CloseConnection>;

struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
using StatementHandle = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

// A copy of a value that outlives the row it came from.
struct FreeValue {
  void operator()(sqlite3_value* value) const noexcept { sqlite3_value_free(value); }
};
using OwnedValue = std::unique_ptr<sqlite3_value, FreeValue>;
using StoredRow = std::vector<OwnedValue>;

// Exactly one statement.
SqlResult<StatementHandle> prepare(sqlite3* connection, std::string_view sql);
SqlResult<void> execute(sqlite3* connection, const char* sql);

// Reset and without bindings when the scope ends: an open statement would hold its transaction.
class ResetAtEnd {
 public:
  explicit ResetAtEnd(sqlite3_stmt* statement) : statement_(statement) {}
  ResetAtEnd(const ResetAtEnd&) = delete;
  ResetAtEnd& operator=(const ResetAtEnd&) = delete;
  ~ResetAtEnd() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }

 private:
  sqlite3_stmt* statement_;
};

// Prepared statements by key, several of one key when scans of it nest. The number of keys is
// bounded: a guest can make many shapes.
class StatementCache {
  struct Entry {
    std::string sql;
    std::vector<StatementHandle> idle;
  };

 public:
  explicit StatementCache(std::size_t max_keys) : max_keys_(max_keys) {}

  // A statement for one use; goes back, reset, when the Lease does.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&& other) noexcept {
      give_back();
      entry_ = std::move(other.entry_);
      statement_ = std::move(other.statement_);
      return *this;
    }
    ~Lease() { give_back(); }
    [[nodiscard]] sqlite3_stmt* get() const { return statement_.get(); }
    explicit operator bool() const { return statement_ != nullptr; }

   private:
    friend class StatementCache;
    Lease(std::shared_ptr<Entry> entry, StatementHandle statement)
        : entry_(std::move(entry)), statement_(std::move(statement)) {}
    void give_back();

    std::shared_ptr<Entry> entry_;
    StatementHandle statement_;
  };

  // `compose` makes the text of a key that is new: () -> SqlResult<std::string>.
  template <class Compose>
  SqlResult<Lease> take(sqlite3* connection, std::string_view key, Compose&& compose) {
    auto found = entries_.find(key);
    if (found == entries_.end()) {
      auto sql = compose();
      if (!sql) return sql_fail(std::move(sql.error()));
      found = insert(key, std::move(*sql));
    }
    return lease(connection, found->second);
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>()(text);
    }
  };
  using Entries = std::unordered_map<std::string, std::shared_ptr<Entry>, Hash, std::equal_to<>>;

  Entries::iterator insert(std::string_view key, std::string sql);
  static SqlResult<Lease> lease(sqlite3* connection, const std::shared_ptr<Entry>& entry);

  const std::size_t max_keys_;
  Entries entries_;
};

}  // namespace database::sqlite
