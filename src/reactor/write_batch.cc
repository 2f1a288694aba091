#include "reactor/write_batch.h"

#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>

namespace reactor {

Task<void> WriteBatch::join() {
  return asio::async_initiate<const asio::use_awaitable_t<Executor>, void()>(
      [this](auto handler) {
        hold([handler = std::move(handler)]() mutable { std::move(handler)(); });
      },
      kAwait);
}

void WriteBatch::hold(std::move_only_function<void()> send) {
  const auto now = Clock::now();
  if (held_.empty()) since_ = now;
  held_.push_back(std::move(send));
  if (now - since_ >= kMaxHold) return flush();
  if (posted_) return;
  posted_ = true;
  asio::post(executor_, [this] {
    posted_ = false;
    flush();
  });
}

// Whoever is let go may read its next request and come back: it then belongs to the next batch.
void WriteBatch::flush() {
  for (auto& send : std::exchange(held_, {})) send();
}

}  // namespace reactor
