// Kills a process that deploys at every moment of a deployment that a clock-less test can reach,
// and looks at what its file holds.
#include <map>

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "catalog/registry.h"
#include "database/test_folder.h"

namespace {

using catalog::Config;
using catalog::Registry;

constexpr int kFunctions = 7;
constexpr int kPassing = 99;            // a function that comes and goes
constexpr int kCommitsBeforeDeath = 4;  // at most, and then it dies in the next one

std::unique_ptr<database::Connection> connect(const std::filesystem::path& file) {
  auto connection = database::open_sqlite(file, database::SystemAccess());
  return connection ? std::move(*connection) : nullptr;
}

Config config_of(int function) {
  Config config;
  config.name = fmt::format("f{}", function);
  config.triggers = {catalog::Trigger{}, {catalog::TriggerKind::kCron, "* * * * *", ""}};
  return config;
}

// Large enough to take many pages, so that death also comes between two of them.
std::string module_of(int function, int version) {
  const std::string line = fmt::format("function {} version {}\n", function, version);
  std::string module;
  while (module.size() < 200'000) module += line;
  return module;
}

bool deploy_next(Registry& registry, int function) {
  const Config config = config_of(function);
  const auto current = registry.find(config.name);
  if (!current) return registry.create(config, module_of(function, 1)).has_value();
  return registry.deploy(config, module_of(function, current->version.number + 1)).has_value();
}

bool come_and_go(Registry& registry) {
  const Config config = config_of(kPassing);
  if (!registry.find(config.name) && !registry.create(config, module_of(kPassing, 1))) return false;
  return registry.remove(config.name).has_value();
}

// The child: deploys for ever, and writes one byte to `report` after each deployment.
[[noreturn]] void deploy_until_killed(const std::filesystem::path& file, int report) {
  auto registry = Registry::open(connect(file));
  for (int i = 0; registry; ++i) {
    if (!deploy_next(**registry, i % kFunctions) || ::write(report, "+", 1) != 1) break;
    if (i % 2 == 1 && !come_and_go(**registry)) break;
  }
  ::_exit(1);
}

// How many commits the child reported; it dies at some moment after `commits` of them.
int run_and_kill(const std::filesystem::path& file, int commits) {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    deploy_until_killed(file, ends[1]);
  }
  ::close(ends[1]);
  int reported = 0;
  char byte = 0;
  while (reported < commits && ::read(ends[0], &byte, 1) == 1) ++reported;
  EXPECT_EQ(::kill(child, SIGKILL), 0);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself";
  while (::read(ends[0], &byte, 1) == 1) ++reported;
  ::close(ends[0]);
  return reported;
}

void expect_no_rows(database::Connection& connection, std::string_view sql) {
  const auto rows = connection.query(sql);
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_TRUE(rows->empty()) << sql;
}

void expect_whole(Registry& registry) {
  for (const auto& function : registry.list()) {
    const auto versions = registry.versions(function->name());
    ASSERT_TRUE(versions) << versions.error().message;
    const int number = std::stoi(function->name().substr(1));
    EXPECT_EQ(function->version.number, versions->back().number);
    for (const auto& version : *versions) {
      const auto module = registry.module(version.module);
      ASSERT_TRUE(module) << module.error().message;
      EXPECT_EQ(*module, module_of(number, version.number));
    }
  }
}

std::int64_t changes(database::Connection& connection) {
  // AUTOINCREMENT counts every function ever created; each version beyond the first was one deploy
  // more.
  const auto rows = connection.query(
      "SELECT coalesce((SELECT seq FROM sqlite_sequence), 0)"
      " + (SELECT count(*) FROM versions WHERE number > 1)");
  EXPECT_TRUE(rows) << rows.error().message;
  return std::get<std::int64_t>(rows->front().front());
}

TEST(Registry, WholeAfterKillMinusNine) {
  const database::TestFolder folder;
  const auto file = folder / "roost.db";
  for (int round = 0; round < 20; ++round) {
    const int commits = round % (kCommitsBeforeDeath + 1);
    SCOPED_TRACE(fmt::format("round {}, killed after {} commits", round, commits));
    const std::int64_t before = round == 0 ? 0 : changes(*connect(file));
    const int reported = run_and_kill(file, commits);
    ASSERT_GE(reported, commits);

    auto registry = Registry::open(connect(file));
    ASSERT_TRUE(registry) << registry.error().message;
    expect_whole(**registry);
    const auto rows = connect(file);
    EXPECT_GE(changes(*rows), before + reported) << "what was reported is there";
    expect_no_rows(*rows, "SELECT * FROM pragma_integrity_check WHERE integrity_check <> 'ok'");
    expect_no_rows(*rows, "SELECT * FROM pragma_foreign_key_check");
    expect_no_rows(*rows,
                   "SELECT 1 FROM modules WHERE sha256 NOT IN (SELECT module FROM versions)");
    expect_no_rows(*rows,
                   "SELECT 1 FROM versions v WHERE 2 <> (SELECT count(*) FROM triggers t WHERE"
                   " t.function_id = v.function_id AND t.version = v.number)");
  }
}

}  // namespace
