// The journal as it shows from outside: what was answered is in it, whatever happens to the server;
// `roost logs` finds it, and following it costs next to nothing.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <thread>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "database/test_folder.h"
#include "end_to_end/outsider.h"
#include "end_to_end/server_process.h"
#include "http/test_client.h"
#include "journal/journal.h"

namespace end_to_end {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

std::string member(const std::string& entry, std::string_view name) {
  return std::string(json::parse(entry).at(name).as_string());
}

// ---- Answers counted = entries counted ----

constexpr std::size_t kClients = 6;
// Of a round, so that the journal has room for all rounds however long a disk takes to seal.
constexpr int kMostAnswers = 500;

// Calls over one connection, so that one loop's segment fills, until the server is gone or all were
// made; the ids of the answers it got.
std::vector<std::string> call_until_gone(const ServerProcess& server, std::atomic<int>& answers) {
  http::TestClient client(server.keys().url.substr(sizeof "http://" - 1));
  const std::string request =
      "POST /functions/v1/logflood HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n";
  std::vector<std::string> ids;
  while (answers < kMostAnswers) {
    const http::Reply answer = client.ask(request);
    if (answer.status == 0) break;
    EXPECT_EQ(answer.status, 200);
    ids.push_back(answer.header("x-request-id"));
    answers.fetch_add(1);
  }
  return ids;
}

// A sealed segment has its index beside it.
std::ptrdiff_t sealed_segments(const std::filesystem::path& data) {
  return std::ranges::count_if(
      std::filesystem::directory_iterator(data / "journal"),
      [](const auto& file) { return file.path().extension() == ".index"; });
}

// Kills it under load once so many were answered and a segment was sealed meanwhile; their ids.
std::vector<std::string> answered_until_killed(ServerProcess& server,
                                               const std::filesystem::path& data, int kill_after) {
  const std::ptrdiff_t sealed = sealed_segments(data);
  std::atomic<int> answers = 0;
  std::array<std::vector<std::string>, kClients> ids;
  {
    std::vector<std::jthread> clients;
    for (auto& its_ids : ids) {
      clients.emplace_back([&] { its_ids = call_until_gone(server, answers); });
    }
    EXPECT_TRUE(eventually([&] { return answers >= kill_after; }));
    EXPECT_TRUE(eventually([&] { return sealed_segments(data) > sealed; }));
    server.process().signal(SIGKILL);
  }
  EXPECT_EQ(server.process().wait(), 128 + SIGKILL);
  std::vector<std::string> all;
  for (const auto& its_ids : ids) all.insert(all.end(), its_ids.begin(), its_ids.end());
  return all;
}

TEST(Logged, WhatWasAnsweredIsThereAfterKillsUnderLoad) {
  const database::TestFolder folder;
  // A segment is 1/4 of a loop's share of the journal, so 256 KiB, and an entry 7 KiB: a loop with
  // one connection fills one with some forty answers, and all rounds are 17 MiB at most, so that
  // nothing is forgotten.
  const std::vector<std::string> flags{"--loops", "32", "--journal-max-bytes", "32MiB"};
  ServerProcess(folder / "data", flags)
      .deploy("logflood", {"--no-verify-jwt", "--max-log", "6KiB"});
  std::mt19937 random(std::random_device{}());
  constexpr std::size_t kRounds = 5;
  std::vector<std::string> answered;
  for (std::size_t round = 0; round < kRounds; ++round) {
    ServerProcess server(folder / "data", flags);
    const auto ids =
        answered_until_killed(server, folder / "data", 200 + static_cast<int>(random() % 160));
    answered.insert(answered.end(), ids.begin(), ids.end());
  }
  ServerProcess server(folder / "data", flags);
  std::map<std::string, int> entries;
  for (const std::string& entry : server.entries("logflood")) ++entries[member(entry, "id")];
  for (const auto& [id, times] : entries) EXPECT_EQ(times, 1) << id;
  for (const std::string& id : answered) EXPECT_EQ(entries.count(id), 1U) << id;
  EXPECT_GE(answered.size(), 200 * kRounds);
  // Each client may have had one under way that was written and never answered.
  EXPECT_LE(entries.size(), answered.size() + kRounds * kClients);
  EXPECT_EQ(server.metric("journal_dropped_total"), 0);
}

// ---- roost logs ----

std::vector<std::string> logs(const ServerProcess& server, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"logs", "--json"});
  const Finished finished = server.roost(std::move(arguments));
  EXPECT_EQ(finished.exit, 0) << finished.err;
  std::istringstream out(finished.out);
  std::vector<std::string> lines;
  for (std::string line; std::getline(out, line);) lines.push_back(line);
  return lines;
}

