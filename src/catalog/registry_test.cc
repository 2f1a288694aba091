#include "catalog/registry.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "database/test_folder.h"

namespace {

using base::Code;
using catalog::Config;
using catalog::FunctionPtr;
using catalog::Registry;
using catalog::Trigger;
using catalog::TriggerKind;
using database::Row;

std::unique_ptr<database::Connection> connect(const std::filesystem::path& file) {
  auto connection = database::open_sqlite(file, database::SystemAccess());
  EXPECT_TRUE(connection) << connection.error().message;
  return std::move(*connection);
}

std::unique_ptr<Registry> open(const std::filesystem::path& file) {
  auto registry = Registry::open(connect(file));
  EXPECT_TRUE(registry) << registry.error().message;
  return registry ? std::move(*registry) : nullptr;
}

Config config_of(std::string name, std::vector<Trigger> triggers = {Trigger{}}) {
  Config config;
  config.name = std::move(name);
  config.triggers = std::move(triggers);
  return config;
}

// A registry on a file of its own, and a second connection that looks at the rows.
struct Catalog {
  Catalog() : registry(open(folder / "roost.db")), rows(connect(folder / "roost.db")) {}

  std::int64_t count(std::string_view table) const {
    const auto found = rows->query(fmt::format("SELECT count(*) FROM {}", table));
    EXPECT_TRUE(found) << found.error().message;
    return std::get<std::int64_t>(found->front().front());
  }
  void reopen() {
    registry.reset();
    registry = open(folder / "roost.db");
  }

  database::TestFolder folder;
  std::unique_ptr<Registry> registry;
  std::unique_ptr<database::Connection> rows;
};

std::vector<std::string> names(const std::vector<FunctionPtr>& functions) {
  std::vector<std::string> names;
  for (const FunctionPtr& function : functions) names.push_back(function->name());
  return names;
}

using Names = std::vector<std::string>;

TEST(Registry, RegisterFunction) {
  Catalog catalog;
  Config config = config_of("hello", {Trigger{}, {TriggerKind::kCron, "* * * * *", ""}});
  config.environment = {{"API_KEY", "hunter22"}};
  config.limits.cpu = std::chrono::milliseconds(500);
  const auto before = std::chrono::system_clock::now() - std::chrono::milliseconds(1);
  const auto created = catalog.registry->create(config, "module bytes");
  ASSERT_TRUE(created) << created.error().message;
  EXPECT_EQ((*created)->version.number, 1);
  EXPECT_TRUE((*created)->enabled);
  EXPECT_EQ((*created)->version.module, base::sha256("module bytes"));
  EXPECT_EQ((*created)->version.module_bytes, 12U);
  EXPECT_EQ((*created)->version.config, config);
  EXPECT_GE((*created)->created_at, before);
  EXPECT_LE((*created)->version.created_at, std::chrono::system_clock::now());

  const std::int64_t id = (*created)->id.value();
  const auto created_at = (*created)->created_at;
  catalog.reopen();
  const FunctionPtr found = catalog.registry->find("hello");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id.value(), id);
  EXPECT_EQ(found->created_at, created_at);
  EXPECT_EQ(found->version.config, config);
  EXPECT_EQ(catalog.registry->module(found->version.module), "module bytes");
  EXPECT_EQ(catalog.count("triggers"), 2);
}

TEST(Registry, DuplicateNameErrors) {
  const Catalog catalog;
  ASSERT_TRUE(catalog.registry->create(config_of("hello"), "one"));
  const auto second = catalog.registry->create(config_of("hello"), "two");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kAlreadyExists);
  EXPECT_NE(second.error().message.find("\"hello\""), std::string::npos);
  EXPECT_EQ(catalog.registry->find("hello")->version.module, base::sha256("one"));
  EXPECT_EQ(catalog.count("modules"), 1) << "nothing of the refused one is stored";
}

TEST(Registry, GetByName) {
  const Catalog catalog;
  EXPECT_EQ(catalog.registry->find("hello"), nullptr);
  for (const char* name : {"b", "hello", "a"}) {
    ASSERT_TRUE(catalog.registry->create(config_of(name), name));
  }
  EXPECT_EQ(catalog.registry->find("hello")->name(), "hello");
  EXPECT_EQ(catalog.registry->find(std::string_view("hello world", 5))->name(), "hello");
  for (const char* name : {"", "hell", "hello ", "Hello"}) {
    EXPECT_EQ(catalog.registry->find(name), nullptr) << name;
  }
  EXPECT_EQ(names(catalog.registry->list()), (Names{"a", "b", "hello"}));
}

