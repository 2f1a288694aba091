#include "server/server.h"

#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "database/test_folder.h"
#include "http/test_client.h"

namespace server {
namespace {

using namespace std::chrono_literals;

class World {
 public:
  World() {
    config.data = folder_ / "data";
    config.listen = config.admin_listen = "127.0.0.1:0";
    config.loops = 2;
    config.limits.max_concurrency = 4;
    config.limits.max_queue = 4;
  }

  base::Result<std::unique_ptr<Server>> open() { return Server::open(config, ROOST_PROGRAM, log_); }

  Config config;

 private:
  const telemetry::Log log_ = telemetry::Log::silent();
  const database::TestFolder folder_;
};

std::string address_of(const std::string& url) { return url.substr(url.rfind('/') + 1); }

TEST(Server, ServesOnThePortsThatKeysJsonNames) {
  World world;
  const auto server = world.open();
  ASSERT_TRUE(server) << server.error().message;
  EXPECT_TRUE((*server)->made_keys());
  EXPECT_EQ(read_keys_file(world.config.data), (*server)->keys());
  (*server)->start();
  http::TestClient functions(address_of((*server)->keys().url));
  EXPECT_EQ(functions.ask("GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200);
  http::TestClient admin(address_of((*server)->keys().admin_url));
  const std::string list = "GET /admin/v1/functions HTTP/1.1\r\nHost: localhost\r\n";
  EXPECT_EQ(admin.ask(list + "\r\n").status, 401);
  const auto reply =
      admin.ask(list + "Authorization: Bearer " + (*server)->keys().service_role_key + "\r\n\r\n");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, R"({"functions":[]})");
}

TEST(Server, SaysThatOthersMayLookIntoItsFolder) {
  const database::TestFolder folder;
  Config config;
  config.data = folder / "data";
  config.listen = config.admin_listen = "127.0.0.1:0";
  const telemetry::Log log(telemetry::Format::kJson);
  const auto said = [&] {
    testing::internal::CaptureStderr();
    EXPECT_TRUE(Server::open(config, ROOST_PROGRAM, log));
    return testing::internal::GetCapturedStderr().find("chmod 700") != std::string::npos;
  };
  EXPECT_FALSE(said());
  std::filesystem::permissions(config.data, std::filesystem::perms{0755});
  EXPECT_TRUE(said());
}

TEST(Server, KeysSurviveARestart) {
  World world;
  auto first = world.open();
  ASSERT_TRUE(first) << first.error().message;
  const KeysFile keys = (*first)->keys();
  (*first)->start();
  (*first)->stop();
  first->reset();
  const auto second = world.open();
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_FALSE((*second)->made_keys());
  EXPECT_EQ((*second)->keys().jwt_secret, keys.jwt_secret);
  EXPECT_EQ((*second)->keys().anon_key, keys.anon_key);
  EXPECT_EQ((*second)->keys().service_role_key, keys.service_role_key);
}

TEST(Server, LostOrEmptiedCatalogIsNotTakenForAFirstStart) {
  World world;
  ASSERT_TRUE(world.open());
  const auto catalog = world.config.data / "roost.db";
  for (const bool emptied : {true, false}) {
    std::filesystem::remove(catalog.string() + "-wal");
    std::filesystem::remove(catalog);
    if (emptied) std::ofstream(catalog).flush();
    for (int start = 0; start < 2; ++start) {
      const auto server = world.open();
      ASSERT_FALSE(server) << "with other keys, and without functions";
      EXPECT_EQ(server.error().code, base::Code::kStorage);
      EXPECT_NE(server.error().message.find("Restore it from a backup"), std::string::npos)
          << server.error().message;
    }
  }
  std::filesystem::remove(world.config.data / kKeysFileName);
  EXPECT_TRUE(world.open()) << "as the message says";
}

TEST(Server, LostOrEmptiedTablesAreNotTakenForAFirstStart) {
  World world;
  ASSERT_TRUE(world.open());
  const auto tables = world.config.data / "data.db";
  for (const bool emptied : {true, false}) {
    std::filesystem::remove(tables.string() + "-wal");
    std::filesystem::remove(tables);
    if (emptied) std::ofstream(tables).flush();
    for (int start = 0; start < 2; ++start) {
      const auto server = world.open();
      ASSERT_FALSE(server) << "without tables, and without policies";
      EXPECT_EQ(server.error().code, base::Code::kStorage);
      EXPECT_NE(server.error().message.find("Restore it from a backup"), std::string::npos)
          << server.error().message;
    }
  }
  std::filesystem::remove(world.config.data / kKeysFileName);
  EXPECT_TRUE(world.open()) << "as the message says";
}

TEST(Server, FirstStartThatWasKilledIsBegunAgain) {
  World world;
  ASSERT_TRUE(world.open());
  std::filesystem::remove(world.config.data / kKeysFileName);  // the last that it writes
  std::filesystem::remove(world.config.data / "roost.db");
  EXPECT_TRUE(world.open());
}

TEST(Server, SecondOneOnTheFolderIsRefused) {
  World world;
  const auto first = world.open();
  ASSERT_TRUE(first) << first.error().message;
  const auto second = world.open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, base::Code::kUnavailable);
  EXPECT_NE(second.error().message.find("--data"), std::string::npos);
}

TEST(Server, FailedStartLetsTheFolderGo) {
  World world;
  World other;
  const auto holder = other.open();
  ASSERT_TRUE(holder) << holder.error().message;
  world.config.admin_listen = address_of((*holder)->keys().admin_url);
  const auto refused = world.open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::kUnavailable);
  EXPECT_NE(refused.error().message.find(world.config.admin_listen), std::string::npos);
  world.config.admin_listen = "127.0.0.1:0";
  EXPECT_TRUE(world.open());
}

TEST(Server, AnotherMasterKeyDoesNotOpenTheKeys) {
  World world;
  world.config.master_key = std::string(64, 'a');
  ASSERT_TRUE(world.open());
  EXPECT_FALSE(std::filesystem::exists(world.config.data / "master.key"));
  world.config.master_key = std::string(64, 'b');
  const auto refused = world.open();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("another master key"), std::string::npos);
  world.config.master_key = "short";
  EXPECT_EQ(world.open().error().code, base::Code::kInvalidArgument);
}

