// The journal as a body without an end: one JSON object per line, first the newest entries asked
// for, then each as it comes. Costs next to nothing while none comes. Belongs to one connection.
#pragma once

#include <cstdint>
#include <string>

#include "base/units.h"
#include "http/message.h"
#include "journal/journal.h"
#include "reactor/blocking_pool.h"

namespace http {

class LogStream final : public BodyStream {
 public:
  // Of records: JSON of them is about as much again. What does not fit into a piece is in the next.
  static constexpr std::uint64_t kPieceBytes = base::kMiB;
  // The newest that were asked for have no next piece: the oldest of them are left out past this.
  static constexpr std::uint64_t kNewestBytes = 8 * base::kMiB;

  // Both must outlive it.
  LogStream(const journal::Journal& journal, reactor::BlockingPool& blocking, journal::Query query);

  reactor::Task<base::Result<std::string>> next() override;

 private:
  const journal::Journal& journal_;
  reactor::BlockingPool& blocking_;
  journal::Query query_;
};

}  // namespace http
