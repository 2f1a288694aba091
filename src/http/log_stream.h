// The journal as a body without an end: one JSON object per line, first the newest entries asked
// for, then each as it comes. Costs next to nothing while none comes. Belongs to one connection.
#pragma once

#include <string>
#include <utility>

#include "http/message.h"
#include "journal/journal.h"
#include "reactor/blocking_pool.h"

namespace http {

class LogStream final : public BodyStream {
 public:
  // Both must outlive it.
  LogStream(const journal::Journal& journal, reactor::BlockingPool& blocking, journal::Query query)
      : journal_(journal), blocking_(blocking), query_(std::move(query)) {}

  reactor::Task<base::Result<std::string>> next() override;

 private:
  const journal::Journal& journal_;
  reactor::BlockingPool& blocking_;
  journal::Query query_;
};

}  // namespace http
