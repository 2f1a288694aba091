// Changes to the data, row by row (keeper.h): security-critical.
#include <algorithm>
#include <array>
#include <cstring>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "database/sqlite/failure.h"
#include "database/sqlite/keeper.h"

namespace database::sqlite {
namespace {

StoredRow stored_row(sqlite3_stmt* statement, std::size_t first, std::size_t count) {
  StoredRow row;
  row.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    row.emplace_back(
        sqlite3_value_dup(sqlite3_column_value(statement, static_cast<int>(first + i))));
  }
  return row;
}

// The index of the next parameter.
int bind_row(sqlite3_stmt* statement, const StoredRow& values) {
  int index = 1;
  for (const OwnedValue& value : values) sqlite3_bind_value(statement, index++, value.get());
  return index;
}

// SQLite's own functions, CHECK's length() among them, end a text at its first U+0000: more than
// they look at could stand behind it. PostgreSQL's texts have none.
SqlResult<void> check_texts(const StoredRow& values) {
  for (const OwnedValue& value : values) {
    if (sqlite3_value_type(value.get()) != SQLITE_TEXT) continue;
    const void* const text = sqlite3_value_text(value.get());
    const int bytes = sqlite3_value_bytes(value.get());
    if (text != nullptr && std::memchr(text, 0, static_cast<std::size_t>(bytes)) != nullptr) {
      return sql_fail(SqlState::kCharacterNotInRepertoire,
                      "invalid byte sequence for encoding \"UTF8\": 0x00");
    }
  }
  return {};
}

std::size_t key_width(const Table& table) { return std::max<std::size_t>(table.key.size(), 1); }

// What a hostile request could name is what the schema has, each once.
SqlResult<void> check_columns(const Table& table, const std::vector<std::size_t>& columns,
                              const std::vector<std::size_t>& more = {}) {
  std::vector<bool> seen(table.columns.size());
  for (const auto* list : {&columns, &more}) {
    for (const std::size_t column : *list) {
      if (column >= seen.size() || seen[column]) {
        return sql_fail(SqlState::kInternalError, "a change names a column wrongly");
      }
      seen[column] = true;
    }
  }
  return {};
}

bool is_null(const OwnedValue& value) { return sqlite3_value_type(value.get()) == SQLITE_NULL; }

}  // namespace

// A trigger of the user's may have used up the one-shot check on another row, or changed the row:
// what is stored is then looked at again.
bool Keeper::must_return(std::size_t table, bool want_rows) const {
  return want_rows || (schema_->tables[table].has_triggers && composition().checks(table));
}

SqlResult<void> Keeper::recheck(std::size_t table, Command command, bool need,
                                const StoredRow& row) {
  auto statement = check_statement(table, command, need);
  if (!statement) return sql_fail(std::move(statement.error()));
  bind_row(statement->get(), row);
  if (sqlite3_step(statement->get()) != SQLITE_ROW) return sql_fail(sqlite_error(connection()));
  if (sqlite3_column_int(statement->get(), static_cast<int>(row.size())) == 0) {
    return sql_fail(violation(table));
  }
  return {};
}

SqlResult<Keeper::Outcome> Keeper::run_change(sqlite3_stmt* statement, std::size_t table,
                                              bool returning) {
  const Table& which = schema_->tables[table];
  refusal.reset();
  int status = sqlite3_step(statement);
  Outcome outcome;
  if (status == SQLITE_ROW && returning) {
    outcome.changed = true;
    outcome.key = encode_key(statement, key_width(which));
    outcome.row = stored_row(statement, key_width(which), which.columns.size());
    status = sqlite3_step(statement);
  }
  const bool still_armed = armed_.has_value();
  armed_.reset();
  checking_ = {};
  if (status != SQLITE_DONE) {
    SqlError error = refusal ? std::move(*refusal) : sqlite_error(connection());
    refusal.reset();
    return sql_fail(std::move(error));
  }
  sqlite3_reset(statement);
  if (!returning) outcome.changed = sqlite3_changes64(connection()) > 0;
  if (outcome.changed && still_armed) {
    return sql_fail(SqlState::kInternalError, "a row was written without its check");
  }
  return outcome;
}

// ---- Update and delete -------------------------------------------------------------------------

