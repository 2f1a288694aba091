#include "database/sqlite/guest_connection.h"

#include <utility>

#include "database/sqlite/guest_pair.h"

namespace database::sqlite {
namespace {

// Each try sees a schema that changed while it was read: nobody changes it that often.
constexpr int kMaxTries = 16;

class PairedConnection final : public GuestConnection {
 public:
  PairedConnection(std::filesystem::path file, Mode mode, const Interruption* interruption,
                   std::unique_ptr<GuestPair> pair)
      : file_(std::move(file)), mode_(mode), interruption_(interruption), pair_(std::move(pair)) {}

  SqlResult<void> begin() override;
  SqlResult<void> commit() override { return pair_->keeper().commit(); }
  void rollback() override { pair_->keeper().rollback(); }
  [[nodiscard]] bool in_transaction() const override { return pair_->keeper().in_transaction(); }
  SqlResult<void> mark() override { return pair_->keeper().mark(); }
  SqlResult<void> keep() override { return pair_->keeper().keep(); }
  void undo() override { pair_->keeper().undo(); }

  SqlResult<Rows> run(const GuestAccess& access, const Statement& statement,
                      const Bounds& bounds) override;
  SqlResult<std::vector<Row>> run(SystemAccess, const Statement& statement,
                                  base::Deadline deadline) override {
    return pair_->run_system(statement, deadline);
  }
  [[nodiscard]] std::int64_t total_changes() const override {
    return sqlite3_total_changes64(pair_->keeper().connection());
  }
  SqlResult<std::int64_t> data_version() override { return pair_->keeper().data_version(); }
  SqlResult<bool> writes(std::string_view sql) override;

 private:
  const std::filesystem::path file_;
  const Mode mode_;
  const Interruption* const interruption_;
  std::unique_ptr<GuestPair> pair_;
};

SqlResult<void> PairedConnection::begin() {
  for (int i = 0; i < kMaxTries; ++i) {
    pair_->begin_time();
    if (auto begun = pair_->keeper().begin(); !begun) return begun;
    auto current = pair_->keeper().current();
    if (current && *current) return {};
    pair_->keeper().rollback();
    if (!current) return sql_fail(std::move(current.error()));
    auto fresh = GuestPair::open(file_, mode_, interruption_);
    if (!fresh) return sql_fail(std::move(fresh.error()));
    pair_ = std::move(*fresh);
  }
  return sql_fail(SqlState::kSerializationFailure,
                  "the schema changes all the time: try again when it has settled");
}

SqlResult<Rows> PairedConnection::run(const GuestAccess& access, const Statement& statement,
                                      const Bounds& bounds) {
  if (mode_ == Mode::kRead) {
    auto writing = writes(statement.sql);
    if (!writing) return sql_fail(std::move(writing.error()));
    if (*writing) {
      return sql_fail(SqlState::kInternalError, "a statement that writes came to a reader");
    }
  }
  return pair_->run(access, statement, bounds);
}

SqlResult<bool> PairedConnection::writes(std::string_view sql) {
  const auto compiled = pair_->compile(sql);
  if (!compiled) return sql_fail(compiled.error());
  return (*compiled)->statement.kind != Kind::kSelect;
}

}  // namespace

SqlResult<std::unique_ptr<GuestConnection>> GuestConnection::open(
    std::filesystem::path file, Mode mode, const Interruption* interruption) {
  auto pair = GuestPair::open(file, mode, interruption);
  if (!pair) return sql_fail(std::move(pair.error()));
  return std::make_unique<PairedConnection>(std::move(file), mode, interruption, std::move(*pair));
}

SqlResult<Rows> GuestConnection::run_alone(const GuestAccess& access, const Statement& statement,
                                           const Bounds& bounds) {
  if (auto begun = begin(); !begun) return sql_fail(std::move(begun.error()));
  auto rows = run(access, statement, bounds);
  if (!rows) {
    rollback();
    return rows;
  }
  if (auto committed = commit(); !committed) {
    rollback();
    return sql_fail(std::move(committed.error()));
  }
  return rows;
}

}  // namespace database::sqlite
