#include "catalog/function.h"

#include <gtest/gtest.h>

namespace {

using catalog::TriggerKind;

TEST(Function, NamesAreShortAndLowerCase) {
  for (const std::string& name :
       {std::string("a"), std::string("hello-world_2"), std::string(64, 'z')}) {
    EXPECT_TRUE(catalog::is_function_name(name)) << name;
  }
  for (const std::string& name :
       {std::string(), std::string("Hello"), std::string("helLo"), std::string("1a"),
        std::string("-a"), std::string("_a"), std::string("a/b"), std::string("a.b"),
        std::string("a b"), std::string("a\0", 2), std::string("a\n"), std::string("h\xc3\xa9"),
        std::string(65, 'z')}) {
    EXPECT_FALSE(catalog::is_function_name(name)) << name;
  }
}

TEST(Function, KnowsItsTriggers) {
  catalog::Function function;
  EXPECT_FALSE(function.has_trigger(TriggerKind::kHttp));
  function.version.config.triggers = {{TriggerKind::kCron, "* * * * *", ""},
                                      {TriggerKind::kTable, "users", "insert"}};
  EXPECT_TRUE(function.has_trigger(TriggerKind::kCron));
  EXPECT_TRUE(function.has_trigger(TriggerKind::kTable));
  EXPECT_FALSE(function.has_trigger(TriggerKind::kHttp));
}

}  // namespace