SqlResult<void> Keeper::prepare_update(std::size_t table, const Assignment& assignment, bool need,
                                       bool want_rows) {
  const Table& which = schema_->tables[table];
  if (auto sound = check_columns(which, assignment.columns, assignment.defaults); !sound) {
    return sound;
  }
  const Composition text = composition();
  if (auto granted = text.check_grant(table, Command::kUpdate); !granted) return granted;
  if (need) {
    if (auto granted = text.check_grant(table, Command::kSelect); !granted) return granted;
  }
  auto statement = update_statement(table, assignment, need, must_return(table, want_rows));
  if (!statement) return sql_fail(std::move(statement.error()));
  return {};
}

SqlResult<Keeper::Changed> Keeper::update(std::size_t table, const Assignment& assignment,
                                          const std::vector<Update>& items, bool need,
                                          bool want_rows) {
  if (auto ready = prepare_update(table, assignment, need, want_rows); !ready) {
    return sql_fail(std::move(ready.error()));
  }
  const bool checks = composition().checks(table);
  const bool returning = must_return(table, want_rows);
  const bool again = schema_->tables[table].has_triggers && checks;
  auto statement = update_statement(table, assignment, need, returning);
  if (!statement) return sql_fail(std::move(statement.error()));
  Changed changed;
  std::unordered_set<std::string_view> seen;
  for (const Update& item : items) {
    if (!seen.insert(item.key).second) continue;
    if (item.values.size() != assignment.columns.size()) {
      return sql_fail(SqlState::kInternalError, "a change has the wrong number of values");
    }
    if (auto sound = check_texts(item.values); !sound) return sql_fail(std::move(sound.error()));
    bind_key(statement->get(), bind_row(statement->get(), item.values), item.key);
    if (checks) armed_ = Armed{table, Command::kUpdate, need, false};
    auto outcome = run_change(statement->get(), table, returning);
    if (!outcome) return sql_fail(std::move(outcome.error()));
    if (!outcome->changed) continue;
    if (again) {
      auto held = recheck(table, Command::kUpdate, need, outcome->row);
      if (!held) return sql_fail(std::move(held.error()));
    }
    ++changed.count;
    if (want_rows) changed.rows.push_back(std::move(outcome->row));
  }
  return changed;
}

SqlResult<void> Keeper::prepare_remove(std::size_t table, bool need, bool want_rows) {
  const Composition text = composition();
  if (auto granted = text.check_grant(table, Command::kDelete); !granted) return granted;
  if (need) {
    if (auto granted = text.check_grant(table, Command::kSelect); !granted) return granted;
  }
  auto statement = remove_statement(table, need, want_rows);
  if (!statement) return sql_fail(std::move(statement.error()));
  return {};
}

// Nothing when the caller may not do this to it, or there is none.
SqlResult<std::optional<StoredRow>> Keeper::row_for(std::size_t table, Command command, bool need,
                                                    const RowKey& key) {
  const Table& which = schema_->tables[table];
  auto statement = lease(key_for(fmt::format("o{}.", static_cast<int>(command)), table, need, true),
                         [&] { return composition().keyed_row(table, command, need); });
  if (!statement) return sql_fail(std::move(statement.error()));
  bind_key(statement->get(), 1, key);
  const int status = sqlite3_step(statement->get());
  if (status == SQLITE_ROW) {
    return stored_row(statement->get(), key_width(which), which.columns.size());
  }
  if (status != SQLITE_DONE) return sql_fail(sqlite_error(connection()));
  return std::nullopt;
}

SqlResult<bool> Keeper::is_stored(std::size_t table, const RowKey& key) {
  auto statement = lease(fmt::format("e{}", table), [&]() -> SqlResult<std::string> {
    return stored_key_text(schema_->tables[table]);
  });
  if (!statement) return sql_fail(std::move(statement.error()));
  bind_key(statement->get(), 1, key);
  const int status = sqlite3_step(statement->get());
  if (status != SQLITE_ROW && status != SQLITE_DONE) return sql_fail(sqlite_error(connection()));
  return status == SQLITE_ROW;
}

// PostgreSQL cascades at the statement's end, so that it deletes, counts and returns each row that
// the statement names; SQLite does at once. A row that is gone before its turn counts if the caller
// could have deleted it before the first.
SqlResult<std::vector<std::optional<StoredRow>>> Keeper::rows_before(
    std::size_t table, const std::vector<RowKey>& keys, bool need) {
  std::vector<std::optional<StoredRow>> rows;
  if (!schema_->tables[table].cascades_to_itself || keys.size() < 2) return rows;
  for (const RowKey& key : keys) {
    auto row = row_for(table, Command::kDelete, need, key);
    if (!row) return sql_fail(std::move(row.error()));
    rows.push_back(std::move(*row));
  }
  return rows;
}

