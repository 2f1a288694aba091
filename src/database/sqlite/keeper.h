// The connection that holds the data, and the only way to it: security-critical.
//
// Guests' expressions never run here. What a guest contributes to a statement on this connection is
// a table's number, columns' numbers, operators of a fixed list and bound values (composition.h); a
// change is applied row by row, each re-checked against the caller's policies, whatever was asked
// for (apply.cc). WITH CHECK runs in a temporary trigger before any constraint, as PostgreSQL's;
// it is armed for one row at a time, so that cascades and the user's own triggers do not meet it,
// and a row written while it is still armed is an error.
//
// Knows one version of the schema; when the file's changes, a new Keeper is made. Belongs to one
// thread at a time.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/deadline.h"
#include "database/sql_error.h"
#include "database/sqlite/composition.h"
#include "database/sqlite/functions.h"
#include "database/sqlite/guest_connection.h"
#include "database/sqlite/interruption.h"
#include "database/sqlite/prepared.h"
#include "database/sqlite/prepared_statement.h"
#include "database/sqlite/schema.h"

namespace database::sqlite {

// Where a row is: its rowid, or the values of its primary key, encoded so that equal keys have
// equal bytes.
using RowKey = std::string;
RowKey encode_key(sqlite3_stmt* statement, std::size_t columns);
// The index of the next parameter.
int bind_key(sqlite3_stmt* statement, int first, const RowKey& key);

// When a statement on either connection has to give up; looked at every thousand or so steps.
struct Watch {
  base::Deadline deadline = base::Deadline::never();
  const Interruption* interruption = nullptr;  // null: nothing but the deadline
  bool tripped = false;
};
void install_watch(sqlite3* connection, Watch& watch);

class Keeper {
 public:
  // `caller` and `watch` must outlive it.
  static SqlResult<std::unique_ptr<Keeper>> open(const std::filesystem::path& file, Mode mode,
                                                 Caller& caller, Watch& watch);
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  [[nodiscard]] const Schema& schema() const { return *schema_; }
  [[nodiscard]] sqlite3* connection() const { return connection_.get(); }

  SqlResult<void> begin();                 // kWrite takes the write lock
  SqlResult<std::int64_t> data_version();  // outside a transaction
  SqlResult<bool> current();               // in a transaction: whether `schema` is the file's
  SqlResult<void> commit();
  void rollback();
  [[nodiscard]] bool in_transaction() const {
    return sqlite3_get_autocommit(connection_.get()) == 0;
  }
  SqlResult<void> mark();  // a savepoint, for one member of a transaction
  SqlResult<void> keep();
  void undo();

  [[nodiscard]] Composition composition() const { return {*schema_, caller_.role}; }

  // Before a change, where one may become an event (`_roost_writer`); forgotten at the
  // transaction's end.
  SqlResult<void> note_writer(int depth);

  // At the end of a statement, as in PostgreSQL: kForeignKeyViolation when a key it wrote points
  // nowhere.
  SqlResult<void> check_foreign_keys();

  // A statement of Roost's own, on its own tables.
  SqlResult<std::vector<Row>> run_system(std::string_view sql, std::span<const Value> parameters);

  // A statement whose rows are a key and all columns of the table. `shape` tells apart all that
  // `request` may say.
  SqlResult<StatementCache::Lease> scan(std::size_t table, Command command, bool need,
                                        std::string_view shape,
                                        const std::function<ScanRequest()>& request);

  // What a change did: how many rows, and the rows themselves when they were asked for.
  struct Changed {
    std::uint64_t count = 0;
    std::vector<StoredRow> rows;
  };
  struct Assignment {
    std::vector<std::size_t> columns;
    std::vector<std::size_t> defaults;
  };
  struct Update {
    RowKey key;
    StoredRow values;
  };
  struct Insertion {
    std::vector<std::size_t> columns;
    StoredRow values;
  };
  // DO UPDATE: what to assign to the old row, or nothing where its WHERE says no.
  struct Upsert {
    std::vector<std::size_t> target;
    Assignment assignment;
    std::function<SqlResult<std::optional<StoredRow>>(StoredRow old_row, StoredRow proposed)>
        evaluate;  // empty: DO NOTHING
  };

