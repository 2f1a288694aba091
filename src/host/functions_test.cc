#include "host/functions.h"

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/call_test.h"

namespace host {
namespace {

using HostFunctions = CallTest;
using HostLogCall = CallTest;

constexpr std::uint32_t kFar = 0xffffffff;

TEST_F(HostFunctions, EventIsReadInPieces) {
  const std::string json = to_json(event_, principal_);
  EXPECT_EQ(event_size(call_, memory()), json.size());
  EXPECT_EQ(event_read(call_, memory(), 8, 0, 10), 10U);
  EXPECT_EQ(text(8, 10), json.substr(0, 10));
  const auto size = static_cast<std::uint32_t>(json.size());
  EXPECT_EQ(event_read(call_, memory(), 0, size - 3, 100), 3U) << "fewer at the end";
  EXPECT_EQ(event_read(call_, memory(), 0, size, 100), 0U);
  EXPECT_EQ(event_read(call_, memory(), 0, kFar, 100), 0U);
}

TEST_F(HostFunctions, BodyIsReadAsItCame) {
  EXPECT_EQ(body_size(call_, memory()), 10U);
  EXPECT_EQ(body_read(call_, memory(), kMemory - 4, 6, 4), 4U);
  EXPECT_EQ(text(kMemory - 4, 4), "body");
}

// Each function that takes a range, with ranges that leave the memory, wrap round 32 bits, or begin
// past the end.
TEST_F(HostFunctions, RangesOutsideTheMemoryStopTheGuest) {
  struct Range {
    std::uint32_t pointer;
    std::uint32_t length;
  };
  for (const auto& [pointer, length] : {Range{kMemory, 1}, Range{kMemory - 1, 2}, Range{kFar, 1},
                                        Range{kFar, kFar}, Range{1, kFar}, Range{0, kMemory + 1}}) {
    EXPECT_FALSE(event_read(call_, memory(), pointer, 0, length));
    expect_stopped(base::Code::kTrap, "event_read");
    EXPECT_FALSE(body_read(call_, memory(), pointer, 0, length));
    expect_stopped(base::Code::kTrap, "body_read");
    EXPECT_FALSE(result_read(call_, memory(), pointer, 0, length));
    expect_stopped(base::Code::kTrap, "result_read");
    EXPECT_FALSE(respond(call_, memory(), 200, pointer, length, 0, 0));
    expect_stopped(base::Code::kTrap, "respond: headers");
    EXPECT_FALSE(respond(call_, memory(), 200, 0, 0, pointer, length));
    expect_stopped(base::Code::kTrap, "respond: body");
    EXPECT_FALSE(log(call_, memory(), 1, pointer, length));
    expect_stopped(base::Code::kTrap, "log");
    EXPECT_FALSE(env(call_, memory(), pointer, length));
    expect_stopped(base::Code::kTrap, "env");
    EXPECT_FALSE(random(call_, memory(), pointer, length));
    expect_stopped(base::Code::kTrap, "random");
  }
  EXPECT_FALSE(call_.response);
}

TEST_F(HostFunctions, EmptyRangeAtTheEndIsInside) {
  EXPECT_EQ(body_read(call_, memory(), kMemory, 0, 0), 0U);
  EXPECT_TRUE(respond(call_, memory(), 204, kMemory, 0, kMemory, 0));
}

TEST_F(HostFunctions, LastResponseCounts) {
  put(0, "Content-Type: text/plain\nx-a: 1\r\nX-B:  two  \n");
  put(100, "body");
  ASSERT_TRUE(respond(call_, memory(), 500, 0, 0, 0, 0));
  ASSERT_TRUE(respond(call_, memory(), 201, 0, 45, 100, 4));
  EXPECT_EQ(call_.response->status, 201);
  EXPECT_EQ(call_.response->body, "body");
  EXPECT_EQ(call_.response->headers,
            (NameValues{{"content-type", "text/plain"}, {"x-a", "1"}, {"x-b", "two"}}));
}

TEST_F(HostFunctions, BadStatusAndTooMuchAreRefused) {
  for (const std::uint32_t status : {0U, 99U, 100U, 199U, 600U, kFar}) {
    EXPECT_FALSE(respond(call_, memory(), status, 0, 0, 0, 0));
    expect_stopped(base::Code::kBadResponse, "status");
  }
  EXPECT_TRUE(respond(call_, memory(), 200, 0, 0, 0, 64)) << "the limit itself is allowed";
  EXPECT_FALSE(respond(call_, memory(), 200, 0, 0, 0, 65));
  expect_stopped(base::Code::kOutputLimit, "65 B, its limit is 64 B");
}

TEST_F(HostFunctions, EnvironmentIsSizedThenRead) {
  put(0, "GREETING");
  EXPECT_EQ(env(call_, memory(), 0, 8), 5);
  EXPECT_EQ(result_read(call_, memory(), 16, 0, 100), 5U);
  EXPECT_EQ(text(16, 5), "Hello");
  put(0, "EMPTY");
  EXPECT_EQ(env(call_, memory(), 0, 5), 0);
  put(0, "NO_SUCH");
  EXPECT_EQ(env(call_, memory(), 0, 7), -1);
}

TEST_F(HostFunctions, ClockAndRandomAreReal) {
  const auto before = std::chrono::system_clock::now().time_since_epoch();
  const auto time = std::chrono::nanoseconds(*now(call_, memory()));
  EXPECT_GE(time, before);
  EXPECT_LE(time, std::chrono::system_clock::now().time_since_epoch());
  ASSERT_TRUE(random(call_, memory(), 0, 32));
  ASSERT_TRUE(random(call_, memory(), 32, 32));
  EXPECT_NE(text(0, 32), text(32, 32));
  std::vector<std::uint8_t> large(65'537);
  EXPECT_TRUE(random(call_, GuestMemory(large), 0, 65'536));
  EXPECT_FALSE(random(call_, GuestMemory(large), 0, 65'537));
  expect_stopped(base::Code::kTrap, "65536");
}

TEST_F(HostFunctions, HostCallsAreCounted) {
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(count_host_call(call_));
  EXPECT_FALSE(call_.failure);
  EXPECT_FALSE(count_host_call(call_));
  expect_stopped(base::Code::kHostCallLimit, "100");
}

TEST_F(HostLogCall, LevelsAreNamed) {
  put(0, "Test message");
  for (const std::uint32_t level : {0U, 1U, 2U, 3U, 4U, kFar}) {
    ASSERT_TRUE(log(call_, memory(), level, 0, 12));
  }
  EXPECT_EQ(
      call_.log.take(),
      (std::vector<std::string>{"[debug] [Function] Test message", "[Function] Test message",
                                "[warn] [Function] Test message", "[error] [Function] Test message",
                                "[Function] Test message", "[Function] Test message"}));
}

}  // namespace
}  // namespace host
