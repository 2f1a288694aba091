#include "reactor/reactor.h"

namespace reactor {

Reactor::Reactor(unsigned loops, unsigned blocking_threads) : blocking_(blocking_threads) {
  for (unsigned i = 0; i < loops; ++i) loops_.push_back(std::make_unique<Loop>(i));
  for (const auto& loop : loops_) {
    for (const auto& other : loops_) {
      if (other != loop) loop->others_.push_back(other.get());
    }
  }
}

Reactor::~Reactor() {
  stop();
  blocking_.join();
  long_work_.join();
}

void Reactor::start() {
  for (const auto& loop : loops_) threads_.emplace_back([&loop = *loop] { loop.run(); });
}

void Reactor::stop() {
  for (const auto& loop : loops_) loop->stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace reactor
