#include "host/assemblyscript.h"

#include <array>

#include <gtest/gtest.h>

namespace host {
namespace {

class AssemblyScriptAbort : public ::testing::Test {
 protected:
  // A text as AssemblyScript lays it out; returns the pointer to it.
  std::uint32_t put(std::uint32_t at, std::string_view ascii) {
    const GuestMemory guest(memory_);
    EXPECT_TRUE(guest.store(at, static_cast<std::uint32_t>(ascii.size() * 2)));
    for (std::size_t i = 0; i < ascii.size(); ++i) {
      memory_.at(at + 4 + 2 * i) = static_cast<std::uint8_t>(ascii[i]);
    }
    return at + 4;
  }
  std::string abort(std::uint32_t message, std::uint32_t file) {
    EXPECT_FALSE(assemblyscript_abort(call_, GuestMemory(memory_), message, file, 3, 14));
    EXPECT_EQ(call_.failure->code, base::Code::kTrap);
    return call_.failure->message;
  }

  std::array<std::uint8_t, 256> memory_{};
  Event event_;
  auth::Principal principal_ = auth::Principal::anonymous();
  Environment environment_;
  telemetry::Redactor redactor_;
  Call call_{event_, principal_, environment_, redactor_, Quota{}};
};

TEST_F(AssemblyScriptAbort, NamesMessageAndPlace) {
  EXPECT_EQ(abort(put(0, "index out of range"), put(100, "index.ts")),
            "the function aborted: index out of range at index.ts:3:14");
}

// Redaction comes later and must find the text as it was: nothing replaced, nothing cut.
TEST_F(AssemblyScriptAbort, TextIsWholeForTheRedactor) {
  const std::uint32_t at = put(0, "a\nb\tc");
  const GuestMemory guest(memory_);
  ASSERT_TRUE(guest.store(at, std::uint16_t{0xe9}));
  EXPECT_EQ(abort(at, 0), "the function aborted: \xc3\xa9\nb\tc");
  ASSERT_TRUE(guest.store(at, std::uint32_t{0xde00d83d}));
  EXPECT_EQ(abort(at, 0),
            "the function aborted: \xf0\x9f\x98\x80"
            "b\tc");
}

TEST_F(AssemblyScriptAbort, PointersOutsideTheMemoryAreNoText) {
  EXPECT_EQ(abort(0xfffffffc, 2), "the function aborted: abort");
  const GuestMemory guest(memory_);
  ASSERT_TRUE(guest.store(0, std::uint32_t{0xffffffff}));
  EXPECT_EQ(abort(4, 0), "the function aborted: abort");
}

}  // namespace
}  // namespace host
