// Appends to one live segment through its mapping: no lock, no system call.
//
// Belongs to one thread at a time; whoever hands it over sees to the order.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "base/error.h"
#include "journal/entry.h"
#include "journal/segment.h"

namespace journal {

class SegmentWriter {
 public:
  SegmentWriter() = default;
  explicit SegmentWriter(std::shared_ptr<Segment> segment)
      : segment_(std::move(segment)), end_(sizeof(SegmentHead)) {}

  [[nodiscard]] std::uint64_t room() const { return segment_ ? segment_->capacity() - end_ : 0; }
  // The segment, which from then on has no writer.
  std::shared_ptr<Segment> release() { return std::exchange(segment_, nullptr); }
  [[nodiscard]] bool is_open() const { return segment_ != nullptr; }

  // `size` is record_size(entry), and there is room for it.
  void append(const Entry& entry, std::uint64_t size, Sequence sequence) {
    write_record(segment_->mapping() + end_, size, entry, sequence, segment_->salt());
    end_ += size;
    segment_->commit(end_);
  }

 private:
  std::shared_ptr<Segment> segment_;
  std::uint64_t end_ = 0;
};

}  // namespace journal
