#include "catalog/keys.h"

#include <thread>

#include <gtest/gtest.h>

#include "catalog/registry.h"
#include "database/test_folder.h"

namespace {

using auth::MasterKey;
using base::Code;
using catalog::load_or_make_keys;

std::unique_ptr<database::Connection> open(const std::filesystem::path& file) {
  auto connection = database::open_sqlite(file, database::SystemAccess());
  EXPECT_TRUE(connection) << connection.error().message;
  return std::move(*connection);
}

TEST(Keys, AreMadeOnceAndStayTheSame) {
  const database::TestFolder folder;
  const auto master = MasterKey::generate();
  const auto made = load_or_make_keys(*open(folder / "roost.db"), master);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_TRUE(made->made_now);
  EXPECT_GE(made->signing.jwt_secret.size(), auth::kMinSecretLength);

  const auto read = load_or_make_keys(*open(folder / "roost.db"), master);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_FALSE(read->made_now);
  EXPECT_EQ(read->signing.jwt_secret, made->signing.jwt_secret);
  EXPECT_EQ(read->anon_key, made->anon_key);
  EXPECT_EQ(read->service_role_key, made->service_role_key);
}

TEST(Keys, AreTokensOfTheirRolesThatDoNotExpire) {
  const database::TestFolder folder;
  const auto keys = load_or_make_keys(*open(folder / "roost.db"), MasterKey::generate());
  ASSERT_TRUE(keys) << keys.error().message;
  const auto much_later = auth::Clock::now() + std::chrono::hours(24 * 365 * 50);
  const auto anon = auth::verify_token(keys->anon_key, keys->signing, much_later);
  ASSERT_TRUE(anon) << anon.error().message;
  EXPECT_EQ(anon->role, auth::Role::kAnon);
  const auto service = auth::verify_token(keys->service_role_key, keys->signing, much_later);
  ASSERT_TRUE(service) << service.error().message;
  EXPECT_EQ(service->role, auth::Role::kServiceRole);
}

TEST(Keys, AreGoodWhenTheClockIsSetBackAfterwards) {
  const database::TestFolder folder;
  const auto keys = load_or_make_keys(*open(folder / "roost.db"), MasterKey::generate());
  ASSERT_TRUE(keys) << keys.error().message;
  const auto earlier = auth::Clock::now() - std::chrono::hours(2);
  EXPECT_TRUE(auth::verify_token(keys->anon_key, keys->signing, earlier));
  EXPECT_TRUE(auth::verify_token(keys->service_role_key, keys->signing, earlier));
}

TEST(Keys, AreNotInTheFileInClear) {
  const database::TestFolder folder;
  const auto connection = open(folder / "roost.db");
  const auto keys = load_or_make_keys(*connection, MasterKey::generate());
  ASSERT_TRUE(keys) << keys.error().message;
  const auto rows = connection->query("SELECT sealed FROM signing_keys");
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 3U);
  for (const auto& row : *rows) {
    const std::string& sealed = std::get<database::Blob>(row.front()).bytes;
    for (const auto& key : {keys->signing.jwt_secret, keys->anon_key, keys->service_role_key}) {
      EXPECT_EQ(sealed.find(key), std::string::npos);
    }
  }
}

TEST(Keys, AnotherMasterKeyIsToldApart) {
  const database::TestFolder folder;
  const auto connection = open(folder / "roost.db");
  ASSERT_TRUE(load_or_make_keys(*connection, MasterKey::generate()));
  const auto keys = load_or_make_keys(*connection, MasterKey::generate());
  ASSERT_FALSE(keys);
  EXPECT_EQ(keys.error().code, Code::kInternal);
  EXPECT_NE(keys.error().message.find("restore master.key or ROOST_MASTER_KEY"), std::string::npos);
}

TEST(Keys, RowsCannotBeSwappedOrLost) {
  const database::TestFolder folder;
  const auto connection = open(folder / "roost.db");
  const auto master = MasterKey::generate();
  ASSERT_TRUE(load_or_make_keys(*connection, master));
  ASSERT_TRUE(
      connection->query("UPDATE signing_keys SET sealed ="
                        " (SELECT sealed FROM signing_keys WHERE name = 'service_role_key')"
                        " WHERE name = 'anon_key'"));
  EXPECT_EQ(load_or_make_keys(*connection, master).error().code, Code::kInternal);
  ASSERT_TRUE(connection->query("DELETE FROM signing_keys WHERE name = 'anon_key'"));
  EXPECT_EQ(load_or_make_keys(*connection, master).error().code, Code::kStorage);
}

TEST(Keys, TwoServersThatStartAtOnceAgree) {
  const database::TestFolder folder;
  const auto master = MasterKey::generate();
  std::string secrets[2];
  const auto start = [&](std::string& secret) {
    const auto keys = load_or_make_keys(*open(folder / "roost.db"), master);
    ASSERT_TRUE(keys) << keys.error().message;
    secret = keys->signing.jwt_secret;
  };
  std::thread one([&] { start(secrets[0]); });
  std::thread two([&] { start(secrets[1]); });
  one.join();
  two.join();
  EXPECT_EQ(secrets[0], secrets[1]);
}

TEST(Keys, ShareTheirFileWithTheRegistry) {
  const database::TestFolder folder;
  const auto master = MasterKey::generate();
  auto connection = open(folder / "roost.db");
  ASSERT_TRUE(load_or_make_keys(*connection, master));
  EXPECT_TRUE(catalog::Registry::open(std::move(connection)));
}

}  // namespace
