#include "base/error.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace base {
namespace {

constexpr int kCodes = static_cast<int>(Code::kInternal) + 1;

TEST(Error, NamesAreUniqueAndReadBack) {
  std::set<std::string_view> names;
  for (int i = 0; i < kCodes; ++i) {
    const auto code = static_cast<Code>(i);
    names.insert(name_of(code));
    EXPECT_EQ(code_named(name_of(code)), code);
    EXPECT_FALSE(title_of(code).empty()) << name_of(code);
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kCodes));
  EXPECT_EQ(code_named("node_memory"), std::nullopt);
  EXPECT_EQ(code_named(""), std::nullopt);
}

TEST(Error, StatusesFollowTheFault) {
  for (int i = 0; i < kCodes; ++i) {
    const auto code = static_cast<Code>(i);
    const bool caller = fault_of(code) == Fault::kCaller;
    EXPECT_EQ(http_status_of(code) < 500, caller) << name_of(code);
    EXPECT_GE(http_status_of(code), 400) << name_of(code);
    EXPECT_LT(http_status_of(code), 600) << name_of(code);
  }
}

TEST(Error, StatusesOfTheRequirements) {
  EXPECT_EQ(http_status_of(Code::kTimeout), 504);
  EXPECT_EQ(http_status_of(Code::kCpuLimit), 504);
  EXPECT_EQ(http_status_of(Code::kMemoryLimit), 507);
  EXPECT_EQ(http_status_of(Code::kTrap), 500);
  EXPECT_EQ(http_status_of(Code::kQueryFailed), 500);
  EXPECT_EQ(http_status_of(Code::kInvalidModule), 400);
  EXPECT_EQ(http_status_of(Code::kPayloadTooLarge), 413);
  EXPECT_EQ(http_status_of(Code::kAlreadyExists), 409);
  EXPECT_EQ(http_status_of(Code::kNotFound), 404);
  EXPECT_EQ(http_status_of(Code::kDatabaseUnavailable), 500);
  EXPECT_EQ(http_status_of(Code::kConcurrencyLimit), 429);
  EXPECT_EQ(http_status_of(Code::kNodeMemory), 503);
}

TEST(Error, FailCarriesCodeAndMessage) {
  const Result<int> result = fail(Code::kNotFound, "no function \"x\"");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::kNotFound);
  EXPECT_EQ(result.error().message, "no function \"x\"");
  const Result<std::string> passed_on = fail(result.error());
  ASSERT_FALSE(passed_on);
  EXPECT_EQ(passed_on.error().code, Code::kNotFound);
}

}  // namespace
}  // namespace base
