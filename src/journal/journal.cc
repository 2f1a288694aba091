#include "journal/journal.h"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "journal/json_lines.h"
#include "journal/record.h"
#include "journal/search.h"

namespace journal {
namespace {

// Offsets in a segment have 32 bits; nothing that a guest may log comes near.
constexpr std::uint64_t kMaxRecord = 1ULL << 30U;

std::unexpected<base::Error> cannot_use(const std::filesystem::path& folder, std::string why) {
  return base::fail(base::Code::kStorage,
                    fmt::format("cannot use the journal's folder {}: {}; check its permissions",
                                folder.string(), why));
}

// What a crash left half made or half deleted: nothing is in these files alone.
void delete_leftovers(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::directory_iterator file(folder, error);
  for (; !error && file != std::filesystem::directory_iterator(); file.increment(error)) {
    std::filesystem::path path = file->path();
    const bool half_made = path.extension() == ".tmp" && path.stem().extension() == ".index";
    const bool orphan =
        path.extension() == ".index" &&
        !std::filesystem::exists(std::filesystem::path(path).replace_extension(kSegmentExtension));
    std::error_code ignored;
    if (half_made || orphan) std::filesystem::remove(path, ignored);
  }
}

// Sets it apart from other threads, so that each has a lane of its own if there are enough.
unsigned ordinal_of_this_thread() {
  static std::atomic<unsigned> threads{0};
  thread_local const unsigned ordinal = threads.fetch_add(1);
  return ordinal;
}

}  // namespace

Journal::Journal(std::filesystem::path folder, Retention retention, unsigned lanes, OnLoss on_loss)
    : folder_(std::move(folder)),
      retention_(retention),
      lane_count_(std::max(1U, lanes)),
      on_loss_(std::move(on_loss)),
      lanes_(std::make_unique<Lane[]>(lane_count_)),
      age_limit_(retention.age, retention.age_patience) {}

Journal::~Journal() {
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  retire_lanes(Which::kAll);
  seal_segments();
  if (spare_) spare_->remove();
}

base::Result<std::unique_ptr<Journal>> Journal::open(std::filesystem::path folder,
                                                     Retention retention, unsigned lanes,
                                                     OnLoss on_loss) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return cannot_use(folder, error.message());
  if (::access(folder.c_str(), R_OK | W_OK | X_OK) != 0) {
    return cannot_use(folder, std::generic_category().message(errno));
  }
  std::unique_ptr<Journal> journal(
      new Journal(std::move(folder), retention, lanes, std::move(on_loss)));
  if (auto loaded = journal->load(); !loaded) return base::fail(loaded.error());
  journal->delete_old_segments();
  journal->thread_ =
      std::jthread([self = journal.get()](const std::stop_token& stop) { self->keep_up(stop); });
  return journal;
}

base::Result<void> Journal::load() {
  delete_leftovers(folder_);
  const auto damaged_before = numbers_of(folder_, kDamagedExtension);
  for (const auto extension : {kSegmentExtension, kDamagedExtension}) {
    const auto numbers = numbers_of(folder_, extension);
    if (!numbers) return base::fail(numbers.error());
    if (!numbers->empty())
      next_number_ = std::max<SegmentNumber>(next_number_, numbers->back() + 1);
  }
  if (auto done = finish_imports(folder_, next_number_ - 1); !done) return done;
  if (auto done = load_segments(); !done) return done;
  if (auto done = import_json_lines(folder_, next_number_ - 1, next_sequence_); !done) return done;
  if (auto done = load_segments(); !done) return done;
  const auto damaged = numbers_of(folder_, kDamagedExtension);
  if (damaged && damaged_before) set_aside_ = damaged->size() - damaged_before->size();
  return {};
}

