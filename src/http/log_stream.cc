#include "http/log_stream.h"

#include <utility>

#include "http/log_query.h"

namespace http {
namespace {

struct Piece {
  std::string lines;
  journal::Sequence next;
};

base::Result<Piece> read(const journal::Journal& journal, const journal::Query& query) {
  const auto page = journal.page(query);
  if (!page) return base::fail(page.error());
  Piece piece{.lines = {}, .next = page->next};
  for (const journal::Entry& entry : page->entries) {
    piece.lines += journal::to_json(entry);
    piece.lines += '\n';
  }
  return piece;
}

}  // namespace

LogStream::LogStream(const journal::Journal& journal, reactor::BlockingPool& blocking,
                     journal::Query query)
    : journal_(journal), blocking_(blocking), query_(std::move(query)) {
  const bool newest = !query_.from && query_.after_id.empty();
  query_.max_bytes = newest ? kNewestBytes : kPieceBytes;
}

reactor::Task<base::Result<std::string>> LogStream::next() {
  if (query_.from && !journal_.has_more(*query_.from)) co_return std::string();
  base::Result<Piece> piece = co_await blocking_.run(
      [journal = &journal_, query = query_] { return read(*journal, query); });
  if (!piece) co_return base::fail(std::move(piece.error()));
  query_.from = piece->next;
  // The first answer is what was asked for; after it nothing may be left out.
  query_.limit = kMaxLogLimit;
  query_.max_bytes = kPieceBytes;
  co_return std::move(piece->lines);
}

}  // namespace http
