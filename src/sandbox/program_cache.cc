#include "sandbox/program_cache.h"

#include <algorithm>
#include <cstring>
#include <mutex>

namespace sandbox {

// A digest is random already.
std::size_t ProgramCache::Hash::operator()(const base::Sha256& digest) const {
  std::size_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof hash);
  return hash;
}

ProgramPtr ProgramCache::find(const base::Sha256& module) const {
  const std::shared_lock lock(mutex_);
  const auto found = slots_.find(module);
  if (found == slots_.end()) return nullptr;
  // The clock advances with insertions only: calls of loaded programs do not fight over one cache
  // line.
  const std::uint64_t now = clock_.load(std::memory_order_relaxed);
  if (found->second.used.load(std::memory_order_relaxed) != now) {
    found->second.used.store(now, std::memory_order_relaxed);
  }
  return found->second.program;
}

void ProgramCache::insert(const base::Sha256& module, ProgramPtr program) {
  const std::unique_lock lock(mutex_);
  Slot& slot = slots_[module];
  slot.program = std::move(program);
  slot.used.store(clock_.fetch_add(1, std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  while (slots_.size() > capacity_) evict_oldest();
}

std::size_t ProgramCache::size() const {
  const std::shared_lock lock(mutex_);
  return slots_.size();
}

void ProgramCache::evict_oldest() {
  const auto oldest = std::ranges::min_element(slots_, {}, [](const auto& entry) {
    return entry.second.used.load(std::memory_order_relaxed);
  });
  slots_.erase(oldest);
}

}  // namespace sandbox
