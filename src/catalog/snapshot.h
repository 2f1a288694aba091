// A shared pointer that many threads read while some replace it.
//
// What std::atomic<std::shared_ptr> is for. libstdc++ 12's `load` gives up its inner lock with
// relaxed order, which races with the next `store` (ThreadSanitizer shows it); here the orders are
// right. A reader waits for the copy of one pointer at most, never for whoever makes the next
// value.
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <utility>

namespace catalog {

template <class T>
class Snapshot {
 public:
  explicit Snapshot(std::shared_ptr<const T> value) : value_(std::move(value)) {}

  [[nodiscard]] std::shared_ptr<const T> load() const {
    const Turn turn(busy_);
    return value_;
  }
  void store(std::shared_ptr<const T> value) {
    const Turn turn(busy_);
    value_.swap(value);
  }  // `value`, the old one, is freed by the caller's frame: after `turn`

 private:
  class Turn {
   public:
    explicit Turn(std::atomic_flag& busy) : busy_(busy) {
      while (busy_.test_and_set(std::memory_order_acquire)) std::this_thread::yield();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { busy_.clear(std::memory_order_release); }

   private:
    std::atomic_flag& busy_;
  };

  mutable std::atomic_flag busy_;
  std::shared_ptr<const T> value_;  // guarded by busy_
};

}  // namespace catalog
