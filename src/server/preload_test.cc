#include "server/preload.h"

#include <gtest/gtest.h>

#include "base/id.h"
#include "database/test_folder.h"

namespace server {
namespace {

catalog::Function function_named(const std::string& name) {
  catalog::Function function;
  function.version.config.name = name;
  function.version.module = base::sha256(name);
  return function;
}

catalog::FunctionPtr kept(catalog::Function function) {
  return std::make_shared<const catalog::Function>(std::move(function));
}

class Preload : public ::testing::Test {
 protected:
  void call(const std::string& name) {
    journal_->append({.id = base::make_uuid(), .function = name, .version = 1, .trigger = "http"});
  }
  std::vector<base::Sha256> modules(const std::vector<catalog::FunctionPtr>& functions) {
    return modules_to_preload(functions, *journal_);
  }
  static std::vector<base::Sha256> of(std::initializer_list<const char*> names) {
    std::vector<base::Sha256> digests;
    for (const char* name : names) digests.push_back(base::sha256(name));
    return digests;
  }

  const database::TestFolder folder_;
  std::unique_ptr<journal::Journal> journal_ = *journal::Journal::open(folder_ / "journal", {});
};

TEST_F(Preload, LastCalledComesFirst) {
  for (const char* name : {"b", "c", "b", "gone", "c"}) call(name);
  const std::vector functions{kept(function_named("a")), kept(function_named("b")),
                              kept(function_named("c")), kept(function_named("d"))};
  EXPECT_EQ(modules(functions), of({"c", "b", "a", "d"}));
}

TEST_F(Preload, DisabledOnesStayOut) {
  auto disabled = function_named("a");
  disabled.enabled = false;
  EXPECT_EQ(modules({kept(disabled), kept(function_named("b"))}), of({"b"}));
}

TEST_F(Preload, AModuleComesOnceAndACanaryAfterItsFunction) {
  auto tried = function_named("a");
  tried.canary = catalog::Canary{.split = {}, .function = kept(function_named("a2"))};
  auto same = function_named("b");
  same.version.module = base::sha256("a");
  EXPECT_EQ(modules({kept(tried), kept(same)}), of({"a", "a2"}));
}

}  // namespace
}  // namespace server
