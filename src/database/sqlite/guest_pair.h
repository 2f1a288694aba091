// A guest's connection and the keeper's, for one version of the schema.
//
// What GuestConnection (its contract) makes anew when the schema changes.
#pragma once

#include <filesystem>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "database/sqlite/functions.h"
#include "database/sqlite/guarded_table.h"
#include "database/sqlite/guest_connection.h"
#include "database/sqlite/keeper.h"
#include "database/sqlite/translation.h"

namespace database::sqlite {

// A guest's statement, translated and prepared on its connection: the same for every caller.
struct Compiled {
  GuestStatement statement;
  StatementHandle source;
  StatementHandle returning;
  StatementHandle update;        // of ON CONFLICT DO UPDATE
  bool target_reads = false;     // UPDATE, DELETE: columns of the target are named
  bool returning_reads = false;  // RETURNING names columns
};

class GuestPair {
 public:
  static SqlResult<std::unique_ptr<GuestPair>> open(const std::filesystem::path& file, Mode mode,
                                                    const Interruption* interruption = nullptr);
  GuestPair(const GuestPair&) = delete;
  GuestPair& operator=(const GuestPair&) = delete;
  ~GuestPair();

  Keeper& keeper() { return *keeper_; }
  // For tests that go below the translator.
  sqlite3* guest() { return guest_.get(); }
  GuestScope& scope() { return *scope_; }

  void begin_time() { caller_.now.clear(); }
  SqlResult<const Compiled*> compile(std::string_view sql);
  SqlResult<Rows> run(const GuestAccess& access, const Statement& statement, const Bounds& bounds);
  SqlResult<std::vector<Row>> run_system(const Statement& statement, base::Deadline deadline);

  // The caller's identity for the length of one statement, then nobody's.
  class AsCaller {
   public:
    AsCaller(GuestPair& pair, const GuestAccess& access, base::Deadline deadline);
    AsCaller(const AsCaller&) = delete;
    AsCaller& operator=(const AsCaller&) = delete;
    ~AsCaller();

   private:
    GuestPair& pair_;
  };

 private:
  explicit GuestPair(const Interruption* interruption) : interruption_(interruption) {}
  SqlResult<void> open_guest();
  SqlResult<void> compile_pieces(Compiled& compiled);
  SqlResult<StatementHandle> prepare_piece(std::string_view sql, bool& names_columns);

  SqlResult<void> check_reads(const GuestStatement& statement) const;
  SqlResult<Rows> execute(const Compiled& compiled, const Statement& statement,
                          const Bounds& bounds, int depth);
  SqlResult<Rows> select(const Compiled& compiled, const Statement& statement,
                         const Bounds& bounds);
  SqlResult<Keeper::Changed> insert(const Compiled& compiled, const Statement& statement);
  SqlResult<Keeper::Changed> update(const Compiled& compiled, const Statement& statement);
  SqlResult<Keeper::Changed> remove(const Compiled& compiled, const Statement& statement);
  SqlResult<Rows> return_rows(const Compiled& compiled, Keeper::Changed changed,
                              const Statement& statement, const Bounds& bounds);
  SqlResult<std::optional<StoredRow>> evaluate_update(const Compiled& compiled,
                                                      const Statement& statement, StoredRow old_row,
                                                      StoredRow proposed);
  // Each row of `statement`, read on the guest's side, given to `take`.
  template <class Take>
  SqlResult<void> each_row(sqlite3_stmt* prepared, const Statement& statement, Take&& take);
  SqlError guest_error();

  const Interruption* const interruption_;
  Caller caller_;
  Watch watch_;
  std::unique_ptr<Keeper> keeper_;
  std::unique_ptr<GuestScope> scope_;
  ConnectionHandle guest_;

  // By text, the least recently used dropped first.
  using Recent = std::list<std::pair<std::string, Compiled>>;
  Recent recent_;
  std::unordered_map<std::string_view, Recent::iterator> compiled_;  // keys point into `recent_`
};

}  // namespace database::sqlite
