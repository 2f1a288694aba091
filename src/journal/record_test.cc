#include "journal/record.h"

#include <cstring>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace journal {
namespace {

using namespace std::chrono_literals;

constexpr Salt kSalt = 0x1234'5678'9ABC'DEF0U;

Entry entry(const std::string& id) {
  return {.id = id,
          .function = "hello",
          .version = 3,
          .trigger = "http",
          .status = Status::kCpuLimit,
          .duration = 21us,
          .cpu = 17us,
          .peak_memory_bytes = std::numeric_limits<std::uint64_t>::max(),
          .error = "CPU_LIMIT: a\nb",
          .user_id = "user-1",
          .time = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + 5h + 7us,
          .lines = {"[Function] one", "", std::string("\0\xff", 2)}};
}

// The entries' records one behind the other, sequences from 1 on.
std::string bytes_of(const std::vector<Entry>& entries, Salt salt = kSalt) {
  std::string out;
  Sequence sequence = 0;
  for (const Entry& each : entries) {
    std::vector<std::uint64_t> record(record_size(each) / 8);
    char* const place = reinterpret_cast<char*>(record.data());
    write_record(place, record.size() * 8, each, ++sequence, salt);
    out.append(place, record.size() * 8);
  }
  return out;
}

std::vector<Sequence> sequences_in(std::string_view bytes) {
  std::vector<Sequence> found;
  RecordReader reader(bytes, kSalt, Trust::kChecked);
  while (const auto record = reader.next()) found.push_back(record->head.sequence);
  return found;
}

TEST(JournalRecord, ReadsBackWhatItWrote) {
  Entry empty;
  empty.time = std::chrono::sys_days(std::chrono::year(1969) / 12 / 31);
  Entry large = entry("large");
  large.lines = std::vector<std::string>(300, std::string(1021, 'x'));
  for (const Entry& each : {entry("a"), empty, large}) {
    const std::string bytes = bytes_of({each});
    for (const Trust trust : {Trust::kChecked, Trust::kOwn}) {
      const auto record = record_at(bytes, kSalt, trust);
      ASSERT_TRUE(record);
      EXPECT_EQ(record->head.size, bytes.size());
      EXPECT_EQ(record->head.sequence, 1U);
      const Entry read = record->entry();
      EXPECT_EQ(to_json(read), to_json(each));
      EXPECT_EQ(read.time, each.time) << "to the microsecond";
      EXPECT_EQ(read.lines, each.lines) << "byte by byte";
    }
  }
}

TEST(JournalRecord, TornAtAnyByteIsNone) {
  const std::string whole = bytes_of({entry("a"), entry("b"), entry("c")});
  const std::size_t last = bytes_of({entry("a"), entry("b")}).size();
  for (std::size_t end = last; end < whole.size(); ++end) {
    EXPECT_EQ(sequences_in(std::string_view(whole).substr(0, end)), (std::vector<Sequence>{1, 2}));
    // As in a segment, where zeros follow.
    std::string torn = whole;
    std::memset(torn.data() + end, 0, torn.size() - end);
    if (torn != whole) {
      EXPECT_EQ(sequences_in(torn), (std::vector<Sequence>{1, 2})) << end;
    }
  }
  EXPECT_EQ(sequences_in(whole), (std::vector<Sequence>{1, 2, 3}));
}

// The commit word comes last: before it, whatever else is in place, there is no record.
TEST(JournalRecord, IsNoneBeforeItIsCommitted) {
  std::string bytes = bytes_of({entry("a")});
  std::memset(bytes.data(), 0, sizeof(RecordHead::commit));
  EXPECT_FALSE(record_at(bytes, kSalt, Trust::kOwn));
}

TEST(JournalRecord, ADamagedByteCostsItsRecordOnly) {
  const std::string whole = bytes_of({entry("a"), entry("b"), entry("c")});
  const std::size_t one = whole.size() / 3;
  for (std::size_t at = one; at < 2 * one; ++at) {
    for (const char flip : {'\x01', '\x80', '\xff'}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      EXPECT_EQ(sequences_in(damaged), (std::vector<Sequence>{1, 3})) << at;
    }
  }
}

TEST(JournalRecord, ALostPageCostsWhatWasOnIt) {
  std::vector<Entry> entries;
  for (int i = 0; i < 100; ++i) entries.push_back(entry(std::to_string(100 + i)));
  std::string bytes = bytes_of(entries);
  const std::size_t one = bytes.size() / 100;
  std::memset(bytes.data() + 4096, 0, 4096);
  std::vector<Sequence> left;
  for (std::size_t i = 0; i < 100; ++i) {
    if ((i + 1) * one <= 4096 || i * one >= 8192) left.push_back(i + 1);
  }
  EXPECT_EQ(sequences_in(bytes), left);
}

// A guest logs the bytes of a record; its own is damaged, so that they are looked at.
TEST(JournalRecord, WhatAGuestLogsIsNoRecord) {
  const auto found_with = [](Salt guessed) {
    Entry outer = entry("outer");
    // Aligned, wherever it may begin.
    const std::string inner = bytes_of({entry("inner")}, guessed);
    for (std::size_t pad = 0; pad < kRecordAlignment; ++pad) {
      outer.lines.push_back(std::string(pad, 'x') + inner);
    }
    std::string bytes = bytes_of({outer});
    bytes[0] = static_cast<char>(~bytes[0]);
    return sequences_in(bytes).size();
  };
  EXPECT_EQ(found_with(kSalt + 1), 0U);
  EXPECT_EQ(found_with(kSalt ^ (1ULL << 40U)), 0U);
  EXPECT_GT(found_with(kSalt), 0U) << "else this test shows nothing";
}

TEST(JournalRecord, AnyBytesWillDo) {
  std::uint64_t state = 1;
  for (int round = 0; round < 2000; ++round) {
    std::string bytes = bytes_of({entry("a"), entry("b")});
    for (int i = 0; i < 4; ++i) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      const std::uint32_t word = round % 2 == 0 ? static_cast<std::uint32_t>(state >> 32U) : ~0U;
      const std::size_t at = 8 + (state >> 20U) % (bytes.size() - 12);
      std::memcpy(bytes.data() + at, &word, sizeof word);
    }
    RecordReader reader(bytes, kSalt, Trust::kOwn);
    while (const auto record = reader.next()) {
      EXPECT_LE(to_json(record->entry()).size(), 8 * bytes.size());
    }
  }
}

TEST(JournalChecksum, KnowsEveryBitAndTheLength) {
  const std::string bytes(37, 'x');
  const std::uint64_t sum = checksum(bytes, 1);
  EXPECT_NE(checksum(bytes, 2), sum);
  EXPECT_NE(checksum(std::string(36, 'x'), 1), sum);
  EXPECT_NE(checksum(bytes + std::string(1, '\0'), 1), sum);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string other = bytes;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_NE(checksum(other, 1), sum) << bit;
  }
}

}  // namespace
}  // namespace journal
