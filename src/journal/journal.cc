#include "journal/journal.h"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <ranges>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/encoding.h"

namespace journal {
namespace {

// What a search found so far, newest first, never more than the query asks for.
class Selection {
 public:
  explicit Selection(const Query& query) : query_(query), follows_(!query.after_id.empty()) {
    // entry.h writes the keys in this order, so an entry's own text can be told without parsing it.
    end_ = R"({"id":)";
    base::append_json_string(end_, query.after_id);
    function_ = R"(,"function":)";
    base::append_json_string(function_, query.function);
  }

  // False when nothing further back matters.
  bool add(std::string_view line) {
    if (follows_ && line.starts_with(end_)) return false;
    if (!query_.function.empty() && line.find(function_) == std::string_view::npos) return true;
    auto entry = parse_entry(line);
    if (!entry || !matches(*entry)) return true;
    found_.push_back({std::move(*entry), line.size()});
    bytes_ += line.size();
    if (follows_) {
      while (too_much()) drop(found_.begin());
      return true;
    }
    const bool last = found_.size() >= query_.limit || too_much();
    if (too_much()) drop(found_.end() - 1);
    return !last;
  }

  std::vector<Entry> take() {
    std::vector<Entry> entries;
    entries.reserve(found_.size());
    for (Found& found : std::views::reverse(found_)) entries.push_back(std::move(found.entry));
    return entries;
  }

 private:
  struct Found {
    Entry entry;
    std::uint64_t bytes;
  };

  [[nodiscard]] bool matches(const Entry& entry) const {
    return (query_.function.empty() || entry.function == query_.function) &&
           (!query_.status || entry.status == *query_.status);
  }
  // One entry is let through whatever its size, or a follower would never get past it.
  [[nodiscard]] bool too_much() const {
    return found_.size() > query_.limit || (bytes_ > query_.max_bytes && found_.size() > 1);
  }
  void drop(std::deque<Found>::iterator which) {
    bytes_ -= which->bytes;
    found_.erase(which);
  }

  const Query& query_;
  const bool follows_;
  std::string end_;
  std::string function_;
  std::deque<Found> found_;
  std::uint64_t bytes_ = 0;
};

// Adds a segment's lines; false when the search is over.
base::Result<bool> search(const std::filesystem::path& path, Selection& selection) {
  auto reader = LineReader::open(path);
  if (!reader) return base::fail(reader.error());
  for (;;) {
    const auto line = reader->previous();
    if (!line) return base::fail(line.error());
    if (!*line) return true;
    if (!selection.add(**line)) return false;
  }
}

}  // namespace

Journal::Journal(std::filesystem::path folder, Retention retention)
    : folder_(std::move(folder)), retention_(retention) {}

Journal::~Journal() = default;

base::Result<std::unique_ptr<Journal>> Journal::open(std::filesystem::path folder,
                                                     Retention retention) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return base::fail(base::Code::kStorage,
                      fmt::format("cannot make the journal's folder {}: {}; check its permissions",
                                  folder.string(), error.message()));
  }
  const auto numbers = segments_of(folder);
  if (!numbers) return base::fail(numbers.error());
  std::unique_ptr<Journal> journal(new Journal(std::move(folder), retention));
  if (!numbers->empty()) journal->number_ = numbers->back();
  const std::lock_guard lock(journal->mutex_);
  if (auto started = journal->start_segment(); !started) return base::fail(started.error());
  return journal;
}

base::Result<void> Journal::start_segment() {
  segment_ = Descriptor();
  const auto path = segment_path(folder_, number_ + 1);
  Descriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file.is_open()) {
    return base::fail(base::Code::kStorage,
                      fmt::format("cannot start the journal's {}: {}; check space and permissions",
                                  path.string(), std::generic_category().message(errno)));
  }
  segment_ = std::move(file);
  ++number_;
  segment_size_ = 0;
  segment_start_ = std::chrono::steady_clock::now();
  delete_old_segments();
  return {};
}

bool Journal::segment_ends_before(std::string_view line) const {
  if (!segment_.is_open()) return true;
  if (segment_size_ == 0) return false;
  return segment_size_ + line.size() > retention_.segment_bytes ||
         std::chrono::steady_clock::now() - segment_start_ >=
             std::chrono::duration_cast<std::chrono::seconds>(retention_.age) / 8;
}

// One write, so that a reader sees all of the line or a tail without LF.
bool Journal::write_line(std::string_view line) {
  ssize_t written = -1;
  do {
    written = ::write(segment_.get(), line.data(), line.size());
  } while (written < 0 && errno == EINTR);
  if (written == static_cast<ssize_t>(line.size())) {
    segment_size_ += line.size();
    return true;
  }
  // The next line must not be glued to a torn one: cut it off, or else leave this segment.
  if (written > 0 && ::ftruncate(segment_.get(), static_cast<off_t>(segment_size_)) != 0) {
    segment_ = Descriptor();
  }
  return false;
}

void Journal::append(const Entry& entry) {
  std::string line = to_json(entry);
  line += '\n';
  const std::lock_guard lock(mutex_);
  const bool ready = !segment_ends_before(line) || start_segment();
  if (!ready || !write_line(line)) dropped_.fetch_add(1);
}

// What cannot be looked at or deleted now is tried again with the next segment.
void Journal::delete_old_segments() const {
  const auto numbers = segments_of(folder_);
  if (!numbers) return;
  const auto oldest = std::filesystem::file_time_type::clock::now() - retention_.age;
  // The segment that begins now may grow to its full size.
  std::uint64_t kept = retention_.segment_bytes;
  for (const SegmentNumber number : std::views::reverse(*numbers)) {
    if (number == number_) continue;
    const auto path = segment_path(folder_, number);
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    const auto last_write = std::filesystem::last_write_time(path, error);
    if (error) continue;
    kept += size;
    // Every start leaves a segment behind, an empty one when nothing was called.
    if (size == 0 || kept > retention_.total_bytes || last_write <= oldest) {
      std::filesystem::remove(path, error);
    }
  }
}

base::Result<std::vector<Entry>> Journal::read(const Query& query) const {
  const auto numbers = segments_of(folder_);
  if (!numbers) return base::fail(numbers.error());
  Selection selection(query);
  for (const SegmentNumber number : std::views::reverse(*numbers)) {
    const auto more = search(segment_path(folder_, number), selection);
    if (!more) return base::fail(more.error());
    if (!*more) break;
  }
  return selection.take();
}

}  // namespace journal
