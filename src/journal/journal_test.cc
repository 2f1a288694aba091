#include "journal/journal.h"

#include <csignal>
#include <fstream>
#include <functional>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "database/test_folder.h"

namespace journal {
namespace {

using Folder = database::TestFolder;
using Ids = std::vector<std::string>;

Entry entry(int number, std::string function = "hello") {
  return {.id = fmt::format("id-{}", number),
          .function = std::move(function),
          .version = 1,
          .trigger = "http",
          .lines = {"[Function] " + std::string(100, 'x')}};
}

Ids ids(int first, int last) {
  Ids all;
  for (int number = first; number <= last; ++number) all.push_back(entry(number).id);
  return all;
}

std::unique_ptr<Journal> open(const Folder& folder, Retention retention = {}) {
  auto journal = Journal::open(folder / "journal", retention);
  EXPECT_TRUE(journal) << journal.error().message;
  return std::move(*journal);
}

void append(Journal& journal, int first, int last) {
  for (int number = first; number <= last; ++number) journal.append(entry(number));
}

Ids read(const Journal& journal, const Query& query = {}) {
  const auto entries = journal.read(query);
  EXPECT_TRUE(entries) << entries.error().message;
  Ids found;
  for (const Entry& each : *entries) found.push_back(each.id);
  return found;
}

std::vector<SegmentNumber> segments(const Folder& folder) {
  return *segments_of(folder / "journal");
}

// About eight of this file's entries to a segment.
constexpr Retention kSmall{.segment_bytes = 2500, .total_bytes = 20'000};

// Runs `body` in a child; its exit code, or -1 when a signal ended it.
int in_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Journal, ReturnsTheNewestOldestFirst) {
  const Folder folder;
  const auto journal = open(folder, kSmall);
  EXPECT_TRUE(read(*journal).empty());
  append(*journal, 1, 30);
  EXPECT_EQ(read(*journal, {.limit = 20}), ids(11, 30));
  EXPECT_EQ(read(*journal, {.limit = 1000}), ids(1, 30));
  EXPECT_GT(segments(folder).size(), 2U);
}

TEST(Journal, FiltersByFunctionAndStatus) {
  const Folder folder;
  const auto journal = open(folder);
  for (int number = 1; number <= 20; ++number) {
    Entry each = entry(number, number % 2 == 0 ? "a\"b" : "hello");
    // A line may say what a key says.
    each.lines = {R"(,"function":"a\"b")"};
    if (number % 5 == 0) each.status = Status::kTimeout;
    journal->append(each);
  }
  EXPECT_EQ(read(*journal, {.function = "a\"b", .limit = 3}), (Ids{"id-16", "id-18", "id-20"}));
  EXPECT_EQ(read(*journal, {.function = "hello", .status = Status::kTimeout}),
            (Ids{"id-5", "id-15"}));
  EXPECT_TRUE(read(*journal, {.function = "hell"}).empty());
}

TEST(Journal, FollowsAfterAnIdAndMissesNone) {
  const Folder folder;
  const auto journal = open(folder, kSmall);
  append(*journal, 1, 30);
  EXPECT_EQ(read(*journal, {.after_id = "id-7", .limit = 10}), ids(8, 17));
  EXPECT_EQ(read(*journal, {.after_id = "id-17", .limit = 100}), ids(18, 30));
  EXPECT_TRUE(read(*journal, {.after_id = "id-30"}).empty());
  // An id that retention deleted is before all that is kept.
  EXPECT_EQ(read(*journal, {.after_id = "id-gone", .limit = 4}), ids(1, 4));
}

TEST(Journal, BoundsTheBytesOfAnAnswer) {
  const Folder folder;
  const auto journal = open(folder, kSmall);
  append(*journal, 10, 39);
  const std::uint64_t each = to_json(entry(10)).size();
  EXPECT_EQ(read(*journal, {.max_bytes = 3 * each}), ids(37, 39));
  EXPECT_EQ(read(*journal, {.after_id = "id-20", .max_bytes = 3 * each}), ids(21, 23));
  EXPECT_EQ(read(*journal, {.max_bytes = 1}), ids(39, 39)) << "one of any size";
  EXPECT_EQ(read(*journal, {.after_id = "id-20", .max_bytes = 1}), ids(21, 21));
  EXPECT_TRUE(read(*journal, {.limit = 0}).empty());
}

TEST(Journal, GoesOnInANewSegmentAfterATornLine) {
  const Folder folder;
  append(*open(folder), 1, 3);
  const auto path = segment_path(folder / "journal", 1);
  std::ofstream(path, std::ios::app) << to_json(entry(4)).substr(0, 150);
  const auto journal = open(folder);
  append(*journal, 5, 6);
  EXPECT_EQ(read(*journal), (Ids{"id-1", "id-2", "id-3", "id-5", "id-6"}));
  EXPECT_EQ(segments(folder), (std::vector<SegmentNumber>{1, 2}));
}

TEST(Journal, SkipsALineThatIsNoEntry) {
  const Folder folder;
  append(*open(folder), 1, 1);
  const auto path = segment_path(folder / "journal", 1);
  std::ofstream(path, std::ios::app) << "garbage\n\n" << to_json(entry(2)) << '\n';
  EXPECT_EQ(read(*open(folder)), ids(1, 2));
}

TEST(Journal, ASegmentWithoutAnyLineIsEmpty) {
  const Folder folder;
  open(folder);
  std::ofstream(segment_path(folder / "journal", 7)) << std::string(200'000, 'x');
  EXPECT_TRUE(read(*open(folder)).empty());
  EXPECT_EQ(segments(folder).back(), 8U);
}

TEST(Journal, ReadsLinesLongerThanABlock) {
  const Folder folder;
  const auto journal = open(folder);
  for (int number = 1; number <= 5; ++number) {
    Entry each = entry(number);
    each.lines = {std::string(150'000, static_cast<char>('a' + number))};
    journal->append(each);
  }
  const auto entries = journal->read({.limit = 2});
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 2U);
  EXPECT_EQ((*entries)[0].lines[0], std::string(150'000, 'e'));
  EXPECT_EQ((*entries)[1].lines[0], std::string(150'000, 'f'));
}

TEST(Journal, DeletesTheOldestPastItsSize) {
  const Folder folder;
  const auto journal = open(folder, kSmall);
  append(*journal, 1, 200);
  std::uint64_t size = 0;
  for (const SegmentNumber number : segments(folder)) {
    size += std::filesystem::file_size(segment_path(folder / "journal", number));
  }
  EXPECT_LE(size, kSmall.total_bytes);
  const Ids kept = read(*journal, {.limit = 1000});
  ASSERT_GT(kept.size(), 20U);
  EXPECT_EQ(kept, ids(201 - static_cast<int>(kept.size()), 200));
  EXPECT_EQ(journal->dropped(), 0U);
}

TEST(Journal, DeletesWhatIsOlderThanItsAge) {
  const Folder folder;
  append(*open(folder), 1, 2);
  append(*open(folder), 3, 4);
  std::filesystem::last_write_time(
      segment_path(folder / "journal", 1),
      std::filesystem::file_time_type::clock::now() - std::chrono::hours(24 * 8));
  EXPECT_EQ(read(*open(folder)), ids(3, 4));
}

TEST(Journal, ASegmentEndsWithItsTime) {
  const Folder folder;
  const auto journal = open(folder, {.age = std::chrono::hours(0)});
  append(*journal, 1, 3);
  EXPECT_EQ(segments(folder), (std::vector<SegmentNumber>{3}));
  EXPECT_EQ(read(*journal), ids(3, 3));
}

TEST(Journal, RestartsLeaveNoEmptySegments) {
  const Folder folder;
  for (int start = 0; start < 5; ++start) open(folder);
  EXPECT_EQ(segments(folder).size(), 1U);
}

TEST(Journal, LeavesForeignFilesAlone) {
  const Folder folder;
  std::filesystem::create_directories(folder / "journal");
  for (const char* const name : {"notes.txt", "12a.jsonl", "-1.jsonl"}) {
    std::ofstream(folder / "journal" / name) << "mine\n";
  }
  const auto journal = open(folder, {.total_bytes = 0});
  append(*journal, 1, 1);
  EXPECT_EQ(read(*journal), ids(1, 1));
  EXPECT_TRUE(std::filesystem::exists(folder / "journal" / "12a.jsonl"));
}

TEST(Journal, SaysWhyItCannotOpen) {
  const Folder folder;
  std::ofstream(folder / "file") << "in the way";
  const auto journal = Journal::open(folder / "file" / "journal", {});
  ASSERT_FALSE(journal);
  EXPECT_EQ(journal.error().code, base::Code::kStorage);
  EXPECT_NE(journal.error().message.find("permissions"), std::string::npos);
}

TEST(Journal, CountsAnEntryThatHasNoSegment) {
  const Folder folder;
  const auto journal = open(folder, {.segment_bytes = 1});
  append(*journal, 1, 1);
  std::filesystem::remove_all(folder / "journal");
  append(*journal, 2, 3);
  EXPECT_EQ(journal->dropped(), 2U);
  EXPECT_FALSE(journal->read({}));
  std::filesystem::create_directory(folder / "journal");
  append(*journal, 4, 4);
  EXPECT_EQ(journal->dropped(), 2U);
  EXPECT_EQ(read(*journal), ids(4, 4));
}

TEST(Journal, AppendsFromManyThreadsStayWhole) {
  const Folder folder;
  const auto journal = open(folder, {.segment_bytes = 20'000});
  constexpr int kThreads = 4;
  constexpr int kEach = 250;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&journal, thread] {
        append(*journal, thread * kEach, (thread + 1) * kEach - 1);
        EXPECT_FALSE(read(*journal, {.limit = 5}).empty());
      });
    }
  }
  const Ids found = read(*journal, {.limit = 2 * kThreads * kEach});
  EXPECT_EQ(found.size(), static_cast<std::size_t>(kThreads * kEach));
  EXPECT_EQ(std::set(found.begin(), found.end()).size(), found.size());
}

TEST(Logged, SurvivesKill) {
  const Folder folder;
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto journal = Journal::open(folder / "journal", kSmall);
    for (int number = 1;; ++number) {
      (*journal)->append(entry(number));
      // The answer that a caller would have got.
      if (::write(pipe[1], &number, sizeof number) < 0) ::_exit(1);
    }
  }
  ::close(pipe[1]);
  int answered = 0;
  while (answered < 25) ASSERT_GT(::read(pipe[0], &answered, sizeof answered), 0);
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ::waitpid(child, nullptr, 0);
  for (int number = 0; ::read(pipe[0], &number, sizeof number) > 0;) answered = number;
  ::close(pipe[0]);

  const Ids found = read(*open(folder, kSmall), {.limit = 100'000});
  ASSERT_FALSE(found.empty());
  // The last may have been written and not answered.
  const int last = found.back() == entry(answered).id ? answered : answered + 1;
  EXPECT_EQ(found, ids(last + 1 - static_cast<int>(found.size()), last));
  EXPECT_GE(found.size(), 20U);
}

TEST(Logged, AFullDiskIsCountedAndCallsGoOn) {
  const Folder folder;
  const int dropped = in_child([&folder] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit full{.rlim_cur = 4000, .rlim_max = 4000};
    if (::setrlimit(RLIMIT_FSIZE, &full) != 0) return 0;
    const auto journal = Journal::open(folder / "journal", {});
    for (int number = 1; number <= 30; ++number) (*journal)->append(entry(number));
    return static_cast<int>((*journal)->dropped());
  });
  ASSERT_GT(dropped, 0);
  ASSERT_LT(dropped, 30);
  const auto journal = open(folder);
  EXPECT_EQ(read(*journal), ids(1, 30 - dropped));
  append(*journal, 31, 31);
  EXPECT_EQ(read(*journal, {.limit = 1}), ids(31, 31));
  // The torn line was cut off, so that nothing can be glued to it.
  std::ifstream file(segment_path(folder / "journal", 1));
  const std::string text(std::istreambuf_iterator<char>(file), {});
  EXPECT_EQ(text.back(), '\n');
}

}  // namespace
}  // namespace journal