TEST(Server, DamagedFilesAreErrors) {
  World world;
  ASSERT_TRUE(world.open());
  std::filesystem::remove_all(world.config.data / "journal");
  std::ofstream(world.config.data / "journal") << "in the way";
  EXPECT_FALSE(world.open());
  std::filesystem::remove(world.config.data / "journal");
  std::filesystem::remove_all(world.config.data / "code");
  std::ofstream(world.config.data / "code") << "in the way";
  EXPECT_EQ(world.open().error().code, base::Code::kStorage);
  std::filesystem::remove(world.config.data / "code");
  EXPECT_TRUE(world.open());
  std::filesystem::remove(world.config.data / "roost.db-wal");
  std::ofstream(world.config.data / "roost.db") << std::string(8192, 'x');
  EXPECT_EQ(world.open().error().code, base::Code::kStorage);
}

TEST(Server, DrainOfAnIdleServerDoesNotWait) {
  World world;
  const auto server = world.open();
  ASSERT_TRUE(server) << server.error().message;
  (*server)->start();
  http::TestClient idle(address_of((*server)->keys().url));
  ASSERT_EQ(idle.ask("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200);
  EXPECT_EQ((*server)->drain([](auto) { std::this_thread::yield(); }), Drained::kAll);
  EXPECT_FALSE(http::TestClient(address_of((*server)->keys().url)).connected());
  (*server)->stop();
}

TEST(Server, DrainGivesUpAfterTheGracePeriod) {
  World world;
  world.config.limits.drain_grace = 50ms;
  const auto server = world.open();
  ASSERT_TRUE(server) << server.error().message;
  (*server)->start();
  // "100 Continue" says that the server is in the middle of this request.
  http::TestClient slow(address_of((*server)->keys().admin_url));
  ASSERT_EQ(slow.ask("POST /admin/v1/functions HTTP/1.1\r\nHost: localhost\r\n"
                     "Authorization: Bearer " +
                     (*server)->keys().service_role_key +
                     "\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n")
                .status,
            100);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ((*server)->drain([](auto) { std::this_thread::yield(); }), Drained::kGraceOver);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 50ms);
  (*server)->stop();
  EXPECT_EQ(slow.read_to_end(), "");
  (*server)->stop();  // again is nothing
}

}  // namespace
}  // namespace server