TEST(Registry, GetByTrigger) {
  Catalog catalog;
  const Trigger users{TriggerKind::kTable, "users", "insert"};
  const Trigger users_too{TriggerKind::kTable, "users", "delete"};
  const Trigger orders{TriggerKind::kTable, "orders", "insert"};
  ASSERT_TRUE(catalog.registry->create(config_of("z", {users, users_too}), "m"));
  ASSERT_TRUE(catalog.registry->create(config_of("a", {orders, users}), "m"));
  ASSERT_TRUE(catalog.registry->create(config_of("h"), "m"));
  for (int round = 0; round < 2; ++round) {
    const Registry& registry = *catalog.registry;
    EXPECT_EQ(names(registry.by_trigger(TriggerKind::kTable)), (Names{"a", "z"}));
    EXPECT_EQ(names(registry.by_trigger(TriggerKind::kTable, "users")), (Names{"a", "z"}));
    EXPECT_EQ(names(registry.by_trigger(TriggerKind::kTable, "orders")), Names{"a"});
    EXPECT_EQ(names(registry.by_trigger(TriggerKind::kTable, "user")), Names{});
    EXPECT_EQ(names(registry.by_trigger(TriggerKind::kHttp)), Names{"h"});
    EXPECT_EQ(names(registry.by_trigger(TriggerKind::kCron)), Names{});
    catalog.reopen();
  }
  ASSERT_TRUE(catalog.registry->deploy(config_of("a", {orders}), "m"));
  EXPECT_EQ(names(catalog.registry->by_trigger(TriggerKind::kTable, "users")), Names{"z"})
      << "an older version's triggers do not fire";
}

TEST(Registry, Unregister) {
  Catalog catalog;
  ASSERT_TRUE(catalog.registry->create(config_of("gone"), "own"));
  ASSERT_TRUE(catalog.registry->deploy(config_of("gone"), "shared"));
  ASSERT_TRUE(catalog.registry->create(config_of("stays"), "shared"));
  EXPECT_EQ(catalog.count("modules"), 2) << "a module is stored once";
  const FunctionPtr held = catalog.registry->find("gone");

  ASSERT_TRUE(catalog.registry->remove("gone"));
  EXPECT_EQ(catalog.registry->find("gone"), nullptr);
  EXPECT_EQ(names(catalog.registry->by_trigger(TriggerKind::kHttp)), Names{"stays"});
  EXPECT_EQ(catalog.registry->remove("gone").error().code, Code::kNotFound);
  EXPECT_EQ(catalog.registry->versions("gone").error().code, Code::kNotFound);
  EXPECT_EQ(catalog.registry->module(base::sha256("own")).error().code, Code::kNotFound);
  EXPECT_EQ(catalog.registry->module(base::sha256("shared")), "shared");
  EXPECT_EQ(catalog.registry->modules(), std::set{base::sha256("shared")});
  EXPECT_EQ(catalog.count("versions"), 1);
  EXPECT_EQ(catalog.count("triggers"), 1);
  EXPECT_EQ(held->name(), "gone") << "who holds a function keeps it";

  const auto again = catalog.registry->create(config_of("gone"), "own");
  ASSERT_TRUE(again);
  EXPECT_GT((*again)->id, held->id) << "ids are not given twice";
}

