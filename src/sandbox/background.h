// Where guests run whose slices hold up a loop by much.
//
// A guest's slice ends at a tick, but for single instructions that take as long as they take: a
// memory.fill of 512 MiB is one. A guest that overran is polled on the pool for blocking work from
// then on, one guest at a time for each loop, so that the pool stays free for what it is for. All
// else of the guest stays with its loop.
#pragma once

#include <cstddef>
#include <vector>

#include "reactor/blocking_pool.h"
#include "reactor/loop.h"
#include "sandbox/guest_run.h"

namespace sandbox {

class Background {
 public:
  // `blocking` must outlive it.
  explicit Background(reactor::BlockingPool& blocking) : lanes_(kMostLoops), blocking_(blocking) {}

  // As guest.poll(). Suspends; `guest` must outlive the Task. The pool is done with it before the
  // loop goes.
  reactor::Task<bool> poll(reactor::Loop& loop, GuestRun& guest);

 private:
  static constexpr std::size_t kMostLoops = 1024;
  // Belongs to its loop.
  struct alignas(64) Lane {
    bool busy = false;
    int waiting = 0;
  };

  std::vector<Lane> lanes_;
  reactor::BlockingPool& blocking_;
};

}  // namespace sandbox
