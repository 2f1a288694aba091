// Turns to do something that is to be done once for each module: who waits for a turn at a module
// that another thread has finds it done. Turns at different modules do not wait for one another.
#pragma once

#include <condition_variable>
#include <mutex>
#include <set>

#include "base/crypto.h"

namespace sandbox {

class OncePerModule {
 public:
  // Blocks until nobody else has a turn at this module.
  class Turn {
   public:
    Turn(OncePerModule& turns, const base::Sha256& module) : turns_(turns), module_(module) {
      std::unique_lock lock(turns_.mutex_);
      turns_.ended_.wait(lock, [&] { return turns_.taken_.insert(module_).second; });
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
      {
        const std::lock_guard lock(turns_.mutex_);
        turns_.taken_.erase(module_);
      }
      turns_.ended_.notify_all();
    }

   private:
    OncePerModule& turns_;
    const base::Sha256 module_;
  };

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  std::set<base::Sha256> taken_;
};

}  // namespace sandbox
