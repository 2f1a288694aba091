// How many calls may run at once, and how many may wait, and how long.
//
// A node-wide counter with a bounded queue, first come first served. `enter` is awaited on a loop
// and gives a Permit; destroying the Permit lets the next waiter in, on the waiter's own loop.
// After `drain` nothing new is let in (kDraining). Safe from any loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "base/error.h"
#include "reactor/loop.h"
#include "telemetry/metrics.h"

namespace invoke {

class Admission {
 public:
  struct Settings {
    std::uint32_t max_running = 1000;
    std::uint32_t max_waiting = 4000;
    std::chrono::milliseconds max_wait{5000};
  };

  class Permit {
   public:
    Permit(Permit&& other) noexcept;
    Permit& operator=(Permit&&) = delete;
    ~Permit();

   private:
    friend class Admission;
    explicit Permit(Admission& admission) : admission_(&admission) {}
    Admission* admission_;
  };

  Admission(Settings settings, telemetry::Metrics& metrics);

  // Suspends only when the node is full. kConcurrencyLimit when the queue is full or the wait was
  // too long; kDraining.
  reactor::Task<base::Result<Permit>> enter(reactor::Loop& loop);

  void drain();
  [[nodiscard]] std::uint32_t running() const;
  [[nodiscard]] std::uint32_t waiting() const;

 private:
  struct Waiter;
  // Null when there was a place, which is taken; else a place in the queue.
  base::Result<std::shared_ptr<Waiter>> try_enter(reactor::Loop& loop);
  bool claim(const std::shared_ptr<Waiter>& waiter);
  void leave();
  void report();  // under the mutex

  const Settings settings_;
  telemetry::Metrics& metrics_;

  mutable std::mutex mutex_;
  std::uint32_t running_ = 0;
  bool draining_ = false;
  std::deque<std::shared_ptr<Waiter>> waiters_;
};

}  // namespace invoke
