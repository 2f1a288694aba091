// The loops of the process, one thread each, and the pools for blocking work.
//
// Made by the composition root; `start` begins the threads, `stop` ends them and joins. Destroying
// it stops it. Loops live until the Reactor is destroyed, so that what was made on them can still
// be torn down.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "reactor/blocking_pool.h"
#include "reactor/loop.h"

namespace reactor {

class Reactor {
 public:
  Reactor(unsigned loops, unsigned blocking_threads);
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;
  ~Reactor();

  void start();
  void stop();

  [[nodiscard]] std::size_t size() const { return loops_.size(); }
  Loop& loop(std::size_t index) { return *loops_.at(index); }
  BlockingPool& blocking() { return blocking_; }
  // For work of seconds (compilations, backups), so that what is short does not wait behind it.
  BlockingPool& long_work() { return long_work_; }
  static constexpr unsigned kLongWorkers = 2;

 private:
  std::vector<std::unique_ptr<Loop>> loops_;
  BlockingPool blocking_;
  BlockingPool long_work_{kLongWorkers};
  std::vector<std::thread> threads_;
};

}  // namespace reactor
