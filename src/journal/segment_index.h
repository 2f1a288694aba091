// Where a segment's records are: its rows in their order, and of each function, status, trigger and
// user the rows that have it, so that a search reads nothing but what it finds.
//
//   sidecar = IndexHead, Row*, Term*, (row number: u32)*, terms' texts
//
// A LiveIndex grows with its segment, in memory; its bytes are the sidecar of a segment that is
// sealed, and a SealedIndex is those bytes. One that is missing or damaged is made anew from its
// segment: nothing is in an index alone. Belong to one thread at a time; a SealedIndex may be
// searched by several.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "journal/record.h"

namespace journal {

struct Row {
  Sequence sequence;
  std::int64_t time_us;
  std::uint32_t offset;
  std::uint32_t size;
};

// So much of an id as tells whether it can be in a segment.
using IdPrefix = std::array<char, 24>;
IdPrefix prefix_of(std::string_view id);

// What a segment holds, from the least to the greatest.
struct Bounds {
  Sequence first = std::numeric_limits<Sequence>::max();
  Sequence last = 0;
  std::int64_t first_time_us = std::numeric_limits<std::int64_t>::max();
  std::int64_t last_time_us = std::numeric_limits<std::int64_t>::min();
  IdPrefix first_id = {};
  IdPrefix last_id = {};

  void include(const RecordView& record);
  [[nodiscard]] bool empty() const { return last < first; }
};

enum class Direction { kOldestFirst, kNewestFirst };

// A property of an entry as an index knows it.
enum class TermKind : char { kFunction = 'f', kStatus = 's', kTrigger = 't', kUser = 'u' };
std::string term(TermKind kind, std::string_view value);

struct Filter {
  std::vector<std::string> terms = {};  // all of them
  Sequence from = 0;
  Sequence before = std::numeric_limits<Sequence>::max();
  std::int64_t since_us = std::numeric_limits<std::int64_t>::min();
  std::int64_t until_us = std::numeric_limits<std::int64_t>::max();  // before it
  Direction direction = Direction::kNewestFirst;
  std::size_t limit = 0;

  // Whether a segment within these bounds may hold any.
  [[nodiscard]] bool meets(const Bounds& bounds) const;
};

struct IndexHead {
  std::uint64_t magic;
  std::uint64_t checksum;       // of the head's rest
  std::uint64_t body_checksum;  // of what follows the head
  std::uint64_t segment_bytes;
  Salt salt;
  Bounds bounds;
  std::uint32_t rows;
  std::uint32_t terms;
  std::uint32_t postings;
  std::uint32_t texts;
};

class LiveIndex {
 public:
  void add(const RecordView& record, std::uint64_t offset);
  [[nodiscard]] const Bounds& bounds() const { return bounds_; }
  [[nodiscard]] std::vector<Row> find(const Filter& filter) const;
  // The sidecar of a segment of that many bytes.
  [[nodiscard]] std::string bytes(std::uint64_t segment_bytes, Salt salt) const;

 private:
  void post(TermKind kind, std::string_view value, std::uint32_t row);

  Bounds bounds_;
  std::vector<Row> rows_;
  std::unordered_map<std::string, std::vector<std::uint32_t>> postings_;
  std::string term_;  // keeps its memory between entries
};

class SealedIndex {
 public:
  // Of a sidecar's first bytes; nothing when they are damaged.
  static std::optional<IndexHead> head_of(std::string_view bytes);
  // Nothing when any of the bytes is damaged or missing. A checksum is no seal, and an archive may
  // come from anywhere: so what the bytes point to is looked at as well, and lies within them and
  // the segment.
  static std::optional<SealedIndex> parse(std::string bytes);
  [[nodiscard]] std::vector<Row> find(const Filter& filter) const;

 private:
  struct Term {
    std::uint32_t text;
    std::uint32_t length;
    std::uint32_t postings;
    std::uint32_t count;
  };
  friend class LiveIndex;

  SealedIndex() = default;
  [[nodiscard]] bool points_within(std::uint64_t segment_bytes) const;
  [[nodiscard]] std::string_view text_of(const Term& term) const;
  [[nodiscard]] std::span<const std::uint32_t> postings_of(std::string_view text) const;

  std::vector<Row> rows_;
  std::vector<Term> terms_;  // sorted by text
  std::vector<std::uint32_t> postings_;
  std::string texts_;
};

}  // namespace journal
