// One event loop and the thread that runs it.
//
// Everything given to a Loop runs on its thread, one at a time: what belongs to a loop needs no
// lock. `post`, `spawn`, `stop` and the count of busy guests may be used from any thread; all else
// only from the loop's own.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <utility>
#include <vector>

#include "base/deadline.h"
#include "reactor/task.h"
#include "reactor/write_batch.h"

namespace reactor {

// Turns of long-running guests: one guest's slice at a time, oldest waiter first, and everything
// else that the loop has ready runs between two slices. So a new request waits for one slice,
// however many guests spin.
class SliceQueue {
 public:
  explicit SliceQueue(Executor executor) : executor_(executor) {}
  // Suspends until it is this caller's turn.
  Task<void> turn();
  [[nodiscard]] std::size_t waiting() const { return waiters_.size(); }

 private:
  void pump();

  Executor executor_;
  std::deque<std::move_only_function<void()>> waiters_;
  bool pumping_ = false;
};

class Loop {
 public:
  explicit Loop(unsigned index);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  [[nodiscard]] unsigned index() const { return index_; }
  asio::io_context& context() { return context_; }
  Executor executor() { return context_.get_executor(); }
  SliceQueue& slices() { return slices_; }
  WriteBatch& writes() { return writes_; }

  // A guest that keeps this loop busy, as long as it lives: it takes turn after turn.
  class Busy {
   public:
    Busy() = default;  // none
    explicit Busy(Loop& loop) : loop_(&loop) {
      loop_->busy_.fetch_add(1, std::memory_order_relaxed);
    }
    Busy(Busy&& other) noexcept : loop_(std::exchange(other.loop_, nullptr)) {}
    Busy& operator=(Busy&& other) noexcept {
      std::swap(loop_, other.loop_);
      return *this;
    }
    ~Busy() {
      if (loop_ != nullptr) loop_->busy_.fetch_sub(1, std::memory_order_relaxed);
    }
    explicit operator bool() const { return loop_ != nullptr; }

   private:
    Loop* loop_ = nullptr;
  };
  // The loop where fewest guests keep it busy: this one unless another of the Reactor has fewer.
  Loop& least_busy();

  // Starts a Task on this loop; on another thread it returns before the Task has begun. An
  // exception that leaves it ends the process: Tasks end with values.
  void spawn(Task<void> task);
  void post(std::move_only_function<void()> work);

  // Suspends until `when`.
  Task<void> sleep_until(base::Deadline when);

  void run();  // until stop
  void stop();

 private:
  friend class Reactor;

  const unsigned index_;
  std::vector<Loop*> others_;  // of the same Reactor; set before any of them runs
  alignas(64) std::atomic<std::size_t> busy_{0};
  asio::io_context context_;
  asio::executor_work_guard<Executor> work_;
  SliceQueue slices_;
  WriteBatch writes_;
};

}  // namespace reactor
