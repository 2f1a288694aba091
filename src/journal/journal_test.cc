#include "journal/journal.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <set>
#include <thread>

#include "journal/journal_test.h"

namespace journal {
namespace {

using namespace std::chrono_literals;

TEST(Journal, ReturnsTheNewestOldestFirst) {
  const Folder folder;
  const auto journal = open(folder, kSmallSegments);
  EXPECT_TRUE(read(*journal).empty());
  append(*journal, 1, 30);
  EXPECT_EQ(read(*journal, {.limit = 20}), ids(11, 30));
  EXPECT_EQ(read(*journal, {.limit = 1000}), ids(1, 30));
  EXPECT_TRUE(read(*journal, {.limit = 0}).empty());
  EXPECT_GT(segments(folder).size(), 2U);
}

TEST(Journal, FiltersByEverything) {
  const Folder folder;
  const auto start =
      std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  const auto write = [&](Journal& journal) {
    for (int number = 1; number <= 40; ++number) {
      Entry each = entry(number, number % 2 == 0 ? "a\"b" : "hello");
      if (number % 5 == 0) each.status = Status::kTimeout;
      if (number % 4 == 0) each.trigger = "schedule";
      if (number % 3 == 0) each.user_id = fmt::format("user-{}", number % 2);
      each.time = start + std::chrono::seconds(number);
      journal.append(each);
    }
  };
  const auto check = [&](const Journal& journal) {
    EXPECT_EQ(read(journal, {.function = "a\"b", .limit = 2}), (Ids{"id-000038", "id-000040"}));
    EXPECT_TRUE(read(journal, {.function = "hell"}).empty());
    EXPECT_EQ(read(journal, {.function = "hello", .status = Status::kTimeout}),
              (Ids{"id-000005", "id-000015", "id-000025", "id-000035"}));
    EXPECT_EQ(read(journal, {.status = Status::kTimeout, .trigger = "schedule"}),
              (Ids{"id-000020", "id-000040"}));
    EXPECT_EQ(read(journal, {.user_id = "user-0", .limit = 3}),
              (Ids{"id-000024", "id-000030", "id-000036"}));
    EXPECT_EQ(read(journal, {.trigger = "http", .user_id = "user-0", .limit = 3}),
              (Ids{"id-000006", "id-000018", "id-000030"}));
    EXPECT_EQ(read(journal, {.since = start + 30s, .until = start + 33s}), ids(30, 32));
    EXPECT_EQ(read(journal, {.function = "hello", .since = start + 38s}), (Ids{"id-000039"}));
    EXPECT_EQ(read(journal, {.status = Status::kTimeout, .after_id = "id-000020", .limit = 2}),
              (Ids{"id-000025", "id-000030"}));
  };
  {
    const auto journal = open(folder, kSmallSegments);
    write(*journal);
    check(*journal);
  }
  check(*open(folder, kSmallSegments));
}

TEST(Journal, FollowsAfterAnIdAndMissesNone) {
  const Folder folder;
  const auto journal = open(folder, kSmallSegments);
  append(*journal, 1, 30);
  EXPECT_EQ(read(*journal, {.after_id = "id-000007", .limit = 10}), ids(8, 17));
  EXPECT_EQ(read(*journal, {.after_id = "id-000017", .limit = 100}), ids(18, 30));
  EXPECT_TRUE(read(*journal, {.after_id = "id-000030"}).empty());
  // An id that retention deleted is before all that is kept.
  EXPECT_EQ(read(*journal, {.after_id = "id-gone", .limit = 4}), ids(1, 4));
}

// Pages by their cursors: nothing twice, nothing left out, whatever the limits and filters.
TEST(Journal, PagesGoOnWhereTheLastEnded) {
  const Folder folder;
  const auto journal = open(folder, kSmallSegments);
  append(*journal, 1, 10);
  Query query{.limit = 4};
  auto page = journal->page(query);
  ASSERT_TRUE(page);
  EXPECT_EQ(ids_of(page->entries), ids(7, 10));
  EXPECT_FALSE(journal->has_more(page->next));

  append(*journal, 11, 40);
  EXPECT_TRUE(journal->has_more(page->next));
  query.max_bytes = 3 * record_size(entry(1));
  Ids all;
  for (int round = 0; journal->has_more(page->next) && round < 100; ++round) {
    query.from = page->next;
    page = journal->page(query);
    ASSERT_TRUE(page);
    EXPECT_LE(page->entries.size(), 3U);
    for (const Entry& each : page->entries) all.push_back(each.id);
  }
  EXPECT_EQ(all, ids(11, 40));

  // What a filter leaves out is not looked at again.
  query = {.function = "other", .from = Sequence{0}};
  page = journal->page(query);
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->entries.empty());
  EXPECT_FALSE(journal->has_more(page->next));
}

TEST(Journal, BoundsTheBytesOfAnAnswer) {
  const Folder folder;
  const auto journal = open(folder, kSmallSegments);
  append(*journal, 10, 39);
  const std::uint64_t each = record_size(entry(10));
  EXPECT_EQ(read(*journal, {.max_bytes = 3 * each}), ids(37, 39));
  EXPECT_EQ(read(*journal, {.after_id = "id-000020", .max_bytes = 3 * each}), ids(21, 23));
  EXPECT_EQ(read(*journal, {.max_bytes = 1}), ids(39, 39)) << "one of any size";
  EXPECT_EQ(read(*journal, {.after_id = "id-000020", .max_bytes = 1}), ids(21, 21));
}

TEST(Journal, OrdersByTheirEndsOverRestartsAndClocks) {
  const Folder folder;
  auto late = entry(1);
  late.time += 24h;
  open(folder)->append(late);
  append(*open(folder), 2, 3);
  auto early = entry(4);
  early.time -= 24h;
  const auto journal = open(folder);
  journal->append(early);
  EXPECT_EQ(read(*journal), ids(1, 4));
  EXPECT_EQ(read(*journal, {.after_id = "id-000001"}), ids(2, 4));
}

TEST(Journal, HoldsEntriesLongerThanASegment) {
  const Folder folder;
  const auto journal = open(folder, kSmallSegments);
  for (int number = 1; number <= 5; ++number) {
    Entry each = entry(number);
    each.lines = {std::string(1'500'000, static_cast<char>('a' + number)), "short"};
    journal->append(each);
    append(*journal, 10 * number, 10 * number);
  }
  const auto entries = journal->read({.limit = 4});
  ASSERT_TRUE(entries);
  ASSERT_EQ(ids_of(*entries), (Ids{"id-000004", "id-000040", "id-000005", "id-000050"}));
  EXPECT_EQ((*entries)[0].lines[0], std::string(1'500'000, 'e'));
  EXPECT_EQ((*entries)[2].lines, (std::vector<std::string>{std::string(1'500'000, 'f'), "short"}));
  EXPECT_EQ(journal->dropped(), 0U);
}

TEST(Journal, SealsWhatIsFullWhileItRuns) {
  const Folder folder;
  const auto journal = open(folder, kSmallSegments);
  append(*journal, 1, 60);
  const auto last_sealed = [&] {
    return std::ranges::count_if(segments(folder), [&](SegmentNumber number) {
      return std::filesystem::exists(index_path(path_of(folder), number));
    });
  };
  EXPECT_TRUE(eventually([&] { return last_sealed() >= 6; }));
  EXPECT_EQ(read(*journal), ids(1, 60));
  EXPECT_EQ(read(*journal, {.function = "hello", .after_id = "id-000003", .limit = 2}), ids(4, 5));
}

TEST(Journal, DeletesTheOldestPastItsSize) {
  const Folder folder;
  const auto journal = open(folder, kSmall);
  const auto size = [&folder] {
    std::uint64_t bytes = 0;
    for (const auto& file : std::filesystem::directory_iterator(path_of(folder))) {
      std::error_code gone;
      const auto its_size = std::filesystem::file_size(file, gone);
      if (!gone) bytes += its_size;
    }
    return bytes;
  };
  append(*journal, 1, 400);
  ASSERT_TRUE(eventually([&] { return size() <= kSmall.total_bytes; })) << size();
  const Ids kept = read(*journal, {.limit = 1000});
  ASSERT_GT(kept.size(), 20U);
  EXPECT_EQ(kept, ids(401 - static_cast<int>(kept.size()), 400));
  EXPECT_EQ(journal->dropped(), 0U);
}

TEST(Journal, DeletesWhatIsOlderThanItsAge) {
  const Folder folder;
  {
    const auto journal = open(folder);
    for (int number = 1; number <= 2; ++number) {
      Entry each = entry(number);
      each.time -= 24h * 8;
      journal->append(each);
    }
  }
  append(*open(folder), 3, 4);
  EXPECT_EQ(read(*open(folder)), ids(1, 4)) << "the clock may be wrong for a moment";
  const auto journal = open(folder, {.age_patience = 0ms});
  EXPECT_TRUE(eventually([&] { return read(*journal) == ids(3, 4); }));
  EXPECT_EQ(segments(folder), (std::vector<SegmentNumber>{2}));
}

// Else the last entry before a quiet week would be kept for that week and its own.
TEST(Journal, ASegmentEndsWithItsTime) {
  const Folder folder;
  const auto journal = open(folder, {.age = 0h, .age_patience = 0ms});
  append(*journal, 1, 3);
  EXPECT_TRUE(eventually([&] { return segments(folder).empty(); }));
  EXPECT_TRUE(read(*journal).empty());
  append(*journal, 4, 4);
  EXPECT_EQ(journal->dropped(), 0U);
}

TEST(Journal, RestartsLeaveNoEmptySegments) {
  const Folder folder;
  for (int start = 0; start < 5; ++start) open(folder);
  EXPECT_TRUE(std::filesystem::is_empty(path_of(folder)));
  append(*open(folder), 1, 1);
  append_and_die(folder, 2, 2);
  open(folder);
  EXPECT_EQ(segments(folder).size(), 2U);
}

TEST(Journal, LeavesForeignFilesAlone) {
  const Folder folder;
  const char* const foreign[] = {"notes.txt", "12a.segment", "-1.segment", "x.jsonl", "notes.tmp"};
  for (const char* const name : foreign) put(path_of(folder) / name, "mine\n");
  {
    const auto journal = open(folder, {.total_bytes = 0});
    append(*journal, 1, 1);
    EXPECT_EQ(read(*journal), ids(1, 1));
  }
  EXPECT_TRUE(read(*open(folder, {.total_bytes = 0})).empty());
  for (const char* const name : foreign) {
    EXPECT_EQ(content(path_of(folder) / name), "mine\n") << name;
  }
}

TEST(Journal, SaysWhyItCannotOpen) {
  const Folder folder;
  put(folder / "file", "in the way");
  const auto journal = Journal::open(folder / "file" / "journal", {});
  ASSERT_FALSE(journal);
  EXPECT_EQ(journal.error().code, base::Code::kStorage);
  EXPECT_NE(journal.error().message.find("permissions"), std::string::npos);
}

TEST(Journal, RefusesWhatANewerVersionWrote) {
  const Folder folder;
  append(*open(folder), 1, 1);
  const auto path = segment_path(path_of(folder), 1);
  std::string bytes = content(path);
  SegmentHead head{};
  std::memcpy(&head, bytes.data(), sizeof head);
  head.format += 1;
  head.checksum =
      checksum({reinterpret_cast<const char*>(&head), offsetof(SegmentHead, checksum)}, head.magic);
  std::memcpy(bytes.data(), &head, sizeof head);
  put(path, bytes);
  const auto journal = Journal::open(path_of(folder), {});
  ASSERT_FALSE(journal);
  EXPECT_NE(journal.error().message.find("newer version"), std::string::npos);
  EXPECT_EQ(content(path), bytes) << "it is left as it was";
}

TEST(Journal, AppendsFromManyThreadsStayWhole) {
  const Folder folder;
  // Fewer lanes than threads: they take turns.
  const auto journal = open(folder, {.segment_bytes = 20'000}, 3);
  constexpr int kThreads = 5;
  constexpr int kEach = 500;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&journal, thread] {
        for (int number = thread * kEach; number < (thread + 1) * kEach; ++number) {
          journal->append(entry(number));
          if (number % 100 == 0) {
            EXPECT_FALSE(read(*journal, {.limit = 5}).empty());
          }
        }
      });
    }
  }
  const Ids found = read(*journal, {.limit = 2 * kThreads * kEach});
  EXPECT_EQ(found.size(), static_cast<std::size_t>(kThreads * kEach));
  EXPECT_EQ(std::set(found.begin(), found.end()).size(), found.size());
  EXPECT_EQ(journal->dropped(), 0U);
}

