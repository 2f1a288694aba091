#include "journal/segment_index.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <random>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace journal {
namespace {

using Sequences = std::vector<Sequence>;

struct Sample {
  std::string id;
  std::string function;
  std::string trigger;
  std::string user;
  RecordHead head;

  [[nodiscard]] RecordView view() const {
    return {.head = head,
            .id = id,
            .function = function,
            .trigger = trigger,
            .error = {},
            .user_id = user,
            .lines = {}};
  }
};

std::vector<Sample> samples(std::size_t count) {
  std::mt19937 random(7);
  std::vector<Sample> all;
  for (std::size_t i = 0; i < count; ++i) {
    Sample each{.id = fmt::format("id-{:04}", i),
                .function = fmt::format("f{}", random() % 3),
                .trigger = random() % 4 == 0 ? "schedule" : "http",
                .user = random() % 2 == 0 ? "" : fmt::format("u{}", random() % 20),
                .head = {}};
    each.head.sequence = 10 + 3 * i;
    each.head.time_us =
        static_cast<std::int64_t>(1000 + i) - static_cast<std::int64_t>(random() % 9);
    each.head.status = random() % 5 == 0 ? 1 : 0;
    each.head.size = 96;
    all.push_back(std::move(each));
  }
  return all;
}

LiveIndex index_of(const std::vector<Sample>& all) {
  LiveIndex index;
  for (std::size_t i = 0; i < all.size(); ++i) index.add(all[i].view(), 96 * i);
  return index;
}

bool fits(const Sample& each, const Filter& filter) {
  for (const std::string& wanted : filter.terms) {
    const bool has = wanted == term(TermKind::kFunction, each.function) ||
                     wanted == term(TermKind::kTrigger, each.trigger) ||
                     wanted == term(TermKind::kStatus, name_of(each.view().status())) ||
                     (!each.user.empty() && wanted == term(TermKind::kUser, each.user));
    if (!has) return false;
  }
  return each.head.sequence >= filter.from && each.head.sequence < filter.before &&
         each.head.time_us >= filter.since_us && each.head.time_us < filter.until_us;
}

Sequences expected(std::vector<Sample> all, const Filter& filter) {
  if (filter.direction == Direction::kNewestFirst) std::ranges::reverse(all);
  Sequences found;
  for (const Sample& each : all) {
    if (found.size() < filter.limit && fits(each, filter)) found.push_back(each.head.sequence);
  }
  return found;
}

Sequences sequences_of(const std::vector<Row>& rows) {
  Sequences found;
  for (const Row& row : rows) found.push_back(row.sequence);
  return found;
}

Filter random_filter(std::mt19937& random) {
  Filter filter{.limit = random() % 2 == 0 ? 1000U : random() % 20};
  if (random() % 2 == 0) filter.direction = Direction::kOldestFirst;
  const auto sometimes = [&](TermKind kind, std::string value) {
    if (random() % 3 == 0) filter.terms.push_back(term(kind, value));
  };
  sometimes(TermKind::kFunction, fmt::format("f{}", random() % 4));
  sometimes(TermKind::kTrigger, random() % 2 == 0 ? "schedule" : "http");
  sometimes(TermKind::kStatus, random() % 2 == 0 ? "error" : "success");
  sometimes(TermKind::kUser, fmt::format("u{}", random() % 21));
  if (random() % 3 == 0) filter.from = random() % 1000;
  if (random() % 3 == 0) filter.before = random() % 1000;
  if (random() % 3 == 0) filter.since_us = 900 + static_cast<std::int64_t>(random() % 400);
  if (random() % 3 == 0) filter.until_us = 900 + static_cast<std::int64_t>(random() % 400);
  return filter;
}

TEST(SegmentIndex, FindsWhatLookingAtEachEntryFinds) {
  const auto all = samples(300);
  const LiveIndex live = index_of(all);
  const auto sealed = SealedIndex::parse(live.bytes(96 * all.size(), 6));
  ASSERT_TRUE(sealed);
  std::mt19937 random(11);
  std::size_t found = 0;
  for (int round = 0; round < 3000; ++round) {
    const Filter filter = random_filter(random);
    const Sequences wanted = expected(all, filter);
    ASSERT_EQ(sequences_of(live.find(filter)), wanted) << round;
    ASSERT_EQ(sequences_of(sealed->find(filter)), wanted) << round;
    found += wanted.size();
    if (!wanted.empty()) {
      EXPECT_TRUE(filter.meets(live.bounds()));
    }
  }
  EXPECT_GT(found, 10'000U);
}

TEST(SegmentIndex, HeadTellsBounds) {
  const auto all = samples(50);
  const LiveIndex live = index_of(all);
  const auto head = SealedIndex::head_of(live.bytes(12'345, 6));
  ASSERT_TRUE(head);
  EXPECT_EQ(head->segment_bytes, 12'345U);
  EXPECT_EQ(head->salt, 6U);
  EXPECT_EQ(head->rows, 50U);
  EXPECT_EQ(head->bounds.first, 10U);
  EXPECT_EQ(head->bounds.last, 10U + 3 * 49);
  EXPECT_EQ(head->bounds.first_id, prefix_of("id-0000"));
  EXPECT_EQ(head->bounds.last_id, prefix_of("id-0049"));
  EXPECT_FALSE(Filter{.from = 10 + 3 * 49 + 1}.meets(head->bounds));
  EXPECT_FALSE(Filter{.before = 10}.meets(head->bounds));
  EXPECT_FALSE(Filter{.since_us = 1050}.meets(head->bounds));
  EXPECT_FALSE(Filter{.until_us = 900}.meets(head->bounds));
}

TEST(SegmentIndex, ADamagedSidecarIsNone) {
  const std::string whole = index_of(samples(20)).bytes(96 * 20, 2);
  ASSERT_TRUE(SealedIndex::parse(whole));
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    EXPECT_FALSE(SealedIndex::parse(damaged)) << at;
    EXPECT_FALSE(SealedIndex::parse(whole.substr(0, at))) << at;
  }
  EXPECT_FALSE(SealedIndex::parse(whole + "x"));
}

// As somebody may make one, who need not know a key.
std::string with_right_checksums(std::string sidecar) {
  IndexHead head{};
  std::memcpy(&head, sidecar.data(), sizeof head);
  head.body_checksum = checksum(std::string_view(sidecar).substr(sizeof head), 0);
  const std::string_view bytes(reinterpret_cast<const char*>(&head), sizeof head);
  head.checksum = checksum(bytes.substr(offsetof(IndexHead, body_checksum)), 0);
  std::memcpy(sidecar.data(), &head, sizeof head);
  return sidecar;
}

// Each of its numbers in turn: none is believed that points out of the sidecar or the segment.
TEST(SegmentIndex, ASidecarThatPointsElsewhereIsNone) {
  const auto all = samples(20);
  const std::string whole = index_of(all).bytes(96 * 20, 2);
  ASSERT_EQ(with_right_checksums(whole), whole);
  const auto head = SealedIndex::head_of(whole);
  ASSERT_TRUE(head);
  const std::size_t terms = sizeof(IndexHead) + head->rows * sizeof(Row);
  const std::size_t postings = terms + head->terms * 4 * sizeof(std::uint32_t);
  const std::size_t texts = postings + head->postings * sizeof(std::uint32_t);
  const Filter everybody{.terms = {term(TermKind::kTrigger, "http")}, .limit = 1000};
  std::size_t refused = 0;
  for (std::size_t at = sizeof(IndexHead); at < texts; at += sizeof(std::uint32_t)) {
    for (const std::uint32_t value : {20U, 0x7fff'ffffU, 0xffff'fff0U}) {
      std::string changed = whole;
      std::memcpy(changed.data() + at, &value, sizeof value);
      const auto index = SealedIndex::parse(with_right_checksums(changed));
      // Sequences and times point nowhere.
      const bool points = at >= terms || (at - sizeof(IndexHead)) % sizeof(Row) >= 16;
      if (points && value > 20) {
        EXPECT_FALSE(index) << at;
      }
      refused += index ? 0 : 1;
      if (index) {
        EXPECT_LE(index->find(everybody).size(), head->postings);
      }
    }
  }
  EXPECT_GT(refused, 2 * (head->postings + head->terms)) << "20 is no row either";
}

TEST(SegmentIndex, OfNothingFindsNothing) {
  const LiveIndex live;
  EXPECT_TRUE(live.bounds().empty());
  EXPECT_TRUE(live.find({.limit = 10}).empty());
  const auto sealed = SealedIndex::parse(live.bytes(0, 0));
  ASSERT_TRUE(sealed);
  EXPECT_TRUE(sealed->find({.limit = 10}).empty());
}

}  // namespace
}  // namespace journal
