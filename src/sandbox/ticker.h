// The clock that ends guests' slices: a thread that ticks the engine each millisecond while some
// guest runs.
//
// When none has run for a while it sleeps without waking up, and the next guest wakes it. One per
// engine; `Running` is made around each poll of a guest, on any loop.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <thread>

#include "wasm/engine.h"

namespace sandbox {

class Ticker {
 public:
  static constexpr std::chrono::milliseconds kTick{1};

  explicit Ticker(const wasm::Engine& engine);
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;
  ~Ticker();

  class Running {
   public:
    Running(Ticker& ticker, unsigned loop) : counter_(ticker.running_[loop % kCounters].value) {
      // Sequentially consistent with the ticker's own store and loads: either it sees this guest or
      // we see it asleep.
      counter_.fetch_add(1);
      if (ticker.asleep_.load()) ticker.wake();
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() { counter_.fetch_sub(1, std::memory_order_release); }

   private:
    std::atomic<int>& counter_;
  };

 private:
  static constexpr std::size_t kCounters = 64;
  struct alignas(64) Counter {
    std::atomic<int> value{0};
  };

  void run();
  [[nodiscard]] bool any_running() const;
  void wake();

  const wasm::Engine& engine_;
  std::array<Counter, kCounters>
      running_;  // one for each loop, so that loops do not share a cache line
  std::atomic<bool> asleep_{false};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace sandbox