// Each writer looks for its own entry at once; two followers get each entry once, each writer's in
// its order.
TEST(Journal, ReadersSeeWhatWasAppendedBeforeAndMissNone) {
  const Folder folder;
  const auto journal = open(folder, {.segment_bytes = 30'000});
  constexpr int kWriters = 2;
  constexpr int kEach = 600;
  std::array<Ids, 2> followed;
  {
    std::vector<std::jthread> threads;
    for (int writer = 0; writer < kWriters; ++writer) {
      threads.emplace_back([&journal, writer] {
        const std::string name = fmt::format("writer-{}", writer);
        for (int number = 0; number < kEach; ++number) {
          const Entry each = entry(writer * kEach + number, name);
          journal->append(each);
          if (number % 7 == 0) {
            EXPECT_EQ(read(*journal, {.function = name, .limit = 1}), Ids{each.id});
          }
        }
      });
    }
    for (Ids& ids : followed) {
      threads.emplace_back([&journal, &ids] {
        Sequence next = 0;
        while (ids.size() < kWriters * kEach) {
          const auto page = journal->page({.from = next, .limit = 50});
          ASSERT_TRUE(page);
          for (const Entry& each : page->entries) ids.push_back(each.id);
          next = page->next;
        }
      });
    }
  }
  const Ids all = read(*journal, {.limit = 10'000});
  EXPECT_EQ(all.size(), static_cast<std::size_t>(kWriters * kEach));
  for (const Ids& each : followed) EXPECT_EQ(each, all);
  for (int writer = 0; writer < kWriters; ++writer) {
    const Ids own = read(*journal, {.function = fmt::format("writer-{}", writer), .limit = 10'000});
    EXPECT_EQ(own, ids(writer * kEach, (writer + 1) * kEach - 1));
  }
}

// An entry that takes long to write has its sequence before those that overtake it.
TEST(Journal, AFollowerWaitsForALongEntry) {
  const Folder folder;
  const auto journal = open(folder);
  constexpr int kLong = 40;
  std::atomic<bool> ended = false;
  Sequence next = 0;
  int found = 0;
  {
    std::vector<std::jthread> threads;
    threads.emplace_back([&] {
      Entry each = entry(1, "long");
      each.lines = {std::string(1U << 20U, 'x')};
      for (int number = 0; number < kLong; ++number) journal->append(each);
      ended = true;
    });
    threads.emplace_back([&] {
      while (!ended) {
        journal->append(entry(2));
        std::this_thread::sleep_for(20us);  // a few overtake each long one; more only fill the disk
      }
    });
    bool last = false;
    while (!last) {
      last = ended;
      const auto page = journal->page({.function = "long", .from = next});
      ASSERT_TRUE(page);
      found += static_cast<int>(page->entries.size());
      next = page->next;
    }
  }
  EXPECT_EQ(found, kLong);
}

}  // namespace
}  // namespace journal
