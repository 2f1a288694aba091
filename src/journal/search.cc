#include "journal/search.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "journal/segment_index.h"

namespace journal {
namespace {

Filter filter_of(const Query& query, std::optional<Sequence> from, Sequence end) {
  Filter filter{.from = from.value_or(0),
                .before = end,
                .direction = from ? Direction::kOldestFirst : Direction::kNewestFirst,
                .limit = query.limit};
  if (!query.function.empty()) filter.terms.push_back(term(TermKind::kFunction, query.function));
  if (query.status) filter.terms.push_back(term(TermKind::kStatus, name_of(*query.status)));
  if (!query.trigger.empty()) filter.terms.push_back(term(TermKind::kTrigger, query.trigger));
  if (!query.user_id.empty()) filter.terms.push_back(term(TermKind::kUser, query.user_id));
  if (query.since) filter.since_us = query.since->time_since_epoch().count();
  if (query.until) filter.until_us = query.until->time_since_epoch().count();
  return filter;
}

struct Candidate {
  std::shared_ptr<Segment> segment;
  Bounds bounds;
};

struct Hit {
  Row row;
  const Segment* segment;
};

class Merge {
 public:
  explicit Merge(const Filter& filter) : filter_(filter) {}

  // Those that may hold something, the most promising first.
  base::Result<void> look_at(std::span<const std::shared_ptr<Segment>> segments) {
    for (const auto& segment : segments) {
      const auto bounds = segment->bounds();
      if (!bounds) return base::fail(bounds.error());
      if (!bounds->empty() && filter_.meets(*bounds)) candidates_.push_back({segment, *bounds});
    }
    std::ranges::sort(candidates_, [this](const Candidate& a, const Candidate& b) {
      return precedes(best_of(a), best_of(b));
    });
    return {};
  }

  base::Result<void> run() {
    for (const Candidate& candidate : candidates_) {
      if (hits_.size() >= filter_.limit &&
          precedes(hits_.back().row.sequence, best_of(candidate))) {
        break;
      }
      const auto rows = candidate.segment->find(filter_);
      if (!rows) return base::fail(rows.error());
      add(*rows, *candidate.segment);
    }
    return {};
  }

  [[nodiscard]] const std::vector<Hit>& hits() const { return hits_; }

 private:
  [[nodiscard]] bool oldest_first() const { return filter_.direction == Direction::kOldestFirst; }
  [[nodiscard]] bool precedes(Sequence a, Sequence b) const {
    return oldest_first() ? a < b : a > b;
  }
  [[nodiscard]] Sequence best_of(const Candidate& candidate) const {
    return oldest_first() ? candidate.bounds.first : candidate.bounds.last;
  }

  void add(const std::vector<Row>& rows, const Segment& segment) {
    std::vector<Hit> found;
    found.reserve(rows.size());
    for (const Row& row : rows) found.push_back({row, &segment});
    std::vector<Hit> merged;
    merged.reserve(hits_.size() + found.size());
    std::ranges::merge(
        hits_, found, std::back_inserter(merged),
        [this](Sequence a, Sequence b) { return precedes(a, b); },
        [](const Hit& hit) { return hit.row.sequence; },
        [](const Hit& hit) { return hit.row.sequence; });
    hits_ = std::move(merged);
    if (hits_.size() > filter_.limit) hits_.resize(filter_.limit);
  }

  const Filter& filter_;
  std::vector<Candidate> candidates_;
  std::vector<Hit> hits_;
};

// Reads hits' records; keeps the file of the last one open, as its neighbours are often beside it.
class RecordFiles {
 public:
  // Nothing when retention has deleted it, or it is damaged.
  base::Result<std::optional<Entry>> entry_of(const Hit& hit) {
    if (hit.segment != segment_) {
      auto file = hit.segment->records();
      if (!file) return base::fail(file.error());
      file_ = std::move(*file);
      segment_ = hit.segment;
    }
    if (!file_) return std::nullopt;
    const auto bytes = file_->read(hit.row.offset, hit.row.size);
    if (!bytes) return base::fail(bytes.error());
    const auto record = record_at(*bytes, segment_->salt(), Trust::kChecked);
    if (!record || record->head.sequence != hit.row.sequence) return std::nullopt;
    return record->entry();
  }

 private:
  const Segment* segment_ = nullptr;
  std::optional<File> file_;
};

}  // namespace

base::Result<Page> search(std::span<const std::shared_ptr<Segment>> segments, const Query& query,
                          std::optional<Sequence> from, Sequence end) {
  if (query.limit == 0) return Page{.entries = {}, .next = from.value_or(end)};
  const Filter filter = filter_of(query, from, end);
  Merge merge(filter);
  if (auto done = merge.look_at(segments); !done) return base::fail(done.error());
  if (auto done = merge.run(); !done) return base::fail(done.error());
  Page page{.entries = {}, .next = end};
  // Following stops at what is full, and goes on from there the next time.
  if (from && merge.hits().size() == query.limit) {
    page.next = merge.hits().back().row.sequence + 1;
  }
  RecordFiles files;
  std::uint64_t bytes = 0;
  for (const Hit& hit : merge.hits()) {
    bytes += hit.row.size;
    if (bytes > query.max_bytes && !page.entries.empty()) {
      if (from) page.next = hit.row.sequence;
      break;
    }
    auto entry = files.entry_of(hit);
    if (!entry) return base::fail(entry.error());
    if (*entry) page.entries.push_back(std::move(**entry));
  }
  if (!from) std::ranges::reverse(page.entries);
  return page;
}

}  // namespace journal
