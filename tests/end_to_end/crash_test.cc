// The server is killed at random moments while functions are deployed, called and their invocations
// logged in segments that fill every moment: it starts again each time, what was answered is true,
// and nothing is there by half. ROOST_SOAK_KILLS=50 does it longer.
#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "database/test_folder.h"
#include "end_to_end/outsider.h"
#include "end_to_end/server_process.h"

namespace end_to_end {
namespace {

using std::chrono::milliseconds;

int kills() {
  const char* const asked = std::getenv("ROOST_SOAK_KILLS");
  return asked == nullptr ? 5 : std::max(1, std::atoi(asked));
}

// Segments of 4 MiB, full after some hundred calls of 32 KiB; and room for more than all that can
// be answered between two kills, which is looked for after the second.
const std::vector<std::string> kFlags{"--loops", "4", "--journal-max-bytes", "64MiB"};

class Crash : public ::testing::Test {
 protected:
  void start() { server_ = std::make_unique<ServerProcess>(folder_ / "data", kFlags); }
  void kill() {
    server_->process().signal(SIGKILL);
    server_->process().wait();
  }
  // The version that a call meets; 0 when no answer came.
  int called() const {
    const auto response = server_->call("label", "0");
    if (response.status == 0) return 0;
    EXPECT_EQ(response.status, 200) << response.body;
    return std::atoi(response.body.c_str());
  }
  bool deploy(int version) const {
    const Finished deployed =
        server_->roost({"deploy", std::string(ROOST_FIXTURES) + "/label.wasm", "--name", "label",
                        "--env", "LABEL=" + std::to_string(version)});
    return deployed.exit == 0;
  }
  // Deploys one version after another until the server is gone; the last that was answered.
  void deploy_until_killed(int& version) {
    while (deploy(version + 1)) ++version;
  }
  // Calls that log, which fill the journal; the ids of those that were answered.
  std::vector<std::string> call_until_killed() const {
    std::vector<std::string> answered;
    for (;;) {
      const auto answer = server_->call("logflood");
      if (answer.status != 200) return answered;
      answered.push_back(header(answer, "x-request-id"));
    }
  }
  // That each is in the log once, and none that failed.
  void expect_logged(const std::vector<std::string>& answered) const {
    const Finished logs = server_->roost({"logs", "logflood", "--json", "-n",
                                          std::to_string(answered.size() + 1)});  // one under way
    EXPECT_EQ(logs.exit, 0) << logs.err;
    std::map<std::string, int, std::less<>> times;
    std::istringstream lines(logs.out);
    for (std::string line; std::getline(lines, line);) {
      const auto entry = boost::json::parse(line);
      EXPECT_EQ(entry.at("status"), "success");
      ++times[std::string(entry.at("id").as_string())];
    }
    for (const std::string& id : answered) EXPECT_EQ(times[id], 1) << id;
  }

  const database::TestFolder folder_;
  std::unique_ptr<ServerProcess> server_;
};

TEST_F(Crash, WhatWasAnsweredIsTrueAfterEachKill) {
  const unsigned seed = std::random_device()();
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  start();
  server_->deploy("logflood", {"--max-log", "32KiB"});
  int version = 1;
  ASSERT_TRUE(deploy(version));
  for (int i = 0; i < kills(); ++i) {
    std::thread deploying([&] { deploy_until_killed(version); });
    std::vector<std::string> answered;
    std::thread calling([&] { answered = call_until_killed(); });
    std::this_thread::sleep_for(milliseconds(std::uniform_int_distribution(0, 700)(random)));
    kill();
    deploying.join();
    calling.join();
    start();
    const int met = called();
    // The deployment under way may have been committed without an answer.
    EXPECT_TRUE(met == version || met == version + 1) << met << " after " << version;
    version = met;
    expect_logged(answered);
    EXPECT_EQ(server_->metric("journal_dropped_total"), 0);
  }
}

}  // namespace
}  // namespace end_to_end
