#include "cli/connection_settings.h"

#include <fstream>

#include <gtest/gtest.h>

#include "database/test_folder.h"

namespace cli {
namespace {

const server::KeysFile kKeys{.anon_key = "anon-key",
                             .service_role_key = "service-key",
                             .jwt_secret = "secret",
                             .url = "http://127.0.0.1:4000",
                             .admin_url = "http://192.0.2.1:4001"};

class Scene {
 public:
  Scene() { environment["ROOST_DATA"] = (folder_ / "").string(); }

  void write_keys(const std::string& text = server::to_json(kKeys)) {
    std::ofstream(folder_ / "keys.json") << text;
  }
  ConnectionSettings read() {
    auto settings = ConnectionSettings::read(options, environment);
    EXPECT_TRUE(settings) << (settings ? "" : settings.error().message);
    return std::move(*settings);
  }
  std::string url(Listener listener) { return read().url(listener)->text(); }

  ConnectionOptions options;
  Environment environment;

 private:
  database::TestFolder folder_;
};

TEST(ConnectionSettings, WithoutAnythingTheDefaultsHold) {
  Scene scene;
  EXPECT_EQ(scene.url(Listener::kFunctions), "http://127.0.0.1:9400");
  EXPECT_EQ(scene.url(Listener::kAdmin), "http://127.0.0.1:9401");
  const auto key = scene.read().admin_key();
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().exit, ExitCode::kUsage);
  EXPECT_NE(key.error().message.find("set ROOST_KEY"), std::string::npos) << key.error().message;
  EXPECT_EQ(scene.read().function_key(""), "");
}

TEST(ConnectionSettings, KeysFileSaysTheRest) {
  Scene scene;
  scene.write_keys();
  EXPECT_EQ(scene.url(Listener::kFunctions), kKeys.url);
  EXPECT_EQ(scene.url(Listener::kAdmin), kKeys.admin_url);
  EXPECT_EQ(scene.read().admin_key(), "service-key");
  EXPECT_EQ(scene.read().function_key(""), "anon-key");
}

TEST(ConnectionSettings, EnvironmentBeforeFileAndFlagsBeforeBoth) {
  Scene scene;
  scene.write_keys();
  scene.environment["ROOST_URL"] = "http://127.0.0.1:1";
  scene.environment["ROOST_ADMIN_URL"] = "http://127.0.0.1:2";
  scene.environment["ROOST_KEY"] = "from-environment";
  EXPECT_EQ(scene.url(Listener::kFunctions), "http://127.0.0.1:1");
  EXPECT_EQ(scene.url(Listener::kAdmin), "http://127.0.0.1:2");
  EXPECT_EQ(scene.read().admin_key(), "from-environment");
  EXPECT_EQ(scene.read().function_key(""), "from-environment");
  scene.options = {.url = "http://127.0.0.1:3",
                   .admin_url = "http://127.0.0.1:4",
                   .key = "from-flag",
                   .data = ""};
  EXPECT_EQ(scene.url(Listener::kFunctions), "http://127.0.0.1:3");
  EXPECT_EQ(scene.url(Listener::kAdmin), "http://127.0.0.1:4");
  EXPECT_EQ(scene.read().admin_key(), "from-flag");
}

TEST(ConnectionSettings, FlagNamesTheFolderBeforeTheEnvironment) {
  EXPECT_EQ(
      data_folder_of({.url = "", .admin_url = "", .key = "", .data = "/a"}, {{"ROOST_DATA", "/b"}}),
      "/a");
  EXPECT_EQ(data_folder_of({}, {{"ROOST_DATA", "/b"}}), "/b");
  EXPECT_EQ(data_folder_of({}, {}), "./roost-data");
}

TEST(ConnectionSettings, NamedKeysAreTheFiles) {
  Scene scene;
  scene.write_keys();
  scene.environment["ROOST_KEY"] = "other";
  EXPECT_EQ(scene.read().function_key("anon"), "anon-key");
  EXPECT_EQ(scene.read().function_key("service"), "service-key");
  EXPECT_EQ(scene.read().function_key("ey.token"), "ey.token");
}

TEST(ConnectionSettings, LocalKeysAreNotGivenToAnotherServer) {
  Scene scene;
  scene.write_keys();
  for (const char* url :
       {"http://198.51.100.7:4001", "http://192.0.2.1:4002", "http://evil:4001"}) {
    scene.environment["ROOST_ADMIN_URL"] = url;
    const auto key = scene.read().admin_key();
    ASSERT_FALSE(key) << url;
    EXPECT_EQ(key.error().exit, ExitCode::kUsage);
    EXPECT_NE(key.error().message.find("is of another server"), std::string::npos);
  }
  scene.environment["ROOST_ADMIN_URL"] = kKeys.admin_url + "/";
  EXPECT_EQ(scene.read().admin_key(), "service-key");
  scene.environment["ROOST_ADMIN_URL"] = "http://localhost:5";
  EXPECT_EQ(scene.read().admin_key(), "service-key");
  // A call goes without a key, rather than with one that is not for that server.
  scene.environment["ROOST_URL"] = "http://evil:4000";
  EXPECT_EQ(scene.read().function_key(""), "");
  EXPECT_FALSE(scene.read().function_key("anon"));
}

TEST(ConnectionSettings, BrokenKeysFileIsAnError) {
  Scene scene;
  scene.write_keys("{");
  const auto settings = ConnectionSettings::read(scene.options, scene.environment);
  ASSERT_FALSE(settings);
  EXPECT_EQ(settings.error().exit, ExitCode::kFailed);
}

TEST(ConnectionSettings, WhatIsNoUrlIsAUsageError) {
  Scene scene;
  scene.write_keys();
  scene.environment["ROOST_ADMIN_URL"] = "nonsense";
  const auto url = scene.read().url(Listener::kAdmin);
  ASSERT_FALSE(url);
  EXPECT_EQ(url.error().exit, ExitCode::kUsage);
  EXPECT_FALSE(scene.read().admin_key());
}

}  // namespace
}  // namespace cli
