// Which version of a function a call gets while versions come, go back and are tried.
#include <future>

#include <gtest/gtest.h>

#include "database/test_folder.h"
#include "end_to_end/server_process.h"

namespace end_to_end {
namespace {

class Versions : public testing::Test {
 protected:
  void deploy(const std::string& label, std::vector<std::string> flags = {}) {
    flags.insert(flags.end(), {"--env", "LABEL=" + label});
    server_.deploy("label", flags);
  }
  std::string call(const std::string& milliseconds = "0") {
    return server_.call("label", milliseconds).body;
  }
  std::string call_with_header() {
    const Finished finished =
        server_.roost({"invoke", "label", "-d", "0", "--header", "x-try: yes"});
    return finished.out.substr(0, finished.out.find('\n'));
  }
  void canary(std::vector<std::string> arguments, const std::string& says) {
    arguments.insert(arguments.begin(), {"canary", "label"});
    const Finished finished = server_.roost(arguments);
    EXPECT_EQ(finished.exit, 0) << finished.err;
    EXPECT_NE(finished.out.find(says), std::string::npos) << finished.out;
  }

  const database::TestFolder folder_;
  ServerProcess server_{folder_ / "data"};
};

TEST_F(Versions, RunningCallsFinishOnTheirVersion) {
  deploy("one");
  auto running = std::async(std::launch::async, [this] { return call("1500"); });
  while (server_.metric("admission_running") < 1) {
  }
  deploy("two");
  EXPECT_EQ(call(), "two");
  EXPECT_EQ(running.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  EXPECT_EQ(running.get(), "one");
}

TEST_F(Versions, RollbackTakesEffectWithTheNextCall) {
  deploy("one");
  deploy("two");
  ASSERT_EQ(server_.roost({"rollback", "label"}).exit, 0);
  EXPECT_EQ(call(), "one");
  ASSERT_EQ(server_.roost({"rollback", "label", "2"}).exit, 0);
  EXPECT_EQ(call(), "two");
}

TEST_F(Versions, RollbackSkipsACanaryThatWasRefused) {
  deploy("one");
  deploy("two", {"--canary", "10"});
  canary({"--off"}, "version 1 runs, without a canary");
  deploy("three");
  ASSERT_EQ(server_.roost({"rollback", "label"}).exit, 0);
  EXPECT_EQ(call(), "one");
  ASSERT_EQ(server_.roost({"rollback", "label"}).exit, 0);
  EXPECT_EQ(call(), "three") << "the second undoes the first";
}

TEST_F(Versions, ACanaryIsTriedPromotedAndEnded) {
  deploy("one");
  deploy("two", {"--canary-header", "x-try: yes"});
  EXPECT_EQ(call(), "one");
  EXPECT_EQ(call_with_header(), "two");
  canary({"--percent", "100"}, "its canary, version 2, gets 100 % of the calls");
  EXPECT_EQ(call(), "two");
  const auto entries = server_.entries("label");
  EXPECT_NE(entries.front().find("\"version\":1"), std::string::npos);
  EXPECT_NE(entries.back().find("\"version\":2"), std::string::npos);
  canary({"--off"}, "version 1 runs, without a canary");
  EXPECT_EQ(call_with_header(), "one");
  canary({"2", "--percent", "0", "--header", "x-try"}, "its canary, version 2");
  canary({"--promote"}, "version 2 runs, without a canary");
  EXPECT_EQ(call(), "two");
}

TEST_F(Versions, AShareOfTheCallsGetsTheCanary) {
  deploy("one");
  deploy("two", {"--canary", "50"});
  int tried = 0;
  for (int i = 0; i < 100; ++i) tried += call() == "two" ? 1 : 0;
  // Outside of 20 … 80 once in a billion.
  EXPECT_GT(tried, 20);
  EXPECT_LT(tried, 80);
}

}  // namespace
}  // namespace end_to_end
