// A journal in a folder of its own, its entries by their numbers. For tests.
#pragma once

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "database/test_folder.h"
#include "journal/journal.h"

namespace journal {

using Folder = database::TestFolder;
using Ids = std::vector<std::string>;

// About eight of the entries below to a segment.
inline constexpr Retention kSmall{.segment_bytes = 2500, .total_bytes = 40'000};
// The same, and everything is kept.
inline constexpr Retention kSmallSegments{.segment_bytes = 2500};

inline Entry entry(int number, std::string function = "hello") {
  return {.id = fmt::format("id-{:06}", number),
          .function = std::move(function),
          .version = 1,
          .trigger = "http",
          .time = std::chrono::system_clock::now(),
          .lines = {"[Function] " + std::string(130, 'x')}};
}

inline Ids ids(int first, int last) {
  Ids all;
  for (int number = first; number <= last; ++number) all.push_back(entry(number).id);
  return all;
}

inline std::filesystem::path path_of(const Folder& folder) { return folder / "journal"; }

inline std::unique_ptr<Journal> open(const Folder& folder, Retention retention = {},
                                     unsigned lanes = 2) {
  auto journal = Journal::open(path_of(folder), retention, lanes);
  EXPECT_TRUE(journal) << journal.error().message;
  return std::move(*journal);
}

inline void append(Journal& journal, int first, int last) {
  for (int number = first; number <= last; ++number) journal.append(entry(number));
}

inline Ids ids_of(const std::vector<Entry>& entries) {
  Ids found;
  for (const Entry& each : entries) found.push_back(each.id);
  return found;
}

inline Ids read(const Journal& journal, const Query& query = {}) {
  const auto entries = journal.read(query);
  EXPECT_TRUE(entries) << entries.error().message;
  return entries ? ids_of(*entries) : Ids();
}

inline std::vector<SegmentNumber> segments(const Folder& folder) {
  return numbers_of(path_of(folder), kSegmentExtension).value();
}

inline std::string content(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void put(const std::filesystem::path& path, std::string_view content) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

template <class Condition>
bool eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

// Runs `body` in a child; its exit code, or -1 when a signal ended it.
inline int in_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Appends in a child that is killed without warning, so that nothing is sealed.
inline void append_and_die(const Folder& folder, int first, int last, Retention retention = {}) {
  const int exit = in_child([&] {
    const auto journal = Journal::open(path_of(folder), retention);
    append(**journal, first, last);
    return ::kill(::getpid(), SIGKILL);
  });
  EXPECT_EQ(exit, -1);
}

}  // namespace journal
