// Answers of one pass over a loop's ready connections, sent one after another at its end.
//
// A peer that waits on another core is woken by the first send, which costs the sender more than
// the rest of it; by the time of the next sends it is awake. So an answer is held until everything
// that was ready has run; but who joins kMaxHold after the first that is held, or later, lets go of
// those before it, unless it was itself let go by the same batch. Belongs to a loop.
#pragma once

#include <chrono>
#include <functional>
#include <vector>

#include "base/deadline.h"
#include "reactor/task.h"

namespace reactor {

class WriteBatch {
 public:
  static constexpr std::chrono::microseconds kMaxHold{500};

  explicit WriteBatch(Executor executor) : executor_(executor) {}
  WriteBatch(const WriteBatch&) = delete;
  WriteBatch& operator=(const WriteBatch&) = delete;

  // Suspends until it is time to send, in the order of the calls; others that it lets go run before
  // it does.
  Task<void> join();

 private:
  using Clock = base::Deadline::Clock;

  void hold(std::move_only_function<void()> send);
  void flush();

  Executor executor_;
  std::vector<std::move_only_function<void()>> held_;
  Clock::time_point since_;  // the first of `held_` came
  bool posted_ = false;
  bool leaving_ = false;
};

}  // namespace reactor