  // Fails as the database would for a table without the privilege or columns that cannot be
  // written, before any row is looked at.
  SqlResult<void> prepare_update(std::size_t table, const Assignment& assignment, bool need,
                                 bool want_rows);
  SqlResult<void> prepare_remove(std::size_t table, bool need, bool want_rows);
  SqlResult<void> prepare_insert(std::size_t table, const std::vector<std::size_t>& columns,
                                 const Upsert* upsert);

  // A row that the caller may not see or change is passed over; of two items for one row the first
  // counts. `need`: columns of the table were read, so the SELECT policy holds as well.
  SqlResult<Changed> update(std::size_t table, const Assignment& assignment,
                            const std::vector<Update>& items, bool need, bool want_rows);
  SqlResult<Changed> remove(std::size_t table, const std::vector<RowKey>& keys, bool need,
                            bool want_rows);
  SqlResult<Changed> insert(std::size_t table, const std::vector<Insertion>& rows, bool need,
                            const Upsert* upsert, bool want_rows);

  // Called by SQL on this connection only.
  bool armed_for(std::size_t table, Command command) const;
  SqlResult<void> bind_proposed(std::size_t first, int count, sqlite3_value** values);
  SqlResult<void> check_proposed();
  std::optional<SqlError> refusal;  // what check_proposed said, until apply has answered

 private:
  struct Armed {
    std::size_t table;
    Command command;
    bool need;
    bool late;  // the row's id is not known yet: it is checked when it is stored
  };
  struct Outcome {
    bool changed = false;
    RowKey key;     // with rows
    StoredRow row;  // likewise
  };
  class Inserter;

  Keeper(ConnectionHandle connection, Mode mode, Caller& caller);
  SqlResult<void> configure(Watch& watch);
  SqlResult<void> install_checks();
  SqlResult<void> check_place();

  template <class Compose>
  SqlResult<StatementCache::Lease> lease(std::string_view key, Compose&& compose) {
    return statements_.take(connection_.get(), key, std::forward<Compose>(compose));
  }
  [[nodiscard]] std::string key_for(std::string_view what, std::size_t table, bool need,
                                    bool returning) const;
  SqlResult<StatementCache::Lease> update_statement(std::size_t table, const Assignment& assignment,
                                                    bool need, bool returning);
  SqlResult<StatementCache::Lease> remove_statement(std::size_t table, bool need, bool returning);
  SqlResult<StatementCache::Lease> insert_statement(std::size_t table,
                                                    const std::vector<std::size_t>& columns,
                                                    const Upsert* upsert, bool returning);
  SqlResult<StatementCache::Lease> check_statement(std::size_t table, Command command, bool need);

  SqlResult<std::optional<StoredRow>> row_for(std::size_t table, Command command, bool need,
                                              const RowKey& key);
  SqlResult<bool> is_stored(std::size_t table, const RowKey& key);
  SqlResult<std::vector<std::optional<StoredRow>>> rows_before(std::size_t table,
                                                               const std::vector<RowKey>& keys,
                                                               bool need);
  [[nodiscard]] bool must_return(std::size_t table, bool want_rows) const;
  SqlResult<void> recheck(std::size_t table, Command command, bool need, const StoredRow& row);
  SqlResult<Outcome> run_change(sqlite3_stmt* statement, std::size_t table, bool returning);
  [[nodiscard]] SqlError violation(std::size_t table, std::string_view which = "") const;

  Caller& caller_;
  const Mode mode_;
  ConnectionHandle connection_;
  SchemaPtr schema_;
  StatementCache statements_;
  std::map<std::string, PreparedStatement, std::less<>> system_statements_;  // some dozens
  StatementHandle begin_, commit_, rollback_, version_, mark_, keep_, defer_;

  std::optional<Armed> armed_;
  StatementCache::Lease checking_;  // its parameters are the proposed row, while it is bound
  StoredRow proposed_;              // as it would be stored
  bool keep_proposed_ = false;
  bool writer_noted_ = false;  // in the open transaction
  base::Deadline next_place_check_ = base::Deadline::after(std::chrono::seconds(0));
};

}  // namespace database::sqlite