SqlResult<Keeper::Changed> Keeper::remove(std::size_t table, const std::vector<RowKey>& keys,
                                          bool need, bool want_rows) {
  if (auto ready = prepare_remove(table, need, want_rows); !ready) {
    return sql_fail(std::move(ready.error()));
  }
  auto before = rows_before(table, keys, need);
  if (!before) return sql_fail(std::move(before.error()));
  auto statement = remove_statement(table, need, want_rows);
  if (!statement) return sql_fail(std::move(statement.error()));
  Changed changed;
  std::unordered_set<std::string_view> seen;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const RowKey& key = keys[i];
    if (!seen.insert(key).second) continue;
    bind_key(statement->get(), 1, key);
    auto outcome = run_change(statement->get(), table, want_rows);
    if (!outcome) return sql_fail(std::move(outcome.error()));
    if (!outcome->changed) {
      if (before->empty() || !(*before)[i]) continue;
      const auto stored = is_stored(table, key);
      if (!stored) return sql_fail(stored.error());
      if (*stored) continue;
      outcome->row = std::move(*(*before)[i]);
    }
    ++changed.count;
    if (want_rows) changed.rows.push_back(std::move(outcome->row));
  }
  return changed;
}

// ---- Insert, with or without a conflict's update -----------------------------------------------

SqlResult<void> Keeper::prepare_insert(std::size_t table, const std::vector<std::size_t>& columns,
                                       const Upsert* upsert) {
  const Table& which = schema_->tables[table];
  if (auto sound = check_columns(which, columns); !sound) return sound;
  if (auto granted = composition().check_grant(table, Command::kInsert); !granted) return granted;
  if (upsert != nullptr) {
    if (auto sound = check_columns(which, upsert->target); !sound) return sound;
    if (upsert->evaluate) {
      if (auto ready = prepare_update(table, upsert->assignment, true, true); !ready) return ready;
    }
  }
  auto statement = insert_statement(table, columns, upsert, false);
  if (!statement) return sql_fail(std::move(statement.error()));
  return {};
}

// One INSERT's rows, in order.
class Keeper::Inserter {
 public:
  Inserter(Keeper& keeper, std::size_t table, bool need, const Upsert* upsert, bool want_rows)
      : keeper_(keeper),
        table_(table),
        which_(keeper.schema_->tables[table]),
        need_(need),
        upsert_(upsert),
        want_rows_(want_rows),
        updates_(upsert != nullptr && upsert->evaluate),
        checks_(keeper.composition().checks(table)) {
    keeper_.keep_proposed_ = updates_;
  }
  Inserter(const Inserter&) = delete;
  Inserter& operator=(const Inserter&) = delete;
  ~Inserter() {
    keeper_.keep_proposed_ = false;
    keeper_.proposed_.clear();
  }

  SqlResult<void> add(const Insertion& row) {
    const bool late = checks_ && id_is_made(row) && reads_id(need_);
    // The SELECT policy alone waits for the id where the others can do without.
    const bool partly = late && !reads_id(false);
    const bool again = checks_ && (late || which_.has_triggers);
    const bool returning = want_rows_ || updates_ || again;
    auto statement = keeper_.insert_statement(table_, row.columns, upsert_, returning);
    if (!statement) return sql_fail(std::move(statement.error()));
    if (auto sound = check_texts(row.values); !sound) return sound;
    bind_row(statement->get(), row.values);
    if (checks_ || updates_) {
      keeper_.armed_ = Armed{table_, Command::kInsert, need_ && !partly, late && !partly};
    }
    auto outcome = keeper_.run_change(statement->get(), table_, returning);
    if (!outcome) return sql_fail(std::move(outcome.error()));
    if (!outcome->changed) return updates_ ? update_old() : SqlResult<void>();
    if (again) {
      auto held = keeper_.recheck(table_, Command::kInsert, need_, outcome->row);
      if (!held) return held;
    }
    ++changed_.count;
    if (updates_) touched_.insert(std::move(outcome->key));
    if (want_rows_) changed_.rows.push_back(std::move(outcome->row));
    return {};
  }

  Changed take() { return std::move(changed_); }

