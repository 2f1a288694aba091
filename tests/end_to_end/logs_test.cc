// The journal as it shows from outside: what was answered is in it, whatever happens to the server;
// `roost logs` finds it, and following it costs next to nothing.
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
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

// Calls until the server is gone; the ids of the answers it got.
std::vector<std::string> call_until_gone(const ServerProcess& server, std::atomic<int>& answers) {
  std::vector<std::string> ids;
  for (;;) {
    const cli::HttpResponse answer = server.call("hello", R"({"name":"Ada"})");
    if (answer.status == 0) return ids;
    EXPECT_EQ(answer.status, 200);
    ids.push_back(header(answer, "x-request-id"));
    answers.fetch_add(1);
  }
}

// Kills it under load once so many were answered; their ids.
std::vector<std::string> answered_until_killed(ServerProcess& server, int kill_after) {
  std::atomic<int> answers = 0;
  std::array<std::vector<std::string>, kClients> ids;
  {
    std::vector<std::jthread> clients;
    for (auto& its_ids : ids) {
      clients.emplace_back([&] { its_ids = call_until_gone(server, answers); });
    }
    EXPECT_TRUE(eventually([&] { return answers >= kill_after; }));
    server.process().signal(SIGKILL);
  }
  EXPECT_EQ(server.process().wait(), 128 + SIGKILL);
  std::vector<std::string> all;
  for (const auto& its_ids : ids) all.insert(all.end(), its_ids.begin(), its_ids.end());
  return all;
}

TEST(Logged, WhatWasAnsweredIsThereAfterKillsUnderLoad) {
  const database::TestFolder folder;
  // Small segments: they are filled, sealed and made beside the kills.
  const std::vector<std::string> flags{"--loops", "4", "--journal-max-bytes", "4MiB"};
  ServerProcess(folder / "data", flags).deploy("hello");
  std::mt19937 random(std::random_device{}());
  constexpr std::size_t kRounds = 5;
  std::vector<std::string> answered;
  for (std::size_t round = 0; round < kRounds; ++round) {
    ServerProcess server(folder / "data", flags);
    const auto ids = answered_until_killed(server, 100 + static_cast<int>(random() % 900));
    answered.insert(answered.end(), ids.begin(), ids.end());
  }
  ServerProcess server(folder / "data", flags);
  std::map<std::string, int> entries;
  for (const std::string& entry : server.entries("hello")) ++entries[member(entry, "id")];
  for (const auto& [id, times] : entries) EXPECT_EQ(times, 1) << id;
  for (const std::string& id : answered) EXPECT_EQ(entries.count(id), 1U) << id;
  EXPECT_GE(answered.size(), 100 * kRounds);
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
