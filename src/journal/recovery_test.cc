// What a journal finds of what was killed, torn, damaged, full or older than it.
#include <csignal>
#include <random>

#include <sys/resource.h>

#include "journal/journal_test.h"

namespace journal {
namespace {

// What `path` holds, with the byte at `at` changed.
void damage(const std::filesystem::path& path, std::size_t at) {
  std::string bytes = content(path);
  ASSERT_LT(at, bytes.size());
  bytes[at] = static_cast<char>(~bytes[at]);
  put(path, bytes);
}

TEST(JournalRecovery, FindsWhatAKilledProcessHadAppended) {
  const Folder folder;
  append_and_die(folder, 1, 30, kSmallSegments);
  append_and_die(folder, 31, 35);
  const auto journal = open(folder);
  EXPECT_EQ(read(*journal), ids(1, 35));
  append(*journal, 36, 36);
  EXPECT_EQ(read(*journal, {.after_id = "id-000034"}), ids(35, 36));
}

// A segment cut off at any byte, as by a crash between two of a record's stores.
TEST(JournalRecovery, ATornEntryIsNoneAndThoseBeforeItAreWhole) {
  const Folder origin;
  append_and_die(origin, 1, 3);
  const std::string whole = content(segment_path(path_of(origin), 1));
  const std::size_t one = record_size(entry(1));
  const std::size_t padding = one -
                              whole.substr(0, sizeof(SegmentHead) + one).find_last_not_of('\0') -
                              1 + sizeof(SegmentHead);
  for (std::size_t end = sizeof(SegmentHead); end <= sizeof(SegmentHead) + 3 * one; end += 5) {
    const Folder folder;
    std::string torn = whole.substr(0, end);
    // Half of them as a process leaves it, half as a file system that lost the size.
    if (end % 2 == 0) torn.resize(sizeof(SegmentHead) + 4096);
    put(segment_path(path_of(folder), 1), torn);
    // The last bytes of a record are zeros, too.
    const std::size_t zeros = end % 2 == 0 ? padding : 0;
    const auto complete = static_cast<int>((end + zeros - sizeof(SegmentHead)) / one);
    const auto journal = open(folder);
    ASSERT_EQ(read(*journal), ids(1, complete)) << end;
    append(*journal, 4, 4);
    ASSERT_EQ(read(*journal, {.limit = 1}), ids(4, 4)) << end;
  }
}

TEST(JournalRecovery, ADamagedEntryCostsNoOther) {
  const Folder folder;
  append_and_die(folder, 1, 5);
  damage(segment_path(path_of(folder), 1), sizeof(SegmentHead) + 2 * record_size(entry(1)) + 100);
  EXPECT_EQ(read(*open(folder)), (Ids{"id-000001", "id-000002", "id-000004", "id-000005"}));
}

TEST(JournalRecovery, AnEntryDamagedAfterSealingIsLeftOut) {
  const Folder folder;
  append(*open(folder), 1, 5);
  damage(segment_path(path_of(folder), 1), sizeof(SegmentHead) + 2 * record_size(entry(1)) + 100);
  const auto journal = open(folder);
  EXPECT_EQ(read(*journal), (Ids{"id-000001", "id-000002", "id-000004", "id-000005"}));
}

TEST(JournalRecovery, ASidecarIsMadeAnew) {
  const Folder folder;
  append(*open(folder), 1, 20);
  const auto path = index_path(path_of(folder), 1);
  const std::string good = content(path);
  std::filesystem::remove(path);
  EXPECT_EQ(read(*open(folder)), ids(1, 20));
  EXPECT_EQ(content(path).size(), good.size());
  // Its head, its body; and while the journal is open.
  for (const std::size_t at : {std::size_t{20}, good.size() - 1}) {
    put(path, good);
    damage(path, at);
    EXPECT_EQ(read(*open(folder), {.function = "hello"}), ids(1, 20));
    EXPECT_EQ(content(path).size(), good.size());
    EXPECT_TRUE(SealedIndex::parse(content(path)));
  }
  const auto journal = open(folder);
  std::filesystem::remove(path);
  EXPECT_EQ(read(*journal), ids(1, 20));
  EXPECT_TRUE(SealedIndex::parse(content(path)));
}

// Another segment's sidecar, as of a folder put together by hand.
TEST(JournalRecovery, AForeignSidecarIsNotBelieved) {
  const Folder folder;
  append(*open(folder), 1, 5);
  append(*open(folder), 6, 10);
  std::filesystem::copy_file(index_path(path_of(folder), 1), index_path(path_of(folder), 2),
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(read(*open(folder)), ids(1, 10));
}

TEST(JournalRecovery, ASegmentThatCannotBeReadIsSetAside) {
  const Folder folder;
  append(*open(folder), 1, 2);
  append(*open(folder), 3, 4);
  const std::string whole = content(segment_path(path_of(folder), 2));
  damage(segment_path(path_of(folder), 2), 17);
  const auto journal = open(folder);
  EXPECT_EQ(read(*journal), ids(1, 2));
  EXPECT_EQ(journal->set_aside(), 1U);
  auto aside = segment_path(path_of(folder), 2);
  EXPECT_EQ(content(aside.replace_extension(kDamagedExtension)).size(), whole.size());
  append(*journal, 5, 5);
  EXPECT_EQ(segments(folder), (std::vector<SegmentNumber>{1, 3})) << "its number is not used again";
  EXPECT_EQ(open(Folder())->set_aside(), 0U);
}

TEST(JournalRecovery, LeftoversGo) {
  const Folder folder;
  append(*open(folder), 1, 2);
  for (const char* const name : {"00000007.index", "00000001.index.tmp"}) {
    put(path_of(folder) / name, "half");
  }
  put(segment_path(path_of(folder), 8), std::string(5000, '\0'));
  EXPECT_EQ(read(*open(folder)), ids(1, 2));
  std::size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(path_of(folder))) {
    files += file.exists() ? 1 : 0;
  }
  EXPECT_EQ(files, 2U);
}

// ---- An older version's folder ----

std::string lines(int first, int last) {
  std::string out;
  for (int number = first; number <= last; ++number) out += to_json(entry(number)) + "\n";
  return out;
}

TEST(JournalImport, TakesOverJsonLines) {
  const Folder folder;
  put(path_of(folder) / "00000001.jsonl", lines(1, 20));
  put(path_of(folder) / "00000002.jsonl", "");
  put(path_of(folder) / "00000003.jsonl",
      "garbage\n\n" + lines(21, 30) + to_json(entry(31)).substr(0, 99));
  const auto first = entry(1);
  for (int start = 0; start < 2; ++start) {
    const auto journal = open(folder);
    EXPECT_EQ(read(*journal), ids(1, 30));
    EXPECT_EQ(read(*journal, {.after_id = "id-000019", .limit = 2}), ids(20, 21));
    const auto entries = journal->read({.limit = 100});
    EXPECT_EQ(to_json(entries->front()).substr(0, 80), to_json(first).substr(0, 80));
    EXPECT_EQ(entries->front().lines, first.lines);
    EXPECT_TRUE(numbers_of(path_of(folder), ".jsonl")->empty());
  }
  append(*open(folder), 31, 31);
  EXPECT_EQ(read(*open(folder), {.limit = 2}), ids(30, 31));
}

// The older version ran once more in between: what it wrote is newer.
TEST(JournalImport, GoesBehindWhatIsThere) {
  const Folder folder;
  append(*open(folder), 1, 3);
  put(path_of(folder) / "00000001.jsonl", lines(4, 6));
  EXPECT_EQ(read(*open(folder)), ids(1, 6));
}

TEST(JournalImport, IsEndedAfterACrash) {
  const Folder origin;
  put(path_of(origin) / "00000001.jsonl", lines(1, 9));
  open(origin);
  const std::string imported = content(segment_path(path_of(origin), 1));
  for (const bool torn : {true, false}) {
    // Before the lines were deleted: what is beside them does not count, whole or not.
    const Folder folder;
    put(path_of(folder) / "00000001.jsonl", lines(1, 9));
    put(path_of(folder) / "00000001.imported", torn ? imported.substr(0, 700) : imported);
    EXPECT_EQ(read(*open(folder)), ids(1, 9));
  }
  // After it.
  const Folder folder;
  put(path_of(folder) / "00000001.imported", imported);
  put(path_of(folder) / "00000002.jsonl", lines(10, 12));
  EXPECT_EQ(read(*open(folder)), ids(1, 12));
  EXPECT_EQ(read(*open(folder)), ids(1, 12));
}

// ---- kill -9, full disk ----

// Appends until it is killed, telling each number once `append` has returned.
[[noreturn]] void append_and_tell(const Folder& folder, int first, int pipe) {
  const auto journal = Journal::open(path_of(folder), kSmallSegments);
  if (!journal) ::_exit(1);
  for (int number = first;; ++number) {
    (*journal)->append(entry(number));
    // The answer that a caller would have got.
    if (::write(pipe, &number, sizeof number) < 0) ::_exit(1);
  }
}

// The last number that a child told which was killed at some moment after `least` of them.
int last_told_by_a_killed(const Folder& folder, int first, int least) {
  int pipe[2];
  EXPECT_EQ(::pipe(pipe), 0);
  const pid_t child = ::fork();
  if (child == 0) append_and_tell(folder, first, pipe[1]);
  ::close(pipe[1]);
  int told = first - 1;
  while (told < first + least) {
    if (::read(pipe[0], &told, sizeof told) <= 0) break;
  }
  EXPECT_EQ(::kill(child, SIGKILL), 0);
  ::waitpid(child, nullptr, 0);
  for (int number = 0; ::read(pipe[0], &number, sizeof number) > 0;) told = number;
  ::close(pipe[0]);
  return told;
}

TEST(Logged, SurvivesKillAgainAndAgain) {
  const Folder folder;
  std::mt19937 random(3);
  int first = 1;
  for (int round = 0; round < 25; ++round) {
    const int told = last_told_by_a_killed(folder, first, static_cast<int>(random() % 60));
    ASSERT_GE(told, first);
    const Ids found = read(*open(folder, kSmallSegments), {.limit = 1'000'000});
    // The last may have been appended and not told.
    const int last = found.back() == entry(told).id ? told : told + 1;
    ASSERT_EQ(found, ids(1, last)) << round;
    first = last + 1;
  }
  EXPECT_GT(first, 100);
}

// A disk that has room for files of this size and no more.
void limit_files(rlim_t bytes) {
  const rlimit limit{.rlim_cur = bytes, .rlim_max = RLIM_INFINITY};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
}

TEST(Logged, AFullDiskIsCountedAndTheJournalGoesOnAfterIt) {
  const Folder folder;
  const int dropped = in_child([&folder] {
    std::signal(SIGXFSZ, SIG_IGN);
    const auto journal = Journal::open(path_of(folder), kSmallSegments);
    append(**journal, 1, 5);
    limit_files(1000);
    // The segment that there is has its room; another cannot be made.
    append(**journal, 6, 30);
    const auto lost = static_cast<int>((*journal)->dropped());
    if (read(**journal) != ids(1, 30 - lost)) return 0;
    limit_files(RLIM_INFINITY);
    // Without being asked.
    const bool again = eventually([&] {
      const auto before = (*journal)->dropped();
      append(**journal, 31, 31);
      return (*journal)->dropped() == before;
    });
    return again ? lost : 0;
  });
  ASSERT_GT(dropped, 0);
  ASSERT_LT(dropped, 25);
  Ids expected = ids(1, 30 - dropped);
  expected.push_back(entry(31).id);
  EXPECT_EQ(read(*open(folder)), expected);
}

// There is a segment to take, but not for an entry as long as this one.
TEST(Logged, ALongEntryIsTriedAgainThoughThereIsASpare) {
  const Folder folder;
  const int done = in_child([&folder] {
    std::signal(SIGXFSZ, SIG_IGN);
    const auto journal = Journal::open(path_of(folder), kSmallSegments);
    append(**journal, 1, 6);
    if (!eventually([&folder] { return segments(folder).size() == 2; })) return 1;
    Entry large = entry(7);
    large.lines.front().resize(10'000);
    limit_files(3000);
    (*journal)->append(large);
    if ((*journal)->dropped() != 1) return 2;
    limit_files(RLIM_INFINITY);
    const bool again = eventually([&] {
      const auto before = (*journal)->dropped();
      (*journal)->append(large);
      return (*journal)->dropped() == before;
    });
    return again ? 0 : 3;
  });
  EXPECT_EQ(done, 0);
}

TEST(Logged, AJournalOpensOnAFullDisk) {
  const Folder folder;
  append_and_die(folder, 1, 20, kSmallSegments);
  const int found = in_child([&folder] {
    std::signal(SIGXFSZ, SIG_IGN);
    limit_files(10);
    const auto journal = Journal::open(path_of(folder), kSmallSegments);
    if (!journal) return 0;
    append(**journal, 21, 25);
    return (*journal)->dropped() == 5 ? static_cast<int>(read(**journal).size()) : 0;
  });
  EXPECT_EQ(found, 20);
  EXPECT_EQ(read(*open(folder)), ids(1, 20));
}

TEST(Logged, AnEntryWithoutAFolderIsCountedAndTold) {
  const Folder folder;
  std::atomic<std::uint64_t> told = 0;
  std::string why;
  const auto journal =
      *Journal::open(path_of(folder), {}, 2, [&](std::uint64_t dropped, const std::string& reason) {
        why = reason;
        told = dropped;
      });
  std::filesystem::remove_all(path_of(folder));
  append(*journal, 1, 3);
  EXPECT_EQ(journal->dropped(), 3U);
  EXPECT_TRUE(eventually([&told] { return told > 0; }));
  EXPECT_LE(told, 3U);
  EXPECT_TRUE(why.contains("No such file or directory")) << why;
  std::filesystem::create_directory(path_of(folder));
  EXPECT_TRUE(eventually([&] {
    append(*journal, 4, 4);
    return read(*journal, {.limit = 1}) == ids(4, 4);
  }));
}

}  // namespace
}  // namespace journal