 private:
  // The id of a row without one is not known before it is stored; a trigger sees -1.
  [[nodiscard]] bool id_is_made(const Insertion& row) const {
    if (!which_.integer_key) return false;
    const auto listed = std::ranges::find(row.columns, *which_.integer_key);
    if (listed == row.columns.end()) return true;
    return is_null(row.values[static_cast<std::size_t>(listed - row.columns.begin())]);
  }
  [[nodiscard]] bool reads_id(bool need) {
    std::optional<bool>& known = reads_id_[need ? 1 : 0];
    if (!known) {
      known =
          keeper_.composition().check_reads(table_, Command::kInsert, need, *which_.integer_key);
    }
    return *known;
  }

  SqlResult<RowKey> conflicting_row() {
    auto statement = keeper_.lease(conflict_key(), [&]() -> SqlResult<std::string> {
      return conflicting_row_text(which_, upsert_->target);
    });
    if (!statement) return sql_fail(std::move(statement.error()));
    int index = 1;
    for (const std::size_t column : upsert_->target) {
      sqlite3_bind_value(statement->get(), index++, keeper_.proposed_[column].get());
    }
    if (sqlite3_step(statement->get()) != SQLITE_ROW) {
      return sql_fail(SqlState::kInternalError, "the row that an INSERT conflicts with is gone");
    }
    return encode_key(statement->get(), key_width(which_));
  }

  [[nodiscard]] std::string conflict_key() const {
    std::string key = fmt::format("k{}:", table_);
    for (const std::size_t column : upsert_->target) key += fmt::format("{},", column);
    return key;
  }

  SqlResult<StoredRow> old_row(const RowKey& key) {
    auto row = keeper_.row_for(table_, Command::kUpdate, true, key);
    if (!row) return sql_fail(std::move(row.error()));
    if (!*row) return sql_fail(keeper_.violation(table_, "(USING expression) "));
    return std::move(**row);
  }

  SqlResult<void> update_old() {
    auto key = conflicting_row();
    if (!key) return sql_fail(std::move(key.error()));
    // Before the policy, as PostgreSQL does.
    if (!touched_.insert(*key).second) {
      return sql_fail(SqlState::kCardinalityViolation,
                      "ON CONFLICT DO UPDATE command cannot affect row a second time");
    }
    auto old = old_row(*key);
    if (!old) return sql_fail(std::move(old.error()));
    auto values = upsert_->evaluate(std::move(*old), std::move(keeper_.proposed_));
    keeper_.proposed_.clear();
    if (!values) return sql_fail(std::move(values.error()));
    if (!*values) return {};
    std::vector<Update> items;
    items.push_back({std::move(*key), std::move(**values)});
    auto updated = keeper_.update(table_, upsert_->assignment, items, true, want_rows_);
    if (!updated) return sql_fail(std::move(updated.error()));
    if (updated->count == 0) return sql_fail(keeper_.violation(table_, "(USING expression) "));
    changed_.count += updated->count;
    for (StoredRow& row : updated->rows) changed_.rows.push_back(std::move(row));
    return {};
  }

  Keeper& keeper_;
  const std::size_t table_;
  const Table& which_;
  const bool need_;
  const Upsert* const upsert_;
  const bool want_rows_;
  const bool updates_;
  const bool checks_;
  std::array<std::optional<bool>, 2> reads_id_;  // without and with the SELECT policy
  std::unordered_set<RowKey> touched_;
  Changed changed_;
};

SqlResult<Keeper::Changed> Keeper::insert(std::size_t table, const std::vector<Insertion>& rows,
                                          bool need, const Upsert* upsert, bool want_rows) {
  if (need) {
    if (auto granted = composition().check_grant(table, Command::kSelect); !granted) {
      return sql_fail(std::move(granted.error()));
    }
  }
  Inserter inserter(*this, table, need, upsert, want_rows);
  const std::vector<std::size_t>* prepared = nullptr;
  for (const Insertion& row : rows) {
    if (prepared == nullptr || *prepared != row.columns) {
      if (auto ready = prepare_insert(table, row.columns, upsert); !ready) {
        return sql_fail(std::move(ready.error()));
      }
      prepared = &row.columns;
    }
    if (row.values.size() != row.columns.size()) {
      return sql_fail(SqlState::kInternalError, "a change has the wrong number of values");
    }
    if (auto added = inserter.add(row); !added) return sql_fail(std::move(added.error()));
  }
  return inserter.take();
}

}  // namespace database::sqlite
