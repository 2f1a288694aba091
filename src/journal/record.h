// One entry as bytes of a segment, in this machine's byte order:
//
//   record = RecordHead, id, function, trigger, error, user_id, (length of a line: u32)*, lines,
//            zeros up to a multiple of 8
//
// The head's first word is zero until all else is in place, and is stored last: a process that is
// killed at any moment leaves either a whole record or none. The checksum tells a record of which a
// power failure lost a page. Both are keyed by the segment's salt, which no guest knows, so that
// nothing a guest logs can be taken for a record.
// Pure functions; a RecordView shows the bytes it was read from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "journal/entry.h"

namespace journal {

using Salt = std::uint64_t;

// The order of the ends of invocations. Unique in a journal, over restarts too; begins at 1.
using Sequence = std::uint64_t;

inline constexpr std::uint64_t kRecordAlignment = 8;

struct RecordHead {
  std::uint32_t commit;
  std::uint32_t size;  // of the record, padding included
  std::uint64_t checksum;
  Sequence sequence;
  std::int64_t time_us;  // since 1970
  std::int64_t duration_us;
  std::int64_t cpu_us;
  std::uint64_t peak_memory_bytes;
  std::int32_t version;
  std::uint32_t status;
  // Lengths of the texts, and how many lines there are.
  std::uint32_t id;
  std::uint32_t function;
  std::uint32_t trigger;
  std::uint32_t error;
  std::uint32_t user_id;
  std::uint32_t lines;
};

struct RecordView {
  RecordHead head{};
  std::string_view id;
  std::string_view function;
  std::string_view trigger;
  std::string_view error;
  std::string_view user_id;
  std::string_view lines;  // their lengths, then their texts

  [[nodiscard]] Status status() const { return static_cast<Status>(head.status); }
  [[nodiscard]] Entry entry() const;
};

// Of any bytes; a change of one 8-byte word always shows.
std::uint64_t checksum(std::string_view bytes, std::uint64_t seed);

std::uint64_t record_size(const Entry& entry);

// `place` has record_size(entry) bytes (`size`), aligned to kRecordAlignment, zero where they
// matter: its first word. Costs no system call.
void write_record(char* place, std::uint64_t size, const Entry& entry, Sequence sequence,
                  Salt salt);

// How far bytes are believed: those that this process has written need no checksum.
enum class Trust { kChecked, kOwn };

// The record that `bytes` begin with, or nothing. Any bytes will do.
std::optional<RecordView> record_at(std::string_view bytes, Salt salt, Trust trust);

// Each record of a segment's content, in order. What is none is passed over, to the next record if
// there is any.
class RecordReader {
 public:
  RecordReader(std::string_view bytes, Salt salt, Trust trust)
      : bytes_(bytes), salt_(salt), trust_(trust) {}
  std::optional<RecordView> next();
  // Where the last one begins and where it ends.
  [[nodiscard]] std::uint64_t begin() const { return begin_; }
  [[nodiscard]] std::uint64_t end() const { return end_; }

 private:
  std::string_view bytes_;
  Salt salt_;
  Trust trust_;
  std::uint64_t begin_ = 0;
  std::uint64_t end_ = 0;
};

}  // namespace journal
