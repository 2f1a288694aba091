#include "server/config.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "database/test_folder.h"
#include "server/spelling.h"

namespace server {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using telemetry::Format;
using telemetry::Level;

// Reads a configuration from a folder of its own, so that no roost.toml of ours is found.
class Scene {
 public:
  Scene() { sources.flags["data"] = (folder_ / "data").string(); }

  fs::path write(const std::string& name, const std::string& content) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << content;
    return folder_ / name;
  }

  Config read() {
    auto config = read_config(sources);
    EXPECT_TRUE(config) << (config ? "" : config.error().message);
    return config.value_or(Config());
  }
  std::string refusal() {
    const auto config = read_config(sources);
    EXPECT_FALSE(config);
    if (config) return "";
    EXPECT_EQ(config.error().code, base::Code::kInvalidArgument) << config.error().message;
    return config.error().message;
  }

  Sources sources;

 private:
  database::TestFolder folder_;
};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(Config, DefaultsAreThoseOfTheTable) {
  for (const Key& key : keys()) {
    Config config;
    const auto done = key.set(config, key.standard);
    ASSERT_TRUE(done) << key.path << ": " << done.error().message;
    EXPECT_EQ(config, Config()) << key.path << " says that " << key.standard << " is its default";
  }
}

TEST(Config, NothingSaidGivesTheDefaults) {
  Scene scene;
  Config expected;
  expected.data = scene.sources.flags.at("data");
  expected.limits.max_queue = 4000;
  EXPECT_EQ(scene.read(), expected);
}

TEST(Config, EveryKeyIsInTheManual) {
  const fs::path manual =
      fs::path(__FILE__).parent_path().parent_path().parent_path() / "docs/configuration.md";
  std::ifstream in(manual);
  std::stringstream text;
  text << in.rdbuf();
  std::string table = "| Key | Flag | Variable | Value | Default | |\n|---|---|---|---|---|---|\n";
  for (const Key& key : keys()) {
    table += fmt::format("| `{}` | `{}` | `{}` | {} | `{}` | {} |\n", key.path, flag_of(key),
                         variable_of(key), key.type, key.standard, key.about);
  }
  EXPECT_TRUE(contains(text.str(), table + "\n")) << "put this table into " << manual << ":\n"
                                                  << table;
}

TEST(Config, NamesOfFlagsAndVariablesFollowThePath) {
  const auto all = keys();
  const auto body = std::ranges::find(all, "limits.max_body", &Key::path);
  ASSERT_NE(body, all.end());
  EXPECT_EQ(flag_of(*body), "--limits-max-body");
  EXPECT_EQ(variable_of(*body), "ROOST_LIMITS_MAX_BODY");
}

TEST(Config, FileThenEnvironmentThenFlags) {
  Scene scene;
  scene.sources.file = scene.write("a.toml",
                                   "loops = 1\nblocking_threads = 1\nlog.level = 'warn'\n"
                                   "[limits]\nmax_body = '1KiB'\n");
  scene.sources.environment = {{"ROOST_BLOCKING_THREADS", "2"},
                               {"ROOST_LOG_LEVEL", "error"},
                               {"ROOST_LIMITS_MAX_MODULE", "1MiB"}};
  scene.sources.flags["log.level"] = "debug";
  const Config config = scene.read();
  EXPECT_EQ(config.loops, 1U);
  EXPECT_EQ(config.blocking_threads, 2U);
  EXPECT_EQ(config.log.level, Level::kDebug);
  EXPECT_EQ(config.limits.max_body, base::kKiB);
  EXPECT_EQ(config.limits.max_module, base::kMiB);
}

TEST(Config, EveryKeyCanBeSetInTheFile) {
  Scene scene;
  scene.sources.flags.clear();
  scene.sources.file = scene.write("a.toml", R"(
data = "/srv/roost"
listen = "0.0.0.0:80"
admin_listen = "[::1]:81"
loops = 3
blocking_threads = 5
database = "sqlite"
[log]
format = "json"
level = "error"
[limits]
max_concurrency = 10
max_queue = 20
max_queue_wait = "250ms"
max_module = "2MiB"
max_body = 1024
node_memory = "1GiB"
drain_grace = 3
[journal]
max_bytes = "10MB"
max_age = "24h"
)");
  const Config expected{.data = "/srv/roost",
                        .listen = "0.0.0.0:80",
                        .admin_listen = "[::1]:81",
                        .loops = 3,
                        .blocking_threads = 5,
                        .database = "sqlite",
                        .log = {Format::kJson, Level::kError},
                        .limits = {.max_concurrency = 10,
                                   .max_queue = 20,
                                   .max_queue_wait = 250ms,
                                   .max_module = 2 * base::kMiB,
                                   .max_body = 1024,
                                   .node_memory = base::kGiB,
                                   .drain_grace = 3s},
                        .journal = {.max_bytes = 10'000'000, .max_age = 24h},
                        .events = {},
                        .master_key = std::nullopt};
  EXPECT_EQ(scene.read(), expected);
}

