// A file of records, and what is known of them.
//
//   00000007.segment = SegmentHead, record*, zeros         see record.h
//   00000007.index   = the sidecar of a sealed one          see segment_index.h
//
//   live ──► sealed ──► deleted by retention
//
// A live segment has all its room on the disk from the start, so that a full disk shows when it is
// made and never when it is written; one SegmentWriter appends to it, and its index is in memory. A
// sealed one never changes: cut to its length, its index on disk. What a process left behind that
// ended without sealing is read once more and sealed when it is opened.
// Safe on any thread, and beside the writer. Searches read files: they belong on the blocking pool.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "journal/file.h"
#include "journal/record.h"
#include "journal/segment_index.h"

namespace journal {

using SegmentNumber = std::uint64_t;

struct SegmentHead {
  std::uint64_t magic;
  std::uint64_t format;
  Salt salt;
  std::uint64_t checksum;  // of the three above
};

// 00000007 and that extension.
std::filesystem::path numbered_path(const std::filesystem::path& folder, SegmentNumber number,
                                    std::string_view extension);
std::filesystem::path segment_path(const std::filesystem::path& folder, SegmentNumber number);
std::filesystem::path index_path(const std::filesystem::path& folder, SegmentNumber number);
// The numbers of a folder's files of that extension, ascending; files of other names are not ours.
base::Result<std::vector<SegmentNumber>> numbers_of(const std::filesystem::path& folder,
                                                    std::string_view extension);

inline constexpr std::string_view kSegmentExtension = ".segment";
// What a segment that cannot be read is renamed to; nobody deletes it.
inline constexpr std::string_view kDamagedExtension = ".damaged";

SegmentHead make_segment_head();  // with a salt of its own

class Segment {
 public:
  // A live one with room for `size` bytes, head included.
  static base::Result<std::shared_ptr<Segment>> create(const std::filesystem::path& folder,
                                                       SegmentNumber number, std::uint64_t size);
  // One that a former process left. Nothing when it has no record: it is deleted, or set aside as
  // damaged where its bytes say that it had. kStorage also when a newer version wrote it.
  static base::Result<std::shared_ptr<Segment>> open(const std::filesystem::path& folder,
                                                     SegmentNumber number);

  [[nodiscard]] SegmentNumber number() const { return number_; }
  [[nodiscard]] Salt salt() const { return salt_; }
  // How much of the disk it has.
  [[nodiscard]] std::uint64_t disk_bytes() const { return disk_bytes_.load(); }
  [[nodiscard]] bool is_sealed() const;
  [[nodiscard]] bool half_full() const { return committed_.load() > disk_bytes_.load() / 2; }

  // By its writer: everything before `end` is in place.
  void commit(std::uint64_t end) { committed_.store(end, std::memory_order_release); }
  // For its writer, while it is live: all of the file, and its size.
  [[nodiscard]] char* mapping() const { return map_.place; }
  [[nodiscard]] std::uint64_t capacity() const { return map_.size; }

  // These know everything that was committed before the call.
  base::Result<Bounds> bounds();
  base::Result<std::vector<Row>> find(const Filter& filter);
  // Of the newest entry of that id; nothing when it has none.
  base::Result<std::optional<Sequence>> sequence_of(std::string_view id);
  // To read rows' records from; nothing when retention has deleted it.
  [[nodiscard]] base::Result<std::optional<File>> records() const;

  // These three are for one thread, the journal's own.
  // What was committed reaches the disk, so many bytes; costs nothing when there are none.
  base::Result<std::uint64_t> sync();
  // Has the kernel ready the next `bytes` for writing, which costs a writer some microseconds for
  // each 4 KiB that was not. To be called behind `sync`: it makes pages clean, and so unready.
  void prefault(std::uint64_t bytes) const;
  // Without a writer from here on. May be tried again after an error.
  base::Result<void> seal();
  void remove();

 private:
  struct Mapping {
    Mapping() = default;
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping() { unmap(); }
    base::Result<void> map(int descriptor, std::uint64_t bytes);
    void unmap();

    char* place = nullptr;
    std::uint64_t size = 0;
  };

  Segment(std::filesystem::path folder, SegmentNumber number, Salt salt)
      : folder_(std::move(folder)), number_(number), salt_(salt) {}
  bool adopt_sidecar(std::uint64_t size);
  base::Result<bool> recover();
  // With `mutex_` held.
  base::Result<void> advance();
  base::Result<void> write_sidecar(const LiveIndex& index);
  base::Result<std::vector<Row>> find_in_segment(const Filter& filter);

  // Constant after construction.
  const std::filesystem::path folder_;
  const SegmentNumber number_;
  const Salt salt_;

  std::atomic<std::uint64_t> committed_{sizeof(SegmentHead)};
  std::atomic<std::uint64_t> disk_bytes_{0};
  File file_;    // while it is live
  Mapping map_;  // while it has a writer

  // Guards what follows.
  mutable std::mutex mutex_;
  std::optional<LiveIndex> live_;  // of what lies before `indexed_`
  std::uint64_t indexed_ = sizeof(SegmentHead);
  std::uint64_t synced_ = 0;  // the thread's
  Bounds bounds_;             // once it is sealed
};

}  // namespace journal
