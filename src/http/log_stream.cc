#include "http/log_stream.h"

#include <vector>

#include "http/log_query.h"

namespace http {

reactor::Task<base::Result<std::string>> LogStream::next() {
  using Entries = base::Result<std::vector<journal::Entry>>;
  const Entries entries = co_await blocking_.run(
      [journal = &journal_, query = query_]() -> Entries { return journal->read(query); });
  if (!entries) co_return base::fail(entries.error());
  std::string lines;
  for (const journal::Entry& entry : *entries) {
    lines += journal::to_json(entry);
    lines += '\n';
  }
  if (!entries->empty()) query_.after_id = entries->back().id;
  // The first answer is what was asked for; after it nothing may be left out.
  query_.limit = kMaxLogLimit;
  co_return lines;
}

}  // namespace http
