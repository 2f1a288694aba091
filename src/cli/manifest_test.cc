#include "cli/manifest.h"

#include <fstream>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "database/test_folder.h"

namespace cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

class Scene {
 public:
  base::Result<Manifest> read(const std::string& text) {
    fs::create_directories(folder_ / "greet");
    std::ofstream(file()) << text;
    return read_manifest(file());
  }
  std::string refusal(const std::string& text) {
    const auto manifest = read(text);
    EXPECT_FALSE(manifest) << text;
    if (manifest) return "";
    EXPECT_EQ(manifest.error().code, base::Code::kInvalidArgument);
    EXPECT_TRUE(manifest.error().message.starts_with(file().string() + ":"))
        << manifest.error().message;
    return manifest.error().message.substr(file().string().size());
  }
  [[nodiscard]] fs::path file() const { return folder_ / "greet/function.toml"; }

 private:
  database::TestFolder folder_;
};

TEST(Manifest, EveryKeyBecomesConfig) {
  Scene scene;
  const auto manifest = scene.read(R"(
name = "hello"
module = "build/x.wasm"
triggers = ["http", "table:users:insert"]
verify_jwt = false
service_role = true
[limits]
timeout = "2s"
cpu = "500ms"
memory = "64MiB"
max_response = 1024
max_log = 0
[env]
GREETING = "Hello"
EMPTY = ""
)");
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(manifest->module, scene.file().parent_path() / "build/x.wasm");
  EXPECT_EQ(json::value(manifest->config), json::parse(R"({
    "name": "hello", "triggers": ["http", "table:users:insert"], "verify_jwt": false,
    "service_role": true, "timeout": "2s", "cpu": "500ms", "memory": "64MiB",
    "max_response": 1024, "max_log": 0, "env": {"GREETING": "Hello", "EMPTY": ""}})"))
      << json::serialize(manifest->config);
}

TEST(Manifest, NameAndModuleComeFromTheFolder) {
  Scene scene;
  const auto manifest = scene.read("");
  ASSERT_TRUE(manifest);
  EXPECT_EQ(json::serialize(manifest->config), R"({"name":"greet"})");
  EXPECT_EQ(manifest->module, scene.file().parent_path() / "greet.wasm");
  EXPECT_EQ(scene.read("name = 'other'")->module, scene.file().parent_path() / "other.wasm");
}

TEST(Manifest, FolderCanBeTheCurrentOne) {
  Scene scene;
  ASSERT_TRUE(scene.read(""));
  const fs::path before = fs::current_path();
  fs::current_path(scene.file().parent_path());
  const auto manifest = read_manifest("./function.toml");
  fs::current_path(before);
  ASSERT_TRUE(manifest);
  EXPECT_EQ(json::serialize(manifest->config), R"({"name":"greet"})");
}

TEST(Manifest, UnknownKeysAreRefusedWithAHint) {
  Scene scene;
  EXPECT_EQ(scene.refusal("\ntriggerz = ['http']"),
            ":2: triggerz: unknown key: did you mean triggers?");
  EXPECT_EQ(scene.refusal("[limits]\ntimeot = 1"),
            ":2: limits.timeot: unknown key: did you mean limits.timeout?");
  EXPECT_EQ(scene.refusal("[limits.inner]\nx = 1").substr(0, 17), ":1: limits.inner:");
  EXPECT_TRUE(
      scene.refusal("zzzzzzzz = 1").starts_with(":1: zzzzzzzz: unknown key: there are env."));
}

TEST(Manifest, WrongTypesAreRefused) {
  Scene scene;
  EXPECT_EQ(scene.refusal("name = 1"), ":1: name: must be text");
  EXPECT_EQ(scene.refusal("triggers = 'http'"), ":1: triggers: must be a list of texts");
  EXPECT_EQ(scene.refusal("triggers = [1]"), ":1: triggers: must be a list of texts");
  EXPECT_EQ(scene.refusal("verify_jwt = 'yes'"), ":1: verify_jwt: must be true or false");
  EXPECT_EQ(scene.refusal("limits.memory = 1.5"), ":1: limits.memory: must be text or a number");
  EXPECT_EQ(scene.refusal("env.A = 1"), ":1: env.A: must be text: write numbers in quotes");
}

TEST(Manifest, WhatIsNotTomlIsRefusedWithItsLine) {
  Scene scene;
  EXPECT_TRUE(scene.refusal("a = 1\nb = = 2").starts_with(":2: "));
}

TEST(Manifest, FileThatIsNotThereIsNotFound) {
  EXPECT_EQ(read_manifest("/nowhere/function.toml").error().code, base::Code::kNotFound);
}

}  // namespace
}  // namespace cli
