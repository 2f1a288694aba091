#include "catalog/canary.h"

#include <map>

#include <gtest/gtest.h>

namespace catalog {
namespace {

FunctionPtr function_with(CanarySplit split) {
  Function function;
  function.version.number = 1;
  auto other = std::make_shared<Function>(function);
  other->version.number = 2;
  function.canary = {std::move(split), std::move(other)};
  return std::make_shared<const Function>(std::move(function));
}

int version(const FunctionPtr& function, unsigned draw,
            const std::map<std::string, std::string, std::less<>>& headers = {}) {
  const auto header_of = [&headers](std::string_view name) -> std::optional<std::string_view> {
    const auto found = headers.find(name);
    if (found == headers.end()) return std::nullopt;
    return found->second;
  };
  return version_for_call(function, header_of, draw)->version.number;
}

TEST(Canary, GetsItsShareOfTheDraws) {
  for (const int percent : {0, 1, 10, 99, 100}) {
    const FunctionPtr function = function_with({.percent = percent, .header = "x"});
    int calls = 0;
    for (unsigned draw = 0; draw < 100; ++draw) calls += version(function, draw) == 2 ? 1 : 0;
    EXPECT_EQ(calls, percent);
  }
}

TEST(Canary, GetsCallsWithItsHeader) {
  const FunctionPtr any = function_with({.percent = 0, .header = "x-canary"});
  EXPECT_EQ(version(any, 0), 1);
  EXPECT_EQ(version(any, 0, {{"x-canary", ""}}), 2);
  const FunctionPtr one = function_with({.percent = 0, .header = "x-canary: yes"});
  EXPECT_EQ(version(one, 0, {{"x-canary", "no"}}), 1);
  EXPECT_EQ(version(one, 0, {{"x-canary", " yes "}}), 2);
  EXPECT_EQ(version(one, 0, {{"x-other", "yes"}}), 1);
}

TEST(Canary, WithoutOneTheVersionThatRunsIsCalled) {
  Function function;
  function.version.number = 7;
  EXPECT_EQ(version(std::make_shared<const Function>(function), 0), 7);
  EXPECT_EQ(version_for_call(nullptr, {}, 0), nullptr);
}

TEST(Canary, SplitsAreCheckedAndBroughtToOneForm) {
  EXPECT_EQ(checked_split({.percent = 5, .header = {}})->header, "");
  EXPECT_EQ(checked_split({.percent = 0, .header = "X-Canary :  Yes please"})->header,
            "x-canary: Yes please");
  EXPECT_EQ(checked_split({.percent = 0, .header = "X-Canary"})->header, "x-canary");
  for (const CanarySplit& bad :
       {CanarySplit{-1, "x"}, CanarySplit{101, ""}, CanarySplit{0, ""}, CanarySplit{5, "a b"},
        CanarySplit{5, ": x"}, CanarySplit{5, "ä"}, CanarySplit{5, "x: a\r\nb"},
        CanarySplit{5, std::string(257, 'x')}}) {
    const auto split = checked_split(bad);
    ASSERT_FALSE(split) << bad.percent << " " << bad.header;
    EXPECT_EQ(split.error().code, base::Code::kInvalidArgument);
  }
}

}  // namespace
}  // namespace catalog
