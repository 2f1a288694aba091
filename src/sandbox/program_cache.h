// The programs that are ready to be called, by the hash of their module.
//
// `find` takes a shared lock and nothing else: the path of every call. Loading happens elsewhere
// and is put in by `insert`. Past its capacity the program that was called longest ago leaves;
// calls that run it keep it alive. Safe on any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <unordered_map>

#include "base/crypto.h"
#include "sandbox/program.h"

namespace sandbox {

using ProgramPtr = std::shared_ptr<const Program>;

class ProgramCache {
 public:
  explicit ProgramCache(std::size_t capacity) : capacity_(capacity) {}

  // Null when it is not loaded.
  [[nodiscard]] ProgramPtr find(const base::Sha256& module) const;
  void insert(const base::Sha256& module, ProgramPtr program);
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

 private:
  struct Hash {
    std::size_t operator()(const base::Sha256& digest) const;
  };
  struct Slot {
    ProgramPtr program;
    mutable std::atomic<std::uint64_t> used{0};  // by `clock_`
  };
  void evict_oldest();

  const std::size_t capacity_;
  mutable std::atomic<std::uint64_t> clock_{0};
  mutable std::shared_mutex mutex_;
  std::unordered_map<base::Sha256, Slot, Hash> slots_;
};

}  // namespace sandbox
