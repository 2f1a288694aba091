// For the tests of this room: a call, and memory to call with.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <gtest/gtest.h>

#include "host/call.h"
#include "host/guest_memory.h"

namespace host {

class CallTest : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kMemory = 4096;

  GuestMemory memory() { return GuestMemory(bytes_); }
  void put(std::uint32_t at, std::string_view text) { ASSERT_TRUE(memory().write(at, text)); }
  std::string_view text(std::uint32_t at, std::uint32_t length) {
    return *memory().read(at, length);
  }
  void expect_stopped(base::Code code, std::string_view words) {
    ASSERT_TRUE(call_.failure);
    EXPECT_EQ(call_.failure->code, code);
    EXPECT_NE(call_.failure->message.find(words), std::string::npos) << call_.failure->message;
    call_.failure.reset();
  }

  std::array<std::uint8_t, kMemory> bytes_{};
  Event event_{.method = "POST",
               .path = "/a",
               .query = "k=v",
               .headers = {{"content-type", "text/plain"}},
               .body = "hello body",
               .request_id = "id-1"};
  auth::Principal principal_{auth::Role::kAuthenticated, "user-1", R"({"sub":"user-1"})"};
  Environment environment_{{"EMPTY", ""}, {"GREETING", "Hello"}, {"SECRET_TOKEN", "s3cr3t-value"}};
  telemetry::Redactor redactor_ = telemetry::Redactor::of_environment(environment_);
  Call call_{event_, principal_, environment_, redactor_,
             Quota{.response_bytes = 64, .log_bytes = 64 * 1024, .host_calls = 100}};
};

}  // namespace host
