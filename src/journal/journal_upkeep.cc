// What the journal's own thread does, and nobody waits for.
#include <algorithm>
#include <utility>

#include "journal/journal.h"

namespace journal {
namespace {

using std::chrono::steady_clock;

// So much a power failure may take. Longer would lose more, shorter would cost a busy server disk
// writes: each sync writes the last page of each lane again.
constexpr std::chrono::milliseconds kTick{50};
// For what need not be looked at as often: age, retention, what failed before.
constexpr std::chrono::seconds kLook{1};
// Between two reports of entries that were dropped.
constexpr std::chrono::minutes kTelling{1};
// Of a new segment, until the first tick knows how fast it fills.
constexpr std::uint64_t kReady = 256ULL << 10U;

}  // namespace

void Journal::keep_up(const std::stop_token& stop) {
  std::unique_lock lock(wake_mutex_);
  while (!stop.stop_requested()) {
    tick();
    wake_.wait_for(lock, stop, kTick, [] { return false; });
  }
}

void Journal::tick() {
  const Sequence sequence = next_sequence_.load();
  const bool look = steady_clock::now() >= next_look_;
  if (sequence == last_tick_ && !look && !starved_.load()) return;
  last_tick_ = sequence;
  sync_segments();
  prepare_spare();
  if (look) retire_lanes(Which::kOld);
  if (look) tell_losses();
  const bool retired = [this] {
    const std::lock_guard lock(mutex_);
    return !retired_.empty();
  }();
  if (!look && !retired) return;
  next_look_ = steady_clock::now() + kLook;
  seal_segments();
  delete_old_segments();
}

void Journal::tell_losses() {
  const std::uint64_t dropped = dropped_.load();
  if (dropped == told_losses_ || !on_loss_ || steady_clock::now() < next_telling_) return;
  told_losses_ = dropped;
  next_telling_ = steady_clock::now() + kTelling;
  const std::string reason = [this] {
    const std::lock_guard lock(mutex_);
    return failure_;
  }();
  on_loss_(dropped, reason);
}

// A lane that is taken just now is in use, and looked at again.
void Journal::retire_lanes(Which which) {
  for (unsigned i = 0; i < lane_count_; ++i) {
    Lane& lane = lanes_[i];
    Sequence idle = kIdle;
    if (!lane.claim.compare_exchange_strong(idle, next_sequence_.load())) continue;
    const bool old = steady_clock::now() - lane.opened >=
                     std::chrono::duration_cast<std::chrono::seconds>(retention_.age) / 8;
    if (lane.writer.is_open() && (old || which == Which::kAll)) {
      const std::lock_guard lock(mutex_);
      retired_.push_back(lane.writer.release());
    }
    lane.claim.store(kIdle, std::memory_order_release);
  }
}

// Indexing a little at each tick leaves little to do for whoever reads, and for sealing. An error
// shows to those who read; here the next tick tries again.
void Journal::sync_segments() {
  Segments live;
  {
    const std::lock_guard lock(mutex_);
    live = live_;
  }
  for (const auto& segment : live) {
    std::ignore = segment->bounds();
    const auto synced = segment->sync();
    // As much as came since the last tick may come until the next, and more.
    if (synced) segment->prefault(2 * *synced);
  }
}

void Journal::seal_segments() {
  {
    const std::lock_guard lock(mutex_);
    finished_.insert(finished_.end(), retired_.begin(), retired_.end());
    retired_.clear();
  }
  std::erase_if(finished_, [this](const std::shared_ptr<Segment>& segment) {
    if (!segment->seal()) return false;
    const std::lock_guard lock(mutex_);
    std::erase(live_, segment);
    return true;
  });
}

// A lane that fills its segment finds the next one made: making it takes a hundred microseconds.
void Journal::prepare_spare() {
  {
    const std::lock_guard lock(mutex_);
    // Who was starved needed a longer one, and may try again.
    if (spare_) starved_ = false;
    const bool wanted = starved_.load() || std::ranges::any_of(live_, [](const auto& each) {
                          return each->half_full();
                        });
    if (spare_ || !wanted) return;
  }
  auto made = make_segment(0);
  if (!made) return;
  (*made)->prefault(kReady);
  const std::lock_guard lock(mutex_);
  spare_ = std::move(*made);
}

void Journal::delete_old_segments() {
  const auto oldest = std::chrono::floor<std::chrono::microseconds>(
      age_limit_.at(std::chrono::system_clock::now(), steady_clock::now()).time_since_epoch());
  struct Kept {
    std::shared_ptr<Segment> segment;
    Bounds bounds;
  };
  std::vector<Kept> sealed;
  std::uint64_t bytes = 0;
  {
    const std::lock_guard lock(mutex_);
    if (spare_) bytes += spare_->disk_bytes();
  }
  for (const auto& segment : segments()) {
    if (!segment->is_sealed()) {
      bytes += segment->disk_bytes();
    } else if (const auto bounds = segment->bounds()) {
      sealed.push_back({segment, *bounds});
    }
  }
  std::ranges::sort(sealed, std::greater(), [](const Kept& kept) { return kept.bounds.last; });
  for (const auto& [segment, bounds] : sealed) {
    bytes += segment->disk_bytes();
    if (bytes <= retention_.total_bytes && bounds.last_time_us >= oldest.count()) continue;
    {
      const std::lock_guard lock(mutex_);
      std::erase(segments_, segment);
    }
    segment->remove();
  }
}

}  // namespace journal
