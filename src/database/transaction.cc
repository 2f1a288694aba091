#include <utility>

#include "database/connection.h"

namespace database {

base::Result<Transaction> Transaction::begin(Connection& connection) {
  // IMMEDIATE: a transaction that took the write lock only at its first write could fail half-way
  // with "busy", which no timeout cures.
  auto begun = connection.query("BEGIN IMMEDIATE");
  if (!begun) return base::fail(std::move(begun.error()));
  return Transaction(connection);
}

Transaction::Transaction(Transaction&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)) {}

Transaction::~Transaction() {
  if (connection_ == nullptr) return;
  // Fails only where the database has rolled back by itself (disk full, for one): the same end.
  static_cast<void>(connection_->query("ROLLBACK"));
}

base::Result<void> Transaction::commit() {
  auto committed = connection_->query("COMMIT");
  if (!committed) return base::fail(std::move(committed.error()));
  connection_ = nullptr;
  return {};
}

}  // namespace database
