#include "reactor/write_batch.h"

#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>

namespace reactor {

// Those that have waited long enough go before this caller begins to wait, not within: its own
// operation must not end in the middle of beginning.
Task<void> WriteBatch::join() {
  if (!held_.empty() && Clock::now() - since_ >= kMaxHold) flush();
  return asio::async_initiate<const asio::use_awaitable_t<Executor>, void()>(
      [this](auto handler) {
        hold([handler = std::move(handler)]() mutable { std::move(handler)(); });
      },
      kAwait);
}

void WriteBatch::hold(std::move_only_function<void()> send) {
  if (held_.empty()) since_ = Clock::now();
  held_.push_back(std::move(send));
  if (posted_) return;
  posted_ = true;
  asio::post(executor_, [this] {
    posted_ = false;
    flush();
  });
}

// Whoever is let go may read its next request and come back: it then belongs to the next batch,
// which does not leave before this one has. So batches do not nest, however long the work of those
// that come back.
void WriteBatch::flush() {
  if (leaving_) return;
  leaving_ = true;
  for (auto& send : std::exchange(held_, {})) send();
  leaving_ = false;
}

}  // namespace reactor