TEST(Config, FileOfTheDataFolderIsFound) {
  Scene scene;
  scene.write("data/roost.toml", "loops = 7\n");
  EXPECT_EQ(scene.read().loops, 7U);
  scene.sources.environment["ROOST_DATA"] = scene.sources.flags.at("data");
  scene.sources.flags.clear();
  EXPECT_EQ(scene.read().loops, 7U);
  scene.sources.environment["ROOST_CONFIG"] = scene.write("b.toml", "loops = 8\n").string();
  EXPECT_EQ(scene.read().loops, 8U);
  scene.sources.file = scene.write("c.toml", "loops = 9\n");
  EXPECT_EQ(scene.read().loops, 9U);
}

TEST(Config, FileOfTheDataFolderCannotNameAnother) {
  Scene scene;
  scene.write("data/roost.toml", "data = '/elsewhere'\n");
  EXPECT_TRUE(contains(scene.refusal(), "roost.toml:1: data: this file was found in the data"));
}

TEST(Config, UnknownKeysAreRefusedWithTheirPath) {
  Scene scene;
  scene.sources.file = scene.write("a.toml", "[limits]\nmax_bodi = 1\n");
  EXPECT_TRUE(contains(scene.refusal(),
                       "a.toml:2: limits.max_bodi: unknown key: did you mean limits.max_body?"))
      << scene.refusal();
  scene.sources.file = scene.write("a.toml", "[limit]\nmax_body = 1\n");
  EXPECT_TRUE(contains(scene.refusal(), "limit.max_body: unknown key: did you mean limits."));
  scene.sources.file = scene.write("a.toml", "zzzzzzzzzz = 1\n");
  EXPECT_TRUE(contains(scene.refusal(), "zzzzzzzzzz: unknown key: there are data, listen,"));
  scene.sources.file.reset();
  scene.sources.flags["nonsense"] = "1";
  EXPECT_TRUE(contains(scene.refusal(), "nonsense: unknown key"));
}

TEST(Config, VariablesNearlyKnownAreRefusedAndOthersLeftAlone) {
  Scene scene;
  scene.sources.environment = {{"ROOST_LISTENN", "127.0.0.1:1"}};
  EXPECT_TRUE(contains(scene.refusal(), "ROOST_LISTENN: unknown variable: did you mean"));
  // As Kubernetes sets them beside a service called roost.
  scene.sources.environment = {{"ROOST_PORT", "tcp://10.0.0.1:80"},
                               {"ROOST_SERVICE_HOST", "10.0.0.1"},
                               {"ROOST_URL", "http://x"},
                               {"ROOST_KEY", "k"},
                               {"OTHER", "1"}};
  EXPECT_EQ(scene.read().listen, Config().listen);
}

TEST(Config, EmptyVariablesAreNotSet) {
  Scene scene;
  scene.sources.environment = {{"ROOST_LISTEN", ""}, {"ROOST_MASTER_KEY", ""}};
  const Config config = scene.read();
  EXPECT_EQ(config.listen, Config().listen);
  EXPECT_FALSE(config.master_key);
}

TEST(Config, MasterKeyComesFromTheEnvironmentOnly) {
  Scene scene;
  scene.sources.environment = {{"ROOST_MASTER_KEY", "abc"}};
  EXPECT_EQ(scene.read().master_key, "abc");
  scene.sources.file = scene.write("a.toml", "master_key = 'abc'\n");
  EXPECT_TRUE(contains(scene.refusal(), "master_key: unknown key"));
}

struct Bad {
  std::string key;
  std::string value;
  std::string words;
};