TEST(Logs, AreFiltered) {
  const database::TestFolder folder;
  ServerProcess server(folder / "data");
  server.deploy("hello");
  server.deploy("panic");
  const std::string ada = "6f1c1f0e-8f0c-4a57-9d0e-2f1f2a3b4c5d";
  EXPECT_EQ(server.call("hello").status, 200);
  EXPECT_EQ(server.ask("hello", {.key = server.token(ada)}).status, 200);
  EXPECT_EQ(server.ask("panic", {.key = server.token(ada)}).status, 500);
  EXPECT_EQ(logs(server, {}).size(), 3U);
  EXPECT_EQ(logs(server, {"hello"}).size(), 2U);
  EXPECT_EQ(logs(server, {"--user", ada}).size(), 2U);
  EXPECT_EQ(logs(server, {"--user", ada, "--status", "error"}).size(), 1U);
  EXPECT_EQ(logs(server, {"--trigger", "http", "-n", "2"}).size(), 2U);
  EXPECT_EQ(logs(server, {"--trigger", "schedule"}).size(), 0U);
  EXPECT_EQ(logs(server, {"--since", "15m"}).size(), 3U);
  EXPECT_EQ(logs(server, {"--until", "15m"}).size(), 0U);
  const std::string time = member(logs(server, {}).back(), "time");
  EXPECT_EQ(member(logs(server, {"--since", time}).back(), "function"), "panic");
  EXPECT_EQ(logs(server, {"--since", "2999-01-31T09:00:00+01:00"}).size(), 0U);

  const Finished bad = server.roost({"logs", "--since", "yesterday"});
  EXPECT_EQ(bad.exit, 1);
  EXPECT_NE(bad.err.find("\"yesterday\" is no time"), std::string::npos) << bad.err;
}

// Processor time of a process, of all its threads.
std::chrono::milliseconds cpu_of(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string text(std::istreambuf_iterator<char>(file), {});
  std::istringstream rest(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) rest >> skipped;
  long user = 0;
  long system = 0;
  rest >> user >> system;
  return std::chrono::milliseconds((user + system) * 1000 / ::sysconf(_SC_CLK_TCK));
}

// 300 MB of other functions' invocations.
void fill(const std::filesystem::path& folder) {
  const auto journal = journal::Journal::open(folder, {}).value();
  journal::Entry entry{.id = "0192d3a0-0000-7000-8000-000000000000",
                       .function = "other",
                       .trigger = "http",
                       .time = std::chrono::system_clock::now(),
                       .lines = {std::string(900, 'x')}};
  for (int i = 0; i < 300'000; ++i) journal->append(entry);
}

TEST(Logs, FollowingALargeJournalCostsNextToNothing) {
  const database::TestFolder folder;
  {
    ServerProcess server(folder / "data");
    server.deploy("hello");
    server.process().signal(SIGTERM);
    EXPECT_EQ(server.process().wait(), 0);
  }
  fill(folder / "data" / "journal");
  ServerProcess server(folder / "data");
  const std::string data = (folder / "data").string();
  const std::vector<std::string> follow{"logs", "hello",     "-f",   "--json",  "--data",
                                        data,   "--trigger", "http", "--since", "1h"};
  Process follower(follow);
  EXPECT_EQ(server.call("hello").status, 200);
  const auto first = follower.read_line();
  ASSERT_TRUE(first);

  const auto before = cpu_of(server.process().pid());
  constexpr auto kWatched = 2000ms;
  std::this_thread::sleep_for(kWatched);
#ifdef ROOST_SANITIZED
  constexpr int kShare = 4;
#else
  constexpr int kShare = 20;
#endif
  EXPECT_LT(cpu_of(server.process().pid()) - before, kWatched / kShare);

  EXPECT_EQ(server.call("hello").status, 200);
  const auto second = follower.read_line();
  ASSERT_TRUE(second);
  EXPECT_EQ(member(*second, "function"), "hello");
  EXPECT_NE(member(*second, "id"), member(*first, "id"));
  follower.signal(SIGTERM);
}

}  // namespace
}  // namespace end_to_end
