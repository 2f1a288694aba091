// Every invocation, in the order of their ends.
//
// `append` puts the entry into a segment (segment.h) that is mapped into memory: the kernel has it
// when `append` returns, so that it survives `kill -9` of this process; a power failure may lose
// the last 50 ms or so, which is how often the disk is told to write. There is a lane, a live
// segment with its writer, for each thread that appends; a thread that finds its own taken uses the
// next one. So `append` waits for nobody and makes no system call but one in megabytes of entries.
//
// A thread of the journal seals segments that are full or old, prepares the next ones, and deletes
// the oldest past 1 GiB in all or 7 days. A read sees every entry whose `append` returned before it
// began, and none half. On a full disk entries are dropped and counted, calls go on, and so does
// the journal when there is space again.
//
// One per process; safe on any thread. `read` and `page` read files and belong on the blocking
// pool.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "journal/age_limit.h"
#include "journal/entry.h"
#include "journal/query.h"
#include "journal/segment.h"
#include "journal/segment_writer.h"

namespace journal {

struct Retention {
  std::uint64_t segment_bytes = 16ULL << 20U;
  std::uint64_t total_bytes = 1ULL << 30U;  // of disk, what is preallocated included
  std::chrono::hours age{24 * 7};
  std::chrono::milliseconds age_patience{std::chrono::minutes(5)};  // age_limit.h
};

class Journal {
 public:
  // Makes the folder when it is missing, and takes over what an older version kept in it. `lanes`
  // is how many threads may append at once without one taking another's place. kStorage when the
  // folder cannot be written. `on_loss` is told how many entries were dropped since the start and
  // why the last segment could not be made, on a thread of the journal's, at most once a minute
  // while that grows.
  using OnLoss = std::function<void(std::uint64_t dropped, const std::string& reason)>;
  static base::Result<std::unique_ptr<Journal>> open(std::filesystem::path folder,
                                                     Retention retention, unsigned lanes = 2,
                                                     OnLoss on_loss = {});
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  ~Journal();  // seals everything

  void append(const Entry& entry);
  [[nodiscard]] base::Result<std::vector<Entry>> read(const Query& query) const;
  [[nodiscard]] base::Result<Page> page(const Query& query) const;
  // Whether anything came that a Page with this `next` had not. Any thread, at no cost.
  [[nodiscard]] bool has_more(Sequence next) const { return next_sequence_.load() > next; }
  // Entries that could not be written, since the start.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_.load(); }
  // Segments that `open` could not read, and set aside as *.damaged.
  [[nodiscard]] std::size_t set_aside() const { return set_aside_; }

 private:
  using Segments = std::vector<std::shared_ptr<Segment>>;

  static constexpr Sequence kIdle = std::numeric_limits<Sequence>::max();
  // On cache lines of its own, so that two cores do not fight for one.
  struct alignas(64) Lane {
    // kIdle, or else whoever stored it has the lane, and no sequence it gives is less.
    std::atomic<Sequence> claim{kIdle};
    // Of who has the lane.
    SegmentWriter writer;
    std::chrono::steady_clock::time_point opened;
  };

  Journal(std::filesystem::path folder, Retention retention, unsigned lanes, OnLoss on_loss);
  base::Result<void> load();
  base::Result<void> load_segments();

  Lane& claim_lane();
  bool renew(Lane& lane, std::uint64_t size);
  // Whether it failed, and why, is known to others when this returns.
  base::Result<std::shared_ptr<Segment>> make_segment(std::uint64_t size);

  // Waits for those that append right now; every sequence below the result is in place.
  Sequence settle() const;
  [[nodiscard]] Segments segments() const;
  base::Result<Sequence> sequence_after(const Segments& segments, std::string_view id) const;

  // What the thread does, in journal_upkeep.cc.
  void keep_up(const std::stop_token& stop);
  void tick();
  enum class Which { kOld, kAll };
  void retire_lanes(Which which);
  void sync_segments();
  void seal_segments();
  void prepare_spare();
  void delete_old_segments();
  void tell_losses();

  // Constant after construction.
  const std::filesystem::path folder_;
  const Retention retention_;
  const unsigned lane_count_;
  const OnLoss on_loss_;
  std::size_t set_aside_ = 0;
  const std::unique_ptr<Lane[]> lanes_;

  alignas(64) std::atomic<Sequence> next_sequence_{1};
  alignas(64) std::atomic<std::uint64_t> dropped_{0};
  // The last attempt to make a segment failed: until the thread has looked, nobody else tries.
  std::atomic<bool> starved_{false};
  std::atomic<SegmentNumber> next_number_{1};

  // Guards what follows.
  mutable std::mutex mutex_;
  Segments segments_;
  Segments live_;  // of those
  std::shared_ptr<Segment> spare_;
  Segments retired_;     // without a writer, for the thread
  std::string failure_;  // of the last segment that could not be made

  // The thread's own.
  Segments finished_;  // retired, not sealed yet
  Sequence last_tick_ = 0;
  std::chrono::steady_clock::time_point next_look_;
  AgeLimit age_limit_;
  std::uint64_t told_losses_ = 0;
  std::chrono::steady_clock::time_point next_telling_;

  std::mutex wake_mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace journal
