#include "host/wasi.h"

#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/call_test.h"

namespace host::wasi {
namespace {

using HostWasi = CallTest;

constexpr std::uint32_t kFar = 0xfffffffc;
constexpr auto errno_of = [](Errno error) { return static_cast<std::uint32_t>(error); };
const std::uint32_t kOk = errno_of(Errno::kSuccess);
const std::uint32_t kFault = errno_of(Errno::kFault);

TEST_F(HostWasi, ClocksAreTheTwoGranted) {
  EXPECT_EQ(clock_time_get(call_, memory(), 0, 0, 8), kOk);
  EXPECT_GT(*memory().load<std::uint64_t>(8), 1'700'000'000'000'000'000U);
  EXPECT_EQ(clock_time_get(call_, memory(), 1, 0, 16), kOk);
  EXPECT_EQ(clock_time_get(call_, memory(), 2, 0, 16), errno_of(Errno::kInval));
  EXPECT_EQ(clock_time_get(call_, memory(), 0, 0, kMemory - 4), kFault);
  EXPECT_EQ(clock_res_get(call_, memory(), 0, 16), kOk);
  EXPECT_EQ(*memory().load<std::uint64_t>(16), 1U);
  EXPECT_EQ(clock_res_get(call_, memory(), 9, 16), errno_of(Errno::kInval));
}

TEST_F(HostWasi, EnvironmentIsLaidOut) {
  EXPECT_EQ(environ_sizes_get(call_, memory(), 0, 4), kOk);
  EXPECT_EQ(*memory().load<std::uint32_t>(0), 3U);
  const auto size = *memory().load<std::uint32_t>(4);
  EXPECT_EQ(environ_get(call_, memory(), 16, 64), kOk);
  EXPECT_EQ(text(64, size),
            std::string_view("EMPTY=\0GREETING=Hello\0SECRET_TOKEN=s3cr3t-value\0", 48));
  EXPECT_EQ(*memory().load<std::uint32_t>(20), 64U + 7U);
  EXPECT_EQ(environ_get(call_, memory(), 16, kMemory - 8), kFault);
  EXPECT_EQ(environ_get(call_, memory(), kFar, 64), kFault);
  EXPECT_EQ(environ_sizes_get(call_, memory(), kFar, 4), kFault);
}

TEST_F(HostWasi, ThereAreNoArguments) {
  EXPECT_EQ(args_sizes_get(call_, memory(), 0, 4), kOk);
  EXPECT_EQ(*memory().load<std::uint64_t>(0), 0U);
  EXPECT_EQ(args_get(call_, memory(), 0, 0), kOk);
  EXPECT_EQ(sched_yield(call_, memory()), kOk);
}

TEST_F(HostWasi, RandomFillsItsRange) {
  EXPECT_EQ(random_get(call_, memory(), 0, 32), kOk);
  EXPECT_NE(text(0, 32), std::string(32, '\0'));
  EXPECT_EQ(random_get(call_, memory(), kMemory - 1, 2), kFault);
}

TEST_F(HostWasi, WritingGoesToTheLog) {
  put(100, "one ");
  put(200, "line\nrest");
  ASSERT_TRUE(memory().store(0, 100U) && memory().store(4, 4U) && memory().store(8, 200U) &&
              memory().store(12, 9U));
  EXPECT_EQ(fd_write(call_, memory(), 1, 0, 2, 32), kOk);
  EXPECT_EQ(*memory().load<std::uint32_t>(32), 13U);
  call_.log.finish();
  EXPECT_EQ(call_.log.take(), (std::vector<std::string>{"one line", "rest"}));
}

TEST_F(HostWasi, WritingElsewhereOrFromNowhereIsRefused) {
  EXPECT_EQ(fd_write(call_, memory(), 0, 0, 0, 32), errno_of(Errno::kBadf));
  EXPECT_EQ(fd_write(call_, memory(), 3, 0, 0, 32), errno_of(Errno::kBadf));
  EXPECT_EQ(fd_write(call_, memory(), 1, 0, 1025, 32), errno_of(Errno::kInval));
  EXPECT_EQ(fd_write(call_, memory(), 1, kMemory - 4, 1, 32), kFault);
  ASSERT_TRUE(memory().store(0, kMemory) && memory().store(4, 1U));
  EXPECT_EQ(fd_write(call_, memory(), 1, 0, 1, 32), kFault);
  EXPECT_EQ(fd_write(call_, memory(), 2, 0, 0, kFar), kFault);
}

// A size that 32 bits cannot say.
TEST_F(HostWasi, WritingTheSameBytesOverAndOverIsRefused) {
  std::vector<std::uint8_t> large(4 << 20);
  const GuestMemory guest(large);
  for (std::uint32_t i = 0; i < 1024; ++i) {
    ASSERT_TRUE(guest.store(i * 8, 0U) && guest.store(i * 8 + 4, 4U << 20U));
  }
  EXPECT_EQ(fd_write(call_, guest, 1, 0, 1024, 0), errno_of(Errno::kInval));
  call_.log.finish();
  EXPECT_TRUE(call_.log.take().empty());
}

TEST_F(HostWasi, OutputIsACharacterDevice) {
  EXPECT_EQ(fd_fdstat_get(call_, memory(), 1, 8), kOk);
  EXPECT_EQ(*memory().load<std::uint8_t>(8), 2);
  EXPECT_EQ(*memory().load<std::uint64_t>(16), 64U) << "it may be written to and nothing else";
  EXPECT_EQ(fd_fdstat_get(call_, memory(), 3, 8), errno_of(Errno::kBadf));
  EXPECT_EQ(fd_fdstat_get(call_, memory(), 2, kMemory - 8), kFault);
}

TEST_F(HostWasi, ExitStopsTheGuest) {
  EXPECT_FALSE(proc_exit(call_, memory(), 3));
  EXPECT_EQ(call_.exit_code, 3U);
}

class Poll : public CallTest {
 protected:
  void subscribe(std::uint32_t index, std::uint64_t user_data, std::uint8_t tag,
                 std::uint32_t clock, std::uint64_t timeout, std::uint16_t flags) {
    const std::uint32_t at = index * 48;
    ASSERT_TRUE(memory().store(at, user_data) && memory().store(at + 8, tag) &&
                memory().store(at + 16, clock) && memory().store(at + 24, timeout) &&
                memory().store(at + 40, flags));
  }
};

TEST_F(Poll, EarliestClockDecides) {
  subscribe(0, 11, 0, 1, 5'000'000, 0);
  subscribe(1, 22, 0, 0, 2'000'000, 0);
  const auto plan = plan_poll(call_, memory(), 0, 2);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->error, Errno::kSuccess);
  EXPECT_EQ(plan->sleep.duration, std::chrono::milliseconds(2));
  EXPECT_EQ(plan->sleep.count, 1U);
  ASSERT_EQ(plan->sleep.events.size(), 32U);
  EXPECT_EQ(plan->sleep.events[0], 22);
}

TEST_F(Poll, TimesPastAreNowAndFarOnesDoNotOverflow) {
  subscribe(0, 1, 0, 0, 1, 1);
  EXPECT_EQ(plan_poll(call_, memory(), 0, 1)->sleep.duration.count(), 0);
  subscribe(0, 1, 0, 1, ~0ULL, 0);
  EXPECT_GT(plan_poll(call_, memory(), 0, 1)->sleep.duration, std::chrono::hours(24 * 365 * 100));
}

TEST_F(Poll, RefusesWhatIsNoClock) {
  subscribe(0, 1, 1, 0, 0, 0);
  EXPECT_EQ(plan_poll(call_, memory(), 0, 1)->error, Errno::kNosys);
  subscribe(0, 1, 0, 2, 0, 0);
  EXPECT_EQ(plan_poll(call_, memory(), 0, 1)->error, Errno::kNosys);
  EXPECT_EQ(plan_poll(call_, memory(), 0, 0)->error, Errno::kInval);
  EXPECT_EQ(plan_poll(call_, memory(), 0, 0x10000000)->error, Errno::kInval);
  EXPECT_EQ(plan_poll(call_, memory(), kMemory - 47, 1)->error, Errno::kFault);
}

TEST(HostWasiModule, DescriptorsAreBadAndTheRestIsMissing) {
  std::set<std::string_view> names;
  for (const Refused& refused : refused_functions()) {
    EXPECT_TRUE(names.insert(refused.name).second) << refused.name;
    EXPECT_EQ(refused.answer, refused.name.starts_with("fd_") ? Errno::kBadf : Errno::kNosys)
        << refused.name;
  }
  EXPECT_TRUE(names.contains("path_open"));
}

}  // namespace
}  // namespace host::wasi
