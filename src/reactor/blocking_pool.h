// Threads for work that blocks: files, SQLite writes, waiting for a child process.
//
// One per process. `run` may be awaited on any loop; the work runs on a pool thread and its result
// comes back to the loop that asked. The work must not throw and must not touch what belongs to a
// loop.
#pragma once

#include <type_traits>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "reactor/task.h"

namespace reactor {

class BlockingPool {
 public:
  explicit BlockingPool(unsigned threads) : pool_(threads) {}

  // Suspends. `work` returns a value (base::Result<void> where there is nothing to say).
  template <class Work>
  Task<std::invoke_result_t<Work>> run(Work work) {
    using Value = std::invoke_result_t<Work>;
    auto executor = co_await asio::this_coro::executor;
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<Executor>, void(Value)>(
        [this, executor](auto handler, Work job) {
          asio::post(
              pool_, [executor, handler = std::move(handler), job = std::move(job)]() mutable {
                Value value = job();
                asio::post(executor,
                           [handler = std::move(handler), value = std::move(value)]() mutable {
                             std::move(handler)(std::move(value));
                           });
              });
        },
        kAwait, std::move(work));
  }

  // Waits for the work under way; what was asked after this may not run.
  void join() { pool_.join(); }

 private:
  asio::thread_pool pool_;
};

}  // namespace reactor
