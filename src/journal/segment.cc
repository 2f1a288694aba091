#include "journal/segment.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/crypto.h"

namespace journal {
namespace {

constexpr std::uint64_t kMagic = 0x544E'454D'4745'534AU;  // "JSEGMENT"
constexpr std::uint64_t kFormat = 1;
constexpr std::string_view kIndexExtension = ".index";

static_assert(sizeof(SegmentHead) % kRecordAlignment == 0);

std::optional<SegmentNumber> number_of(const std::filesystem::path& path) {
  const std::string stem = path.stem();
  SegmentNumber number = 0;
  const char* const end = stem.data() + stem.size();
  const auto [stop, error] = std::from_chars(stem.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

std::uint64_t checksum_of(const SegmentHead& head) {
  return checksum({reinterpret_cast<const char*>(&head), offsetof(SegmentHead, checksum)}, kMagic);
}

std::string_view bytes_of(const SegmentHead& head) {
  return {reinterpret_cast<const char*>(&head), sizeof head};
}

std::optional<SegmentHead> head_of(std::string_view bytes) {
  SegmentHead head{};
  if (bytes.size() < sizeof head) return std::nullopt;
  std::memcpy(&head, bytes.data(), sizeof head);
  if (head.magic != kMagic || head.checksum != checksum_of(head)) return std::nullopt;
  return head;
}

bool is_zero(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

// Nothing was lost when it holds only zeros; else it is kept for whoever can read it.
base::Result<std::shared_ptr<Segment>> give_up(const std::filesystem::path& path, bool lost) {
  std::error_code error;
  if (lost) {
    std::filesystem::path aside = path;
    std::filesystem::rename(path, aside.replace_extension(kDamagedExtension), error);
  } else {
    std::filesystem::remove(path, error);
  }
  if (!error) return nullptr;
  return base::fail(base::Code::kStorage,
                    fmt::format("cannot put the journal's {} aside: {}; check permissions",
                                path.string(), error.message()));
}

}  // namespace

std::filesystem::path numbered_path(const std::filesystem::path& folder, SegmentNumber number,
                                    std::string_view extension) {
  return folder / fmt::format("{:08}{}", number, extension);
}

std::filesystem::path segment_path(const std::filesystem::path& folder, SegmentNumber number) {
  return numbered_path(folder, number, kSegmentExtension);
}

std::filesystem::path index_path(const std::filesystem::path& folder, SegmentNumber number) {
  return numbered_path(folder, number, kIndexExtension);
}

base::Result<std::vector<SegmentNumber>> numbers_of(const std::filesystem::path& folder,
                                                    std::string_view extension) {
  std::error_code error;
  std::vector<SegmentNumber> numbers;
  std::filesystem::directory_iterator file(folder, error);
  for (; !error && file != std::filesystem::directory_iterator(); file.increment(error)) {
    const auto number = number_of(file->path());
    if (number && file->path().extension() == extension) numbers.push_back(*number);
  }
  if (error) {
    return base::fail(base::Code::kStorage, fmt::format("cannot list the journal's {}: {}",
                                                        folder.string(), error.message()));
  }
  std::ranges::sort(numbers);
  return numbers;
}

SegmentHead make_segment_head() {
  SegmentHead head{.magic = kMagic, .format = kFormat, .salt = 0, .checksum = 0};
  base::fill_random(&head.salt, sizeof head.salt);
  head.checksum = checksum_of(head);
  return head;
}

base::Result<void> Segment::Mapping::map(int descriptor, std::uint64_t bytes) {
  void* const mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (mapped == MAP_FAILED) {
    return base::fail(base::Code::kStorage,
                      fmt::format("cannot map a segment of the journal: {}; see `roost doctor`",
                                  std::generic_category().message(errno)));
  }
  place = static_cast<char*>(mapped);
  size = bytes;
  return {};
}

void Segment::Mapping::unmap() {
  if (place != nullptr) ::munmap(place, size);
  place = nullptr;
}

base::Result<std::shared_ptr<Segment>> Segment::create(const std::filesystem::path& folder,
                                                       SegmentNumber number, std::uint64_t size) {
  const auto path = segment_path(folder, number);
  auto file = File::create(path);
  if (!file) return base::fail(file.error());
  const SegmentHead head = make_segment_head();
  auto done = file->preallocate(size);
  if (done) done = file->write(bytes_of(head), 0);
  std::shared_ptr<Segment> segment(new Segment(folder, number, head.salt));
  if (done) done = segment->map_.map(file->descriptor(), size);
  if (!done) {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    return base::fail(done.error());
  }
  segment->file_ = std::move(*file);
  segment->disk_bytes_ = size;
  segment->live_.emplace();
  return segment;
}

base::Result<std::shared_ptr<Segment>> Segment::open(const std::filesystem::path& folder,
                                                     SegmentNumber number) {
  const auto path = segment_path(folder, number);
  auto file = File::open(path);
  if (!file) return base::fail(file.error());
  if (!*file) return nullptr;
  const auto size = (*file)->size();
  if (!size) return base::fail(size.error());
  const auto begin = (*file)->read(0, sizeof(SegmentHead));
  if (!begin) return base::fail(begin.error());
  const auto head = head_of(*begin);
  if (!head) {
    const auto all = (*file)->read(0, *size);
    if (!all) return base::fail(all.error());
    return give_up(path, !is_zero(*all));
  }
  if (head->format > kFormat) {
    return base::fail(base::Code::kStorage,
                      fmt::format("{} was written by a newer version: run that one, or move the "
                                  "file away",
                                  path.string()));
  }
  std::shared_ptr<Segment> segment(new Segment(folder, number, head->salt));
  segment->disk_bytes_ = *size;
  if (segment->adopt_sidecar(*size)) return segment;
  segment->file_ = std::move(**file);
  const auto recovered = segment->recover();
  if (!recovered) return base::fail(recovered.error());
  if (*recovered) return segment;
  const auto all = segment->file_.read(sizeof(SegmentHead), *size);
  if (!all) return base::fail(all.error());
  return give_up(path, !is_zero(*all));
}

// Only the head is looked at: the rest is checked when it is searched.
bool Segment::adopt_sidecar(std::uint64_t size) {
  const auto file = File::open(index_path(folder_, number_));
  if (!file || !*file) return false;
  const auto bytes = (*file)->read(0, sizeof(IndexHead));
  if (!bytes) return false;
  const auto head = SealedIndex::head_of(*bytes);
  if (!head || head->salt != salt_ || head->segment_bytes != size) return false;
  const auto its_size = (*file)->size();
  if (!its_size) return false;
  const std::lock_guard lock(mutex_);
  committed_ = size;
  disk_bytes_ = size + *its_size;
  bounds_ = head->bounds;
  return true;
}

// False when no record is left. Where the sidecar cannot be written now, the index stays in memory.
base::Result<bool> Segment::recover() {
  const auto size = file_.size();
  if (!size) return base::fail(size.error());
  const auto bytes = file_.read(0, *size);
  if (!bytes) return base::fail(bytes.error());
  const std::string_view records = std::string_view(*bytes).substr(sizeof(SegmentHead));
  {
    const std::lock_guard lock(mutex_);
    live_.emplace();
    RecordReader reader(records, salt_, Trust::kChecked);
    while (const auto record = reader.next()) {
      live_->add(*record, sizeof(SegmentHead) + reader.begin());
      indexed_ = sizeof(SegmentHead) + reader.end();
    }
    if (live_->bounds().empty()) return false;
    committed_ = indexed_;
  }
  std::ignore = seal();
  return true;
}

bool Segment::is_sealed() const {
  const std::lock_guard lock(mutex_);
  return !live_;
}

base::Result<void> Segment::advance() {
  const std::uint64_t committed = committed_.load(std::memory_order_acquire);
  if (indexed_ == committed) return {};
  const auto bytes = file_.read(indexed_, committed - indexed_);
  if (!bytes) return base::fail(bytes.error());
  RecordReader reader(*bytes, salt_, Trust::kOwn);
  while (const auto record = reader.next()) live_->add(*record, indexed_ + reader.begin());
  indexed_ = committed;
  return {};
}

base::Result<Bounds> Segment::bounds() {
  const std::lock_guard lock(mutex_);
  if (!live_) return bounds_;
  if (auto done = advance(); !done) return base::fail(done.error());
  return live_->bounds();
}

base::Result<std::vector<Row>> Segment::find(const Filter& filter) {
  {
    const std::lock_guard lock(mutex_);
    if (live_) {
      if (auto done = advance(); !done) return base::fail(done.error());
      return live_->find(filter);
    }
  }
  auto sidecar = File::content_of(index_path(folder_, number_));
  if (!sidecar) return base::fail(sidecar.error());
  if (*sidecar) {
    if (const auto index = SealedIndex::parse(std::move(**sidecar))) return index->find(filter);
  }
  return find_in_segment(filter);
}

// The sidecar is gone or damaged, and made anew.
base::Result<std::vector<Row>> Segment::find_in_segment(const Filter& filter) {
  const std::lock_guard lock(mutex_);
  const auto bytes = File::content_of(segment_path(folder_, number_));
  if (!bytes) return base::fail(bytes.error());
  if (!*bytes) return std::vector<Row>();
  LiveIndex index;
  RecordReader reader(std::string_view(**bytes).substr(sizeof(SegmentHead)), salt_,
                      Trust::kChecked);
  while (const auto record = reader.next()) {
    index.add(*record, sizeof(SegmentHead) + reader.begin());
  }
  std::ignore = write_sidecar(index);
  return index.find(filter);
}

base::Result<std::optional<Sequence>> Segment::sequence_of(std::string_view id) {
  const auto known = bounds();
  if (!known) return base::fail(known.error());
  const IdPrefix prefix = prefix_of(id);
  if (known->empty() || prefix < known->first_id || prefix > known->last_id) return std::nullopt;
  const auto file = records();
  if (!file) return base::fail(file.error());
  if (!*file) return std::nullopt;
  const auto bytes = (*file)->read(sizeof(SegmentHead), committed_.load(std::memory_order_acquire));
  if (!bytes) return base::fail(bytes.error());
  std::optional<Sequence> found;
  RecordReader reader(*bytes, salt_, Trust::kOwn);
  while (const auto record = reader.next()) {
    if (record->id == id) found = record->head.sequence;
  }
  return found;
}

base::Result<std::optional<File>> Segment::records() const {
  return File::open(segment_path(folder_, number_));
}

// Without the lock: a disk may take its time, and readers do not wait for it.
base::Result<std::uint64_t> Segment::sync() {
  const std::uint64_t committed = committed_.load(std::memory_order_acquire);
  if (synced_ == committed || is_sealed()) return 0;
  if (auto done = file_.sync(); !done) return base::fail(done.error());
  return committed - std::exchange(synced_, committed);
}

// Linux before 5.14 does not know the advice: then writers wait for each page.
void Segment::prefault(std::uint64_t bytes) const {
#ifdef MADV_POPULATE_WRITE
  static const auto kPage = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::uint64_t begin = committed_.load() / kPage * kPage;
  if (map_.place == nullptr || bytes == 0 || begin >= map_.size) return;
  ::madvise(map_.place + begin, std::min(bytes + kPage, map_.size - begin), MADV_POPULATE_WRITE);
#endif
}

base::Result<void> Segment::write_sidecar(const LiveIndex& index) {
  const std::uint64_t size = committed_.load(std::memory_order_acquire);
  const std::string bytes = index.bytes(size, salt_);
  if (auto done = File::replace(index_path(folder_, number_), bytes); !done) return done;
  disk_bytes_ = size + bytes.size();
  return {};
}

base::Result<void> Segment::seal() {
  map_.unmap();
  if (auto done = sync(); !done) return base::fail(done.error());
  const std::lock_guard lock(mutex_);
  if (!live_) return {};
  if (auto done = advance(); !done) return done;
  const std::uint64_t size = committed_.load(std::memory_order_acquire);
  if (auto done = file_.truncate(size); !done) return done;
  disk_bytes_ = size;
  if (auto done = write_sidecar(*live_); !done) return done;
  bounds_ = live_->bounds();
  live_.reset();
  file_ = File();
  return {};
}

void Segment::remove() {
  std::error_code ignored;
  std::filesystem::remove(segment_path(folder_, number_), ignored);
  std::filesystem::remove(index_path(folder_, number_), ignored);
}

}  // namespace journal