// Those that are not loaded yet.
base::Result<void> Journal::load_segments() {
  const auto numbers = numbers_of(folder_, kSegmentExtension);
  if (!numbers) return base::fail(numbers.error());
  for (const SegmentNumber number : *numbers) {
    if (!segments_.empty() && number <= segments_.back()->number()) continue;
    auto segment = Segment::open(folder_, number);
    if (!segment) return base::fail(segment.error());
    next_number_ = std::max<SegmentNumber>(next_number_, number + 1);
    if (*segment == nullptr) continue;
    const auto bounds = (*segment)->bounds();
    if (!bounds) return base::fail(bounds.error());
    next_sequence_ = std::max<Sequence>(next_sequence_, bounds->last + 1);
    if (!(*segment)->is_sealed()) finished_.push_back(*segment);
    segments_.push_back(std::move(*segment));
  }
  return {};
}

Journal::Lane& Journal::claim_lane() {
  const unsigned own = ordinal_of_this_thread();
  for (unsigned i = 0;; ++i) {
    Lane& lane = lanes_[(own + i) % lane_count_];
    Sequence idle = kIdle;
    if (lane.claim.compare_exchange_strong(idle, next_sequence_.load())) return lane;
    if ((i + 1) % lane_count_ == 0) std::this_thread::yield();
  }
}

// The order matters to `settle`: first the claim, which says what the sequence will be at least,
// then the sequence, then the record, then idle again.
void Journal::append(const Entry& entry) {
  const std::uint64_t size = record_size(entry);
  Lane& lane = claim_lane();
  if (lane.writer.room() >= size || renew(lane, size)) {
    lane.writer.append(entry, size, next_sequence_.fetch_add(1));
  } else {
    dropped_.fetch_add(1);
  }
  lane.claim.store(kIdle, std::memory_order_release);
}

// Gives the lane a segment with room; false when there is none to be had.
bool Journal::renew(Lane& lane, std::uint64_t size) {
  std::shared_ptr<Segment> next;
  {
    const std::lock_guard lock(mutex_);
    if (spare_ && spare_->capacity() >= sizeof(SegmentHead) + size) next = std::move(spare_);
  }
  if (!next) {
    if (starved_.load()) return false;
    auto made = make_segment(size);
    if (!made) return false;
    next = std::move(*made);
  }
  const std::lock_guard lock(mutex_);
  segments_.push_back(next);
  live_.push_back(next);
  if (lane.writer.is_open()) retired_.push_back(lane.writer.release());
  lane.writer = SegmentWriter(std::move(next));
  lane.opened = std::chrono::steady_clock::now();
  return true;
}

base::Result<std::shared_ptr<Segment>> Journal::make_segment(std::uint64_t size) {
  auto made = size > kMaxRecord
                  ? base::fail(base::Code::kStorage,
                               fmt::format("an entry of {} bytes is too long for it", size))
                  : Segment::create(folder_, next_number_.fetch_add(1),
                                    std::max(sizeof(SegmentHead) + size, retention_.segment_bytes));
  if (!made) {
    const std::lock_guard lock(mutex_);
    failure_ = made.error().message;
  }
  starved_ = !made;
  return made;
}

Sequence Journal::settle() const {
  const Sequence end = next_sequence_.load();
  for (unsigned i = 0; i < lane_count_; ++i) {
    while (lanes_[i].claim.load() < end) std::this_thread::yield();
  }
  return end;
}

Journal::Segments Journal::segments() const {
  const std::lock_guard lock(mutex_);
  return segments_;
}

base::Result<Sequence> Journal::sequence_after(const Segments& segments,
                                               std::string_view id) const {
  Sequence after = 0;
  for (const auto& segment : segments) {
    const auto found = segment->sequence_of(id);
    if (!found) return base::fail(found.error());
    if (*found) after = std::max(after, **found + 1);
  }
  return after;
}

base::Result<Page> Journal::page(const Query& query) const {
  const Sequence end = settle();
  const Segments segments = this->segments();
  std::optional<Sequence> from = query.from;
  if (!from && !query.after_id.empty()) {
    const auto after = sequence_after(segments, query.after_id);
    if (!after) return base::fail(after.error());
    from = *after;
  }
  return search(segments, query, from, end);
}

base::Result<std::vector<Entry>> Journal::read(const Query& query) const {
  auto found = page(query);
  if (!found) return base::fail(std::move(found.error()));
  return std::move(found->entries);
}

}  // namespace journal
