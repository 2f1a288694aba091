#include "journal/segment.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace journal {
namespace {

constexpr std::uint64_t kBlock = 64 * 1024;
constexpr std::string_view kExtension = ".jsonl";

std::unexpected<base::Error> cannot_read(const std::filesystem::path& path, int error) {
  return base::fail(base::Code::kStorage,
                    fmt::format("cannot read the journal's {}: {}", path.string(),
                                std::generic_category().message(error)));
}

std::optional<SegmentNumber> number_of(const std::filesystem::path& path) {
  if (path.extension() != kExtension) return std::nullopt;
  const std::string stem = path.stem();
  SegmentNumber number = 0;
  const char* const end = stem.data() + stem.size();
  const auto [stop, error] = std::from_chars(stem.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

}  // namespace

std::filesystem::path segment_path(const std::filesystem::path& folder, SegmentNumber number) {
  return folder / fmt::format("{:08}{}", number, kExtension);
}

base::Result<std::vector<SegmentNumber>> segments_of(const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<SegmentNumber> numbers;
  std::filesystem::directory_iterator file(folder, error);
  for (; !error && file != std::filesystem::directory_iterator(); file.increment(error)) {
    if (const auto number = number_of(file->path())) numbers.push_back(*number);
  }
  if (error) return cannot_read(folder, error.value());
  std::ranges::sort(numbers);
  return numbers;
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

Descriptor::~Descriptor() {
  if (is_open()) ::close(number_);
}

int Descriptor::release() { return std::exchange(number_, -1); }

base::Result<LineReader> LineReader::open(const std::filesystem::path& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open() && errno == ENOENT) return LineReader(path, Descriptor(), 0);
  struct stat status{};
  if (!file.is_open() || ::fstat(file.get(), &status) != 0) return cannot_read(path, errno);
  return LineReader(path, std::move(file), static_cast<std::uint64_t>(status.st_size));
}

base::Result<void> LineReader::load_block() {
  const std::uint64_t size = std::min(kBlock, unread_);
  std::string block(size, '\0');
  std::uint64_t filled = 0;
  while (filled < size) {
    const ssize_t got = ::pread(file_.get(), block.data() + filled, size - filled,
                                static_cast<off_t>(unread_ - size + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return cannot_read(path_, errno);
    // Shorter than when it was opened: the writer just cut a torn tail off.
    if (got == 0) break;
    filled += static_cast<std::uint64_t>(got);
  }
  block.resize(filled);
  unread_ -= size;
  pending_.insert(0, block);
  return {};
}

// Leaves `pending_` ending in the last LF; false when there is none.
base::Result<bool> LineReader::skip_torn_tail() {
  at_tail_ = false;
  while (unread_ > 0) {
    if (auto loaded = load_block(); !loaded) return base::fail(loaded.error());
    const auto last = pending_.rfind('\n');
    pending_.resize(last == std::string::npos ? 0 : last + 1);
    if (last != std::string::npos) return true;
  }
  return false;
}

base::Result<std::optional<std::string_view>> LineReader::previous() {
  if (at_tail_) {
    const auto found = skip_torn_tail();
    if (!found) return base::fail(found.error());
  }
  for (;;) {
    if (pending_.empty() && unread_ == 0) return std::nullopt;
    // The LF at the very end closes the line that is looked for.
    const auto before =
        pending_.size() < 2 ? std::string::npos : pending_.rfind('\n', pending_.size() - 2);
    if (before != std::string::npos || unread_ == 0) {
      const std::size_t start = before == std::string::npos ? 0 : before + 1;
      line_.assign(pending_, start, pending_.size() - start - 1);
      pending_.resize(start);
      return std::string_view(line_);
    }
    if (auto loaded = load_block(); !loaded) return base::fail(loaded.error());
  }
}

}  // namespace journal
