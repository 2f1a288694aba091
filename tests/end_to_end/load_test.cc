// Many calls at once, and many one after another, with the server's defaults.
#include <chrono>
#include <csignal>
#include <fstream>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "base/units.h"
#include "database/test_folder.h"
#include "end_to_end/outsider.h"
#include "end_to_end/server_process.h"

namespace end_to_end {
namespace {

constexpr int kCalls = 1000;

// Each call has a connection, here and in the server, which inherits the limit.
void allow_connections(rlim_t count) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  if (limit.rlim_cur >= count) return;
  ASSERT_GE(limit.rlim_max, count) << "raise the hard limit of file descriptors";
  limit.rlim_cur = count;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
}

std::uint64_t resident_bytes(int pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/statm");
  std::uint64_t pages = 0;
  status >> pages >> pages;
  return pages * 4096;
}

TEST(EndToEnd, OneThousandConcurrentInvocations) {
  allow_connections(4 * kPlaces);
  const database::TestFolder folder;
  const ServerProcess server(folder / "data");
  server.deploy("sleep", {"--timeout", "60s"});
  std::vector<std::future<int>> calls;
  for (int i = 0; i < kPlaces; ++i) {
    calls.push_back(
        std::async(std::launch::async, [&] { return server.call("sleep", "10000").status; }));
  }
  EXPECT_TRUE(eventually([&] { return server.metric("admission_running") == kPlaces; }));
  int answered = 0;
  for (auto& call : calls) answered += call.get() == 200 ? 1 : 0;
  EXPECT_EQ(answered, kPlaces);
  EXPECT_EQ(server.metric("admission_running"), 0);
  EXPECT_EQ(server.metric("functions_memory_used_bytes"), 0);
}

TEST(EndToEnd, NoMemoryLeakAfterOneThousandInvocations) {
  const database::TestFolder folder;
  ServerProcess server(folder / "data");
  server.deploy("hello");
  const auto call = [&](int times) {
    for (int i = 0; i < times; ++i) ASSERT_EQ(server.call("hello").status, 200);
  };
  call(200);  // what is made once and kept
  const std::uint64_t before = resident_bytes(server.process().pid());
  ASSERT_GT(before, 0U);
  call(kCalls);
#ifndef ROOST_SANITIZED  // where what is freed is kept for a while, and the end reports leaks
  EXPECT_LT(resident_bytes(server.process().pid()), before + 10 * base::kMiB);
#endif
  server.process().signal(SIGTERM);
  EXPECT_EQ(server.process().wait(), 0);
}

#ifndef ROOST_SANITIZED
TEST(EndToEnd, ABurstOfLargeBodiesGivesItsMemoryBack) {
  const database::TestFolder folder;
  ServerProcess server(folder / "data");
  server.deploy("hello");
  const std::string body(4 * base::kMiB, 'b');
  ASSERT_EQ(server.call("hello", body).status, 200);
  const int pid = server.process().pid();
  const std::uint64_t before = resident_bytes(pid);
  std::vector<std::future<int>> calls;
  for (int i = 0; i < 64; ++i) {
    calls.push_back(
        std::async(std::launch::async, [&] { return server.call("hello", body).status; }));
  }
  const bool grew = eventually([&] { return resident_bytes(pid) > before + 32 * base::kMiB; });
  for (auto& call : calls) EXPECT_EQ(call.get(), 200);
  EXPECT_TRUE(grew) << "no burst";
  EXPECT_TRUE(eventually([&] { return resident_bytes(pid) < before + 16 * base::kMiB; }))
      << before << " bytes, then " << resident_bytes(pid);
}
#endif

}  // namespace
}  // namespace end_to_end