// Threads register the same and different names at once, while others read.
TEST(Registry, ConcurrentRegistration) {
  Catalog catalog;
  constexpr int kThreads = 4;
  constexpr int kNames = 12;
  std::atomic<int> created = 0;
  std::atomic<int> taken = 0;
  std::atomic<int> running = kThreads;
  const auto write = [&](int thread) {
    for (int i = 0; i < kNames; ++i) {
      const auto shared = catalog.registry->create(config_of(fmt::format("shared-{}", i)), "m");
      (shared ? created : taken).fetch_add(1);
      EXPECT_TRUE(shared || shared.error().code == Code::kAlreadyExists);
      const std::string own = fmt::format("own-{}-{}", thread, i);
      EXPECT_TRUE(catalog.registry->create(config_of(own), own));
      EXPECT_TRUE(catalog.registry->deploy(config_of(own), own + "2"));
      EXPECT_EQ(catalog.registry->find(own)->version.number, 2) << "one's own change is seen";
    }
    running.fetch_sub(1);
  };
  const auto read = [&] {
    std::size_t seen = 0;
    while (running.load() > 0) {
      const auto list = catalog.registry->list();
      EXPECT_GE(list.size(), seen) << "nothing vanishes";
      seen = list.size();
      EXPECT_TRUE(std::ranges::is_sorted(list, {}, [](const FunctionPtr& f) { return f->name(); }));
      for (const FunctionPtr& function : list) {
        const FunctionPtr found = catalog.registry->find(function->name());
        EXPECT_TRUE(found && found->version.number >= function->version.number);
      }
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(write, i);
  threads.emplace_back(read);
  threads.emplace_back(read);
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(created, kNames);
  EXPECT_EQ(taken, kNames * (kThreads - 1));
  const auto in_memory = names(catalog.registry->list());
  EXPECT_EQ(in_memory.size(), static_cast<std::size_t>(kNames * (kThreads + 1)));
  catalog.reopen();
  EXPECT_EQ(names(catalog.registry->list()), in_memory);
}

TEST(Registry, KnowsWhichVersionRanBefore) {
  Catalog catalog;
  const auto previous = [&] { return catalog.registry->find("f")->previous; };
  ASSERT_TRUE(catalog.registry->create(config_of("f"), "one"));
  EXPECT_EQ(previous(), std::nullopt);
  ASSERT_TRUE(
      catalog.registry->deploy_canary(config_of("f"), "two", {.percent = 10, .header = ""}));
  ASSERT_TRUE(catalog.registry->remove_canary("f"));
  EXPECT_EQ(previous(), std::nullopt) << "a canary is not what runs";
  ASSERT_TRUE(catalog.registry->deploy(config_of("f"), "three"));
  EXPECT_EQ(previous(), 1);
  ASSERT_TRUE(catalog.registry->rollback("f", 1));
  EXPECT_EQ(previous(), 3) << "so that a second rollback undoes the first";
  ASSERT_TRUE(catalog.registry->rollback("f", 1));
  EXPECT_EQ(previous(), 3) << "nothing changed";
  catalog.reopen();
  EXPECT_EQ(previous(), 3);
}

TEST(Registry, VersionsAreKeptAndCanComeBack) {
  Catalog catalog;
  ASSERT_TRUE(catalog.registry->create(config_of("f"), "one"));
  Config changed = config_of("f");
  changed.verify_jwt = false;
  ASSERT_TRUE(catalog.registry->deploy(changed, "two"));
  const auto back = catalog.registry->rollback("f", 1);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ((*back)->version.module, base::sha256("one"));
  EXPECT_TRUE((*back)->version.config.verify_jwt);
  const auto third = catalog.registry->deploy(changed, "three");
  ASSERT_TRUE(third);
  EXPECT_EQ((*third)->version.number, 3) << "numbers go on after a rollback";

  const auto versions = catalog.registry->versions("f");
  ASSERT_TRUE(versions);
  ASSERT_EQ(versions->size(), 3U);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(versions->at(static_cast<std::size_t>(i)).number, i + 1);
  EXPECT_EQ(versions->at(1).config, changed);
  EXPECT_EQ(versions->at(2).module_bytes, 5U);

  for (const int missing : {0, -1, 4}) {
    const auto none = catalog.registry->rollback("f", missing);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, Code::kNotFound);
  }
  catalog.reopen();
  EXPECT_EQ(catalog.registry->find("f")->version.number, 3);
}

TEST(Registry, ACanaryIsAVersionBesideTheOneThatRuns) {
  Catalog catalog;
  ASSERT_TRUE(catalog.registry->create(config_of("f"), "one"));
  const auto deployed =
      catalog.registry->deploy_canary(config_of("f"), "two", {.percent = 5, .header = {}});
  ASSERT_TRUE(deployed) << deployed.error().message;
  EXPECT_EQ((*deployed)->version.number, 1);
  ASSERT_TRUE((*deployed)->canary);
  EXPECT_EQ((*deployed)->canary->function->version.number, 2);
  EXPECT_EQ((*deployed)->canary->function->version.module, base::sha256("two"));
  EXPECT_FALSE((*deployed)->canary->function->canary);

  ASSERT_TRUE(catalog.registry->set_canary("f", 2, {.percent = 50, .header = "X-Try: yes"}));
  catalog.reopen();
  const auto found = catalog.registry->find("f");
  ASSERT_TRUE(found->canary);
  EXPECT_EQ(found->canary->split, (catalog::CanarySplit{50, "x-try: yes"}));

  const auto promoted = catalog.registry->rollback("f", 2);
  ASSERT_TRUE(promoted);
  EXPECT_EQ((*promoted)->version.number, 2);
  EXPECT_FALSE((*promoted)->canary) << "who is promoted is no canary";
}

TEST(Registry, ACanaryEnds) {
  Catalog catalog;
  ASSERT_TRUE(catalog.registry->create(config_of("f"), "one"));
  ASSERT_TRUE(catalog.registry->deploy(config_of("f"), "two"));
  const catalog::CanarySplit split{.percent = 5, .header = {}};
  ASSERT_TRUE(catalog.registry->set_canary("f", 1, split));
  EXPECT_FALSE((*catalog.registry->remove_canary("f"))->canary);
  ASSERT_TRUE(catalog.registry->remove_canary("f")) << "there need not be one";
  ASSERT_TRUE(catalog.registry->set_canary("f", 1, split));
  EXPECT_FALSE((*catalog.registry->deploy(config_of("f"), "three"))->canary);
  ASSERT_TRUE(catalog.registry->set_canary("f", 1, split));
  ASSERT_TRUE(catalog.registry->remove("f"));
  EXPECT_EQ(catalog.count("canaries"), 0);
}

TEST(Registry, WhatCannotBeACanaryIsRefused) {
  const Catalog catalog;
  const catalog::CanarySplit split{.percent = 5, .header = {}};
  const Config silent = config_of("f", {{TriggerKind::kCron, "* * * * *", ""}});
  ASSERT_TRUE(catalog.registry->create(config_of("f"), "one"));
  ASSERT_TRUE(catalog.registry->deploy(silent, "two"));
  const auto code = [](const auto& result) {
    return result ? Code::kInternal : result.error().code;
  };
  EXPECT_EQ(code(catalog.registry->set_canary("f", 2, split)), Code::kInvalidArgument);  // runs
  EXPECT_EQ(code(catalog.registry->set_canary("f", 9, split)), Code::kNotFound);
  EXPECT_EQ(code(catalog.registry->set_canary("g", 1, split)), Code::kNotFound);
  EXPECT_EQ(code(catalog.registry->set_canary("f", 1, {})), Code::kInvalidArgument);
  EXPECT_EQ(code(catalog.registry->deploy_canary(silent, "m", split)), Code::kInvalidArgument);
  EXPECT_EQ(code(catalog.registry->deploy_canary(config_of("g"), "m", split)), Code::kNotFound);
  EXPECT_EQ(code(catalog.registry->remove_canary("g")), Code::kNotFound);
  EXPECT_EQ(catalog.count("versions"), 2) << "nothing is stored of what was refused";
}

TEST(Registry, UnknownNamesAreNotFound) {
  const Catalog catalog;
  EXPECT_EQ(catalog.registry->deploy(config_of("f"), "m").error().code, Code::kNotFound);
  EXPECT_EQ(catalog.registry->rollback("f", 1).error().code, Code::kNotFound);
  EXPECT_EQ(catalog.registry->set_enabled("f", true).error().code, Code::kNotFound);
  EXPECT_EQ(catalog.count("modules"), 0);
}

TEST(Registry, DisabledStaysDisabled) {
  Catalog catalog;
  ASSERT_TRUE(catalog.registry->create(config_of("f"), "m"));
  ASSERT_TRUE(catalog.registry->set_enabled("f", false));
  EXPECT_FALSE(catalog.registry->find("f")->enabled);
  ASSERT_TRUE(catalog.registry->deploy(config_of("f"), "n"));
  catalog.reopen();
  EXPECT_FALSE(catalog.registry->find("f")->enabled) << "a deployment does not enable";
  ASSERT_TRUE(catalog.registry->set_enabled("f", true));
  EXPECT_TRUE(catalog.registry->find("f")->enabled);
}

TEST(Registry, ConfigsThatCouldNotBeReadAgainAreRefused) {
  Catalog catalog;
  EXPECT_EQ(catalog.registry->create(config_of("No Name"), "m").error().code,
            Code::kInvalidArgument);
  Config config = config_of("f");
  config.environment["A"] = "\xff";
  EXPECT_EQ(catalog.registry->create(config, "m").error().code, Code::kInvalidArgument);
  ASSERT_TRUE(catalog.registry->create(config_of("f"), "m"));
  config.environment.clear();
  config.limits.memory_bytes = 1;
  EXPECT_EQ(catalog.registry->deploy(config, "m").error().code, Code::kInvalidArgument);
  catalog.reopen();
  EXPECT_EQ(catalog.registry->find("f")->version.number, 1);
}

TEST(Registry, AFailedChangeIsNotSeen) {
  const Catalog catalog;
  ASSERT_TRUE(catalog.registry->create(config_of("f"), "m"));
  ASSERT_TRUE(catalog.rows->run_script(
      "CREATE TRIGGER refuse BEFORE INSERT ON triggers BEGIN SELECT RAISE(ABORT, 'no'); END"));
  EXPECT_FALSE(catalog.registry->deploy(config_of("f"), "n"));
  EXPECT_FALSE(catalog.registry->create(config_of("g"), "n"));
  EXPECT_EQ(catalog.registry->find("f")->version.number, 1);
  EXPECT_EQ(catalog.registry->find("g"), nullptr);
  EXPECT_EQ(catalog.count("modules"), 1);
  EXPECT_EQ(catalog.count("functions"), 1);
}

TEST(Registry, ANewerSchemaIsRefused) {
  const Catalog catalog;
  ASSERT_TRUE(catalog.rows->query("UPDATE _roost_schema_version SET version = 1000"));
  const auto registry = Registry::open(connect(catalog.folder / "roost.db"));
  ASSERT_FALSE(registry);
  EXPECT_EQ(registry.error().code, Code::kStorage);
  EXPECT_NE(registry.error().message.find("run a newer roost"), std::string::npos);
}

TEST(Registry, RowsThatRoostDidNotWriteAreRefused) {
  const Catalog catalog;
  ASSERT_TRUE(catalog.registry->create(config_of("f"), "m"));
  const auto with_column = [&](std::string_view column, std::string_view value) {
    const std::string view =
        "SELECT function_id, number, module, 1 AS module_bytes, config, created_at FROM versions";
    std::string changed = view;
    changed.replace(changed.find(column), column.size(), value);
    EXPECT_TRUE(catalog.rows->run_script(
        "DROP VIEW version_summaries; CREATE VIEW version_summaries AS " + changed));
    return Registry::open(connect(catalog.folder / "roost.db"));
  };
  EXPECT_TRUE(with_column("config", "config"));
  EXPECT_EQ(with_column("config", "'{}' AS config").error().code, Code::kStorage);
  EXPECT_EQ(with_column("config", "7 AS config").error().code, Code::kStorage);
  EXPECT_EQ(with_column("1 AS", "'x' AS").error().code, Code::kStorage);
  EXPECT_EQ(with_column("module,", "x'00' AS module,").error().code, Code::kStorage);
}

TEST(Hash, AModuleChangedOnDiskIsRefusedUntilDeployedAgain) {
  const Catalog catalog;
  ASSERT_TRUE(catalog.registry->create(config_of("f"), "module bytes"));
  const auto hash = base::sha256("module bytes");
  ASSERT_EQ(catalog.registry->module(hash), "module bytes");
  ASSERT_TRUE(catalog.rows->query("UPDATE modules SET bytes = x'6d6f64756c65206279746573'"));
  ASSERT_EQ(catalog.registry->module(hash), "module bytes");
  ASSERT_TRUE(catalog.rows->query("UPDATE modules SET bytes = x'6d6f64756c65206279746574'"));
  const auto changed = catalog.registry->module(hash);
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code, Code::kStorage);

  ASSERT_TRUE(catalog.registry->deploy(config_of("f"), "module bytes"));
  EXPECT_EQ(catalog.registry->module(hash), "module bytes");
}

}  // namespace
