#include "cli/stored_state.h"

#include <fstream>
#include <functional>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "catalog/registry.h"
#include "database/test_folder.h"
#include "wasm/engine.h"

namespace cli {
namespace {

StoredState good_state() {
  return {.catalog = CatalogFacts{.schema = 2, .functions = 3, .modules = 2},
          .tables = 4,
          .compiled = 2,
          .journal_files = 1,
          .journal_bytes = base::kMiB,
          .newest_ahead = {}};
}

Check judged(std::string_view name, const std::function<void(StoredState&)>& change) {
  StoredState state = good_state();
  change(state);
  for (Check& check : diagnose_state(state, 65'530, {})) {
    if (check.name == name) return check;
  }
  ADD_FAILURE() << "there is no check " << name;
  return {};
}

TEST(StoredState, GoodOneIsGood) {
  const auto checks = diagnose_state(good_state(), 65'530, {});
  EXPECT_EQ(worst_of(checks), Verdict::kOk);
  EXPECT_EQ(checks.size(), 5U);
}

TEST(StoredState, CatalogIsReadableAndNotNewer) {
  const auto with = [](base::Result<CatalogFacts> facts) {
    return judged("catalog", [&](StoredState& state) { state.catalog = facts; });
  };
  EXPECT_EQ(with(base::fail(base::Code::kNotFound, "none")).verdict, Verdict::kOk);
  EXPECT_EQ(with(base::fail(base::Code::kStorage, "broken")).verdict, Verdict::kFail);
  const Check newer = with(CatalogFacts{.schema = 99});
  EXPECT_EQ(newer.verdict, Verdict::kFail);
  EXPECT_NE(newer.advice.find("run a newer roost"), std::string::npos);
  EXPECT_EQ(with(CatalogFacts{.schema = 1}).verdict, Verdict::kOk);
}

TEST(StoredState, TablesAreThereAndReadable) {
  const database::TestFolder test;
  const auto look = [&] {
    const StoredState state = look_at_state(test / "");
    return judged("tables", [&](StoredState& other) { other.tables = state.tables; });
  };
  EXPECT_EQ(look().verdict, Verdict::kOk) << "before the first start";
  std::ofstream(test / "keys.json") << "{}";
  EXPECT_EQ(look().verdict, Verdict::kFail);
  EXPECT_NE(look().advice.find("restore"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(test / "data.db")) << "it makes nothing";
  {
    const auto file = *database::open_sqlite(test / "data.db", database::SystemAccess());
    ASSERT_TRUE(file->run_script("CREATE TABLE notes (id); CREATE TABLE _roost_grant (id)"));
  }
  EXPECT_EQ(look().finding, "1 in data.db");
  std::ofstream(test / "data.db") << std::string(8192, 'x');
  EXPECT_EQ(look().verdict, Verdict::kFail) << look().finding;
}

TEST(StoredState, EnabledModulesHaveRoom) {
  const auto with = [](std::int64_t modules) {
    return judged("compiled code",
                  [modules](StoredState& state) { state.catalog->modules = modules; });
  };
  EXPECT_EQ(with(3276).verdict, Verdict::kOk);
  EXPECT_NE(with(3276).finding.find("compiles what is missing"), std::string::npos);
  EXPECT_EQ(with(3277).verdict, Verdict::kWarn);
  EXPECT_NE(with(3277).advice.find("vm.max_map_count=65540"), std::string::npos);
}

TEST(StoredState, JournalIsKeptWithinItsBounds) {
  const auto check = judged("journal", [](auto& state) { state.journal_bytes = 3 * base::kGiB; });
  EXPECT_EQ(check.verdict, Verdict::kWarn);
}

TEST(StoredState, ClockThatWasSetBackIsSeen) {
  const auto with = [](int seconds) {
    return judged("clock",
                  [seconds](auto& state) { state.newest_ahead = std::chrono::seconds(seconds); })
        .verdict;
  };
  EXPECT_EQ(with(60), Verdict::kOk);
  EXPECT_EQ(with(61), Verdict::kWarn);
}

TEST(StoredState, LooksAtARealFolder) {
  const database::TestFolder test;
  EXPECT_EQ(look_at_state(test / "").catalog.error().code, base::Code::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(test / "roost.db")) << "it makes nothing";
  {
    const auto registry = *catalog::Registry::open(
        *database::open_sqlite(test / "roost.db", database::SystemAccess()));
    for (const char* name : {"a", "b", "c"}) {
      catalog::Config config;
      config.name = name;
      config.triggers = {catalog::Trigger{}};
      ASSERT_TRUE(registry->create(config, name[0] == 'c' ? "other" : "module"));
    }
  }
  std::filesystem::create_directory(test / "code");
  const auto engine = *wasm::Engine::compiling();
  std::ofstream(test / fmt::format("code/{}-{:016x}.code", "abc", engine.compatibility())) << "x";
  std::ofstream(test / "code/abc-0000000000000000.code") << "of another engine";
  std::filesystem::create_directory(test / "journal");
  std::ofstream(test / "journal/1") << "12345";
  std::ofstream(test / "keys.json") << "{}";
  std::filesystem::last_write_time(
      test / "keys.json", std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  const StoredState state = look_at_state(test / "");
  ASSERT_TRUE(state.catalog) << state.catalog.error().message;
  EXPECT_EQ(state.catalog->schema, 3);
  EXPECT_EQ(state.catalog->functions, 3);
  EXPECT_EQ(state.catalog->modules, 2);
  EXPECT_EQ(state.compiled, 1);
  EXPECT_EQ(state.journal_files, 1);
  EXPECT_EQ(state.journal_bytes, 5U);
  EXPECT_GT(state.newest_ahead, std::chrono::minutes(59));
}

}  // namespace
}  // namespace cli
