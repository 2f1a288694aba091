#include "sandbox/ticker.h"

#include <algorithm>

namespace sandbox {
namespace {

// Short calls are seldom seen running; this many ticks without seeing one is idleness.
constexpr int kIdleTicks = 50;

}  // namespace

Ticker::Ticker(const wasm::Engine& engine) : engine_(engine), thread_([this] { run(); }) {}

Ticker::~Ticker() {
  stopping_.store(true);
  wake();
  thread_.join();
}

bool Ticker::any_running() const {
  return std::ranges::any_of(running_,
                             [](const Counter& counter) { return counter.value.load() > 0; });
}

void Ticker::wake() {
  if (asleep_.exchange(false)) asleep_.notify_one();
}

void Ticker::run() {
  int idle = 0;
  while (!stopping_.load()) {
    std::this_thread::sleep_for(kTick);
    engine_.tick();
    idle = any_running() ? 0 : idle + 1;
    if (idle < kIdleTicks) continue;
    asleep_.store(true);
    // A guest that began before the store above may not have seen it.
    if (any_running() || stopping_.load()) {
      asleep_.store(false);
    } else {
      asleep_.wait(true);
    }
    idle = 0;
  }
}

}  // namespace sandbox
