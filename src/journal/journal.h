// Every invocation, in the order of their ends.
//
//   folder  = segment*            named 00000001.jsonl, 00000002.jsonl, …
//   segment = (entry LF)*         one entry.h JSON object per line
//
// `append` writes the line with one write(2) before it returns: the kernel has it, so that it
// survives `kill -9` of this process, though not always a power failure. A last line torn by a
// crash or a full disk is skipped by readers, and the next start goes on in a new segment. A
// segment ends at 16 MiB or after an eighth of the age limit; the oldest are deleted past 1 GiB in
// all or 7 days.
// On a full disk entries are dropped and counted; calls go on.
// One per process; safe on any thread. `append` blocks for a write to the page cache only; `read`
// reads files and belongs on the blocking pool.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "journal/entry.h"
#include "journal/segment.h"

namespace journal {

struct Retention {
  std::uint64_t segment_bytes = 16ULL << 20U;
  std::uint64_t total_bytes = 1ULL << 30U;
  std::chrono::hours age{24 * 7};
};

struct Query {
  std::string function = {};  // empty: all
  std::optional<Status> status = {};
  // To follow: only entries after this one, and of those the first `limit`, so that a reader who
  // asks again with the last id it got misses none. An id that is not kept (any more) is before
  // all.
  std::string after_id = {};
  std::size_t limit = 100;  // without after_id the newest this many; always oldest first
  // Fewer when their lines are longer than this in all: an entry may hold megabytes of log.
  std::uint64_t max_bytes = 64ULL << 20U;
};

class Journal {
 public:
  // Makes the folder when it is missing. kStorage when it cannot be written.
  static base::Result<std::unique_ptr<Journal>> open(std::filesystem::path folder,
                                                     Retention retention);
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  ~Journal();

  void append(const Entry& entry);
  [[nodiscard]] base::Result<std::vector<Entry>> read(const Query& query) const;
  // Entries that could not be written, since the start.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_.load(); }

 private:
  Journal(std::filesystem::path folder, Retention retention);
  // With `mutex_` held.
  base::Result<void> start_segment();
  bool segment_ends_before(std::string_view line) const;
  bool write_line(std::string_view line);
  void delete_old_segments() const;

  // Constant after construction.
  const std::filesystem::path folder_;
  const Retention retention_;

  std::atomic<std::uint64_t> dropped_{0};

  // Guards what follows.
  std::mutex mutex_;
  Descriptor segment_;
  SegmentNumber number_ = 0;
  std::uint64_t segment_size_ = 0;
  std::chrono::steady_clock::time_point segment_start_;
};

}  // namespace journal
