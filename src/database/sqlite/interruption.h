// Whether the statements of guests and administrators on a file have to give up, whatever time they
// have left: the server ends. Roost's own statements are short, and what they settle is not to be
// done again at the next start: they are left to end.
//
// Set once, by any thread; looked at by every connection while a statement runs (keeper.h, Watch).
// Must outlive the connections it was given to.
#pragma once

#include <atomic>

namespace database::sqlite {

class Interruption {
 public:
  void set() { set_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool is_set() const { return set_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> set_ = false;
};

}  // namespace database::sqlite
