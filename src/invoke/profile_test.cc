#include "invoke/profile.h"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace invoke {
namespace {

catalog::FunctionPtr function(int id, int version = 1) {
  catalog::Function made;
  made.id = catalog::FunctionId(id);
  made.version.number = version;
  made.version.config.name = "f" + std::to_string(id);
  made.version.config.environment = {{"KEY", std::to_string(version)}};
  return std::make_shared<const catalog::Function>(std::move(made));
}

class ProfileTest : public ::testing::Test {
 protected:
  std::vector<catalog::FunctionPtr> there_;
  int made_ = 0;
  ProfileCache profiles_{[this](const catalog::Config& config) {
                           ++made_;
                           return config.environment;
                         },
                         [this] { return there_; }};
};

TEST_F(ProfileTest, IsMadeOnceForTheVersionThatRunsAndItsCanary) {
  there_ = {function(1)};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(profiles_.of(*function(1, 1))->environment.at("KEY"), "1");
    EXPECT_EQ(profiles_.of(*function(1, 2))->environment.at("KEY"), "2");
  }
  EXPECT_EQ(made_, 2);
}

TEST_F(ProfileTest, OfDeletedFunctionsNothingIsKept) {
  for (int id = 1; id <= 100; ++id) {
    there_ = {function(id)};
    const ProfilePtr profile = profiles_.of(*there_.front());
    EXPECT_EQ(profiles_.size(), 1U);
  }
  const int before = made_;
  EXPECT_NE(profiles_.of(*there_.front()), nullptr);
  EXPECT_EQ(made_, before) << "what is there is kept";
  EXPECT_NE(profiles_.of(*function(7)), nullptr) << "for calls that are under way";
  EXPECT_EQ(profiles_.size(), 1U);
}

}  // namespace
}  // namespace invoke
