#include "journal/record.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstring>

namespace journal {
namespace {

static_assert(sizeof(RecordHead) == 88 && offsetof(RecordHead, sequence) == 16);

constexpr std::size_t kLength = sizeof(std::uint32_t);
constexpr std::uint64_t kMultiplier = 0x9E3779B97F4A7C15U;  // odd, bits spread: 2^64 / golden ratio

std::uint32_t commit_word(Salt salt) { return static_cast<std::uint32_t>(salt >> 32U) | 1U; }

std::uint64_t padded(std::uint64_t size) {
  return (size + kRecordAlignment - 1) / kRecordAlignment * kRecordAlignment;
}

// Both steps can be undone, so two states that differ stay different whatever follows.
std::uint64_t mix(std::uint64_t state, std::uint64_t word) {
  state = (state ^ word) * kMultiplier;
  return state ^ (state >> 32U);
}

// Everything behind the head's checksum.
std::uint64_t checksum_of(std::string_view record, Salt salt) {
  return checksum(record.substr(offsetof(RecordHead, sequence)), salt);
}

char* put(char* place, std::string_view text) {
  std::memcpy(place, text.data(), text.size());
  return place + text.size();
}

std::uint32_t length_at(std::string_view lengths, std::size_t index) {
  std::uint32_t length = 0;
  std::memcpy(&length, lengths.data() + index * kLength, kLength);
  return length;
}

// The texts' lengths are as sum within the record.
bool holds_its_texts(const RecordHead& head) {
  const std::uint64_t texts = std::uint64_t{head.id} + head.function + head.trigger + head.error +
                              head.user_id + std::uint64_t{head.lines} * kLength;
  return sizeof(RecordHead) + texts <= head.size;
}

}  // namespace

std::uint64_t checksum(std::string_view bytes, std::uint64_t seed) {
  std::uint64_t state = mix(seed, bytes.size());
  std::uint64_t word = 0;
  for (; bytes.size() >= sizeof word; bytes.remove_prefix(sizeof word)) {
    std::memcpy(&word, bytes.data(), sizeof word);
    state = mix(state, word);
  }
  word = 0;
  std::memcpy(&word, bytes.data(), bytes.size());
  return mix(state, word);
}

std::uint64_t record_size(const Entry& entry) {
  std::uint64_t size = sizeof(RecordHead) + entry.id.size() + entry.function.size() +
                       entry.trigger.size() + entry.error.size() + entry.user_id.size();
  for (const std::string& line : entry.lines) size += kLength + line.size();
  return padded(size);
}

void write_record(char* place, std::uint64_t size, const Entry& entry, Sequence sequence,
                  Salt salt) {
  using std::chrono::duration_cast;
  using std::chrono::microseconds;
  const auto length = [](const auto& text) { return static_cast<std::uint32_t>(text.size()); };
  RecordHead head{
      .commit = 0,
      .size = static_cast<std::uint32_t>(size),
      .checksum = 0,
      .sequence = sequence,
      .time_us = std::chrono::floor<microseconds>(entry.time.time_since_epoch()).count(),
      .duration_us = entry.duration.count(),
      .cpu_us = entry.cpu.count(),
      .peak_memory_bytes = entry.peak_memory_bytes,
      .version = entry.version,
      .status = static_cast<std::uint32_t>(entry.status),
      .id = length(entry.id),
      .function = length(entry.function),
      .trigger = length(entry.trigger),
      .error = length(entry.error),
      .user_id = length(entry.user_id),
      .lines = length(entry.lines)};
  std::memcpy(place, &head, sizeof head);
  char* at = place + sizeof head;
  for (const std::string* text :
       {&entry.id, &entry.function, &entry.trigger, &entry.error, &entry.user_id}) {
    at = put(at, *text);
  }
  for (const std::string& line : entry.lines) {
    const std::uint32_t its_length = length(line);
    at = put(at, {reinterpret_cast<const char*>(&its_length), sizeof its_length});
  }
  for (const std::string& line : entry.lines) at = put(at, line);
  std::memset(at, 0, static_cast<std::size_t>(place + size - at));
  head.checksum = checksum_of({place, size}, salt);
  std::memcpy(place + offsetof(RecordHead, checksum), &head.checksum, sizeof head.checksum);
  std::atomic_ref(*reinterpret_cast<std::uint32_t*>(place))
      .store(commit_word(salt), std::memory_order_release);
}

std::optional<RecordView> record_at(std::string_view bytes, Salt salt, Trust trust) {
  RecordView view;
  RecordHead& head = view.head;
  if (bytes.size() < sizeof head) return std::nullopt;
  std::memcpy(&head, bytes.data(), sizeof head);
  const bool whole = head.commit == commit_word(salt) && head.size % kRecordAlignment == 0 &&
                     head.size <= bytes.size() && holds_its_texts(head) &&
                     head.status <= static_cast<std::uint32_t>(Status::kCpuLimit);
  if (!whole) return std::nullopt;
  bytes = bytes.substr(0, head.size);
  if (trust == Trust::kChecked && checksum_of(bytes, salt) != head.checksum) return std::nullopt;
  bytes.remove_prefix(sizeof head);
  const auto take = [&bytes](std::uint32_t length) {
    const std::string_view text = bytes.substr(0, length);
    bytes.remove_prefix(length);
    return text;
  };
  view.id = take(head.id);
  view.function = take(head.function);
  view.trigger = take(head.trigger);
  view.error = take(head.error);
  view.user_id = take(head.user_id);
  view.lines = bytes;
  return view;
}

Entry RecordView::entry() const {
  using std::chrono::microseconds;
  using Clock = std::chrono::system_clock;
  // The clock's ticks may be finer: what no clock has said stays within what it can.
  constexpr auto kMost = std::chrono::floor<microseconds>(Clock::duration::max());
  const microseconds started = std::clamp(microseconds(head.time_us), -kMost, kMost);
  Entry entry{.id = std::string(id),
              .function = std::string(function),
              .version = head.version,
              .trigger = std::string(trigger),
              .status = status(),
              .duration = microseconds(head.duration_us),
              .cpu = microseconds(head.cpu_us),
              .peak_memory_bytes = head.peak_memory_bytes,
              .error = std::string(error),
              .user_id = std::string(user_id),
              .time = Clock::time_point(std::chrono::duration_cast<Clock::duration>(started)),
              .lines = {}};
  entry.lines.reserve(head.lines);
  std::string_view rest = lines.substr(head.lines * kLength);
  for (std::size_t i = 0; i < head.lines; ++i) {
    const std::size_t length = std::min<std::size_t>(length_at(lines, i), rest.size());
    entry.lines.emplace_back(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  return entry;
}

std::optional<RecordView> RecordReader::next() {
  for (begin_ = end_; begin_ + sizeof(RecordHead) <= bytes_.size(); begin_ += kRecordAlignment) {
    auto record = record_at(bytes_.substr(begin_), salt_, trust_);
    if (!record) continue;
    end_ = begin_ + record->head.size;
    return record;
  }
  return std::nullopt;
}

}  // namespace journal
