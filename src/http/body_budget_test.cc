#include "http/body_budget.h"

#include <optional>

#include <gtest/gtest.h>

namespace http {
namespace {

TEST(BodyBudget, ShortBodiesAreNotCounted) {
  BodyBudget budget(0);
  BodyBudget::Share share(budget);
  EXPECT_TRUE(share.grow_to(BodyBudget::kFree));
  EXPECT_EQ(budget.held(), 0U);
  EXPECT_FALSE(share.grow_to(BodyBudget::kFree + 1));
}

TEST(BodyBudget, BodiesCountTogetherUntilTheyGo) {
  BodyBudget budget(100'000);
  std::optional<BodyBudget::Share> first(budget);
  BodyBudget::Share second(budget);
  EXPECT_TRUE(first->grow_to(20'000));
  EXPECT_TRUE(first->grow_to(60'000));
  EXPECT_TRUE(second.grow_to(40'000));
  EXPECT_EQ(budget.held(), 100'000U);
  EXPECT_FALSE(second.grow_to(40'001));
  first.reset();
  EXPECT_EQ(budget.held(), 40'001U);
  EXPECT_TRUE(second.grow_to(100'000));
  second.release();
  EXPECT_EQ(budget.held(), 0U);
  second.release();
  EXPECT_EQ(budget.held(), 0U) << "it comes back once";
}

}  // namespace
}  // namespace http