TEST(Config, ValuesOutOfBoundsSayWhatFits) {
  for (const Bad& bad : std::initializer_list<Bad>{
           {"loops", "1025", "\"1025\" is not a whole number from 0 to 1024"},
           {"loops", "-1", "\"-1\" is not a whole number"},
           {"loops", "2x", "\"2x\" is not a whole number"},
           {"loops", "", "\"\" is not a whole number"},
           {"loops", "99999999999999999999", "is not a whole number"},
           {"blocking_threads", "0", "from 1 to 1024"},
           {"limits.max_body", "6 potatoes", "is not a size"},
           {"limits.max_body", "2GiB", "is not from 0 B to 1 GiB"},
           {"limits.max_queue_wait", "1us", "whole number of milliseconds"},
           {"limits.max_queue_wait", "1h", "is not from"},
           {"limits.drain_grace", "soon", "is not a duration"},
           {"journal.max_age", "90m", "whole number of hours"},
           {"journal.max_age", "90000h", "is not from 1h to 87600h"},
           {"journal.max_bytes", "1KiB", "is not from 1 MiB"},
           {"log.level", "loud", "\"loud\" is none of debug, info, warn, error"},
           {"log.format", "xml", "\"xml\" is none of auto, text, json"},
           {"listen", "9400", "is not an address to listen on"},
           {"data", "", "name a folder"},
           {"database", "postgres://u@h/db", "PostgreSQL is not built yet"},
           {"database", "postgresql://u@h/db", "PostgreSQL is not built yet"},
           {"database", "mysql", "\"mysql\" is not a database: say sqlite"},
       }) {
    Scene scene;
    scene.sources.flags[bad.key] = bad.value;
    const std::string message = scene.refusal();
    EXPECT_TRUE(contains(message, bad.words)) << message;
    EXPECT_TRUE(message.starts_with("--" + bad.key.substr(0, 2))) << message;
  }
}

TEST(Config, ErrorsNameTheirSource) {
  Scene scene;
  scene.sources.environment = {{"ROOST_LOOPS", "many"}};
  EXPECT_TRUE(scene.refusal().starts_with("ROOST_LOOPS: \"many\""));
  scene.sources.file = scene.write("a.toml", "\nloops = 'many'\n");
  EXPECT_TRUE(contains(scene.refusal(), "a.toml:2: loops: \"many\""));
}

TEST(Config, FileMustBeTomlOfTextsAndNumbers) {
  Scene scene;
  scene.sources.file = scene.write("a.toml", "loops = 1\nloops = 2\n");
  EXPECT_TRUE(contains(scene.refusal(), "a.toml:2: "));
  scene.sources.file = scene.write("a.toml", "loops = true\n");
  EXPECT_TRUE(contains(scene.refusal(), "a.toml:1: loops: must be text or a whole number"));
  scene.sources.file = scene.write("a.toml", "loops = [1]\n");
  EXPECT_TRUE(contains(scene.refusal(), "loops: must be text or a whole number"));
}

TEST(Config, FileThatIsNotThereIsAnError) {
  Scene scene;
  scene.sources.file = "/nowhere/roost.toml";
  const auto config = read_config(scene.sources);
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, base::Code::kStorage);
  EXPECT_TRUE(contains(config.error().message, "cannot read /nowhere/roost.toml"));
  const database::TestFolder test;
  std::filesystem::create_directory(test / "roost.toml");
  scene.sources.file = test / "roost.toml";
  EXPECT_FALSE(read_config(scene.sources)) << "a folder is no empty file";
  scene.sources.file.reset();
  scene.sources.flags["data"] = (test / "").string();
  EXPECT_FALSE(read_config(scene.sources));
}

TEST(Config, ListenersMustNotShareAnAddress) {
  Scene scene;
  scene.sources.flags["listen"] = scene.sources.flags["admin_listen"] = "127.0.0.1:9000";
  EXPECT_TRUE(contains(scene.refusal(), "must not share an address"));
  scene.sources.flags["listen"] = scene.sources.flags["admin_listen"] = "127.0.0.1:0";
  EXPECT_EQ(scene.read().listen, "127.0.0.1:0");
}

TEST(Config, NodeMemoryMustHoldOneFunction) {
  Scene scene;
  scene.sources.flags["limits.node_memory"] = "15MiB";
  EXPECT_TRUE(contains(scene.refusal(), "limits.node_memory is 15 MiB: not even one function"));
  scene.sources.flags["limits.node_memory"] = "16MiB";
  EXPECT_EQ(scene.read().limits.node_memory, 16 * base::kMiB);
}

TEST(Config, QueueIsFourTimesTheConcurrency) {
  Scene scene;
  scene.sources.flags["limits.max_concurrency"] = "7";
  EXPECT_EQ(scene.read().limits.max_queue, 28U);
  scene.sources.flags["limits.max_queue"] = "3";
  EXPECT_EQ(scene.read().limits.max_queue, 3U);
}

TEST(Spelling, DistanceCountsEdits) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("listen", "listen"), 0U);
}

TEST(Spelling, NearestIsTheFewestEditsAndNotTooFar) {
  const std::vector<std::string> known{"listen", "loops", "data"};
  EXPECT_EQ(nearest("lopps", known), "loops");
  EXPECT_EQ(nearest("liste", known), "listen");
  EXPECT_EQ(nearest("date", known), "data");
  EXPECT_EQ(nearest("zzzz", known), std::nullopt);
  EXPECT_EQ(nearest("", known), std::nullopt);
}

}  // namespace
}  // namespace server
