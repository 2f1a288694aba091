#include "triggers/condition.h"

#include <string>

#include <gtest/gtest.h>

namespace triggers {
namespace {

const CapturedTable& table() {
  static const CapturedTable kTable{
      .name = "users", .columns = {"id", "Name", "done"}, .key = {"id"}};
  return kTable;
}

std::string text(std::string_view condition, Operation operation = Operation::kUpdate) {
  const auto read = condition_text(condition, table(), operation);
  return read ? *read : "error: " + read.error().message;
}

TEST(Condition, IsWrittenForSqlite) {
  for (const auto& [condition, expected] :
       std::initializer_list<std::pair<const char*, const char*>>{
           {"new.name = 'it''s'", R"((NEW."Name" = 'it''s'))"},
           {"new.id <> old.id", R"((NEW."id" <> OLD."id"))"},
           {"NEW.id != -5", R"((NEW."id" <> (-5)))"},
           {"new.done", R"(NEW."done")"},
           {"new.done is true", R"((NEW."done" IS TRUE))"},
           {"not new.done is unknown", R"((NOT (NEW."done" IS NULL)))"},
           {"old.name is null or new.name is not null",
            R"(((OLD."Name" IS NULL) OR (NEW."Name" IS NOT NULL)))"},
           {"new.name is distinct from old.name", R"((NEW."Name" IS NOT OLD."Name"))"},
           {"new.name is not distinct from old.name", R"((NEW."Name" IS OLD."Name"))"},
           {"new.id in (1, 2) and new.name not in ('a')",
            R"(((NEW."id" IN ((1), (2))) AND (NEW."Name" NOT IN ('a'))))"},
           {"new.id between 1 and 2.5", R"((NEW."id" BETWEEN (1) AND (2.5)))"},
           {"new.id not between 1 and 2", R"((NEW."id" NOT BETWEEN (1) AND (2)))"},
           {"new.id + 1 > old.id * 2 - 3", R"(((NEW."id" + (1)) > ((OLD."id" * (2)) - (3))))"},
           {"new.name || 'x' = 'ax'", R"(((NEW."Name" || 'x') = 'ax'))"},
           {"true", "1"},
           {"null", "NULL"}}) {
    EXPECT_EQ(text(condition), expected) << condition;
  }
}

TEST(Condition, WhatIsNotThereIsNull) {
  EXPECT_EQ(text("old.id = new.id", Operation::kInsert), R"((NULL = NEW."id"))");
  EXPECT_EQ(text("old.id = new.id", Operation::kDelete), R"((OLD."id" = NULL))");
}

TEST(Condition, RefusesWhatCouldFailOrReachFurther) {
  for (const auto& [condition, word] : std::initializer_list<std::pair<const char*, const char*>>{
           {"id = 1", "new.NAME"},
           {"other.id = 1", "new.NAME"},
           {"new.age = 1", "no column age"},
           {"new.*", "no column *"},
           {"length(new.name) > 1", "function"},
           {"new.id = (select 1)", "query"},
           {"exists (select 1)", "query"},
           {"new.id in (select 1)", "query"},
           {"new.id / 0 = 1", "/"},
           {"new.name like 'a%'", "~~"},
           {"new.id = $1", "only comparisons"},
           {"new.id::text = '1'", "only comparisons"},
           {"case when new.done then 1 end = 1", "only comparisons"},
           {"new.id = 1); drop table users; --", "syntax"},
           {"1) , (2", "error"},
           {"new.id =", "syntax"},
           {"", "syntax"}}) {
    const auto read = condition_text(condition, table(), Operation::kUpdate);
    ASSERT_FALSE(read) << condition << " became " << *read;
    EXPECT_EQ(read.error().code, base::Code::kInvalidArgument);
    if (word != std::string("error")) {
      EXPECT_NE(read.error().message.find(word), std::string::npos) << read.error().message;
    }
  }
  std::string deep = "new.done";
  for (int i = 0; i < 200; ++i) deep.insert(0, "not (").append(" and new.done)");
  EXPECT_FALSE(condition_text(deep, table(), Operation::kUpdate));
}

// Each of its kinds of nodes is one level, so that none goes deeper than the others.
TEST(Condition, NestingIsBounded) {
  constexpr int kDeepest = 64;
  for (const char* around : {" IS TRUE", " IS NOT NULL", " = true"}) {
    std::string condition = "new.done";
    for (int i = 0; i < kDeepest; ++i) condition = "(" + condition + ")" + around;
    EXPECT_TRUE(condition_text(condition, table(), Operation::kUpdate)) << around;
    const auto deeper = condition_text("(" + condition + ")" + around, table(), Operation::kUpdate);
    ASSERT_FALSE(deeper) << around;
    EXPECT_NE(deeper.error().message.find("too deeply"), std::string::npos)
        << deeper.error().message;
  }
}

}  // namespace
}  // namespace triggers
