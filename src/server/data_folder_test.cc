#include "server/data_folder.h"

#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/units.h"
#include "database/test_folder.h"
#include "server/private_file.h"

namespace server {
namespace {

namespace fs = std::filesystem;

unsigned mode_of(const fs::path& file) {
  struct stat status{};
  return ::stat(file.c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

const std::string kGiven(64, 'a');

TEST(DataFolder, IsMadeForItsOwnerOnly) {
  const database::TestFolder test;
  const auto folder = DataFolder::open(test / "a/b");
  ASSERT_TRUE(folder) << folder.error().message;
  EXPECT_EQ(mode_of(test / "a/b"), 0700U);
  EXPECT_FALSE(folder->is_open_to_others());
  EXPECT_EQ(mode_of(test / "a/b/lock"), 0600U);
  EXPECT_EQ(folder->database(), test / "a/b/roost.db");
  EXPECT_EQ(folder->user_database(), test / "a/b/data.db");
  EXPECT_EQ(folder->journal(), test / "a/b/journal");
  EXPECT_EQ(folder->code(), test / "a/b/code");
}

TEST(DataFolder, IsLeftAsItIsAndSeenWhenOthersMayLookIntoIt) {
  const database::TestFolder test;
  for (const unsigned mode : {0755U, 0710U, 0704U}) {
    const auto path = test / fmt::format("{:o}", mode);
    ASSERT_EQ(::mkdir(path.c_str(), 0700), 0);
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    const auto folder = DataFolder::open(path);
    ASSERT_TRUE(folder) << folder.error().message;
    EXPECT_TRUE(folder->is_open_to_others()) << path;
    EXPECT_EQ(mode_of(path), mode);
  }
}

TEST(DataFolder, CannotBeMadeBelowAFile) {
  const database::TestFolder test;
  std::ofstream(test / "file") << "x";
  for (const fs::path& path : {test / "file/data", test / "file"}) {
    const auto folder = DataFolder::open(path);
    ASSERT_FALSE(folder);
    EXPECT_EQ(folder.error().code, base::Code::kStorage);
    EXPECT_TRUE(contains(folder.error().message, "cannot make the data folder"))
        << folder.error().message;
  }
}

TEST(DataFolder, SecondServerIsRefusedAndToldWhoHasIt) {
  const database::TestFolder test;
  {
    const auto first = DataFolder::open(test / "data");
    ASSERT_TRUE(first);
    const auto second = DataFolder::open(test / "data");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, base::Code::kUnavailable);
    EXPECT_TRUE(contains(second.error().message, fmt::format("another server (pid {}) uses {}",
                                                             ::getpid(), (test / "data").string())))
        << second.error().message;
    // It may not have written its pid yet.
    fs::resize_file(test / "data/lock", 0);
    EXPECT_TRUE(DataFolder::open(test / "data").error().message.starts_with("another server uses"));
  }
  EXPECT_TRUE(DataFolder::open(test / "data"));
}

TEST(DataFolder, LockOfALongerPidIsOverwritten) {
  const database::TestFolder test;
  fs::create_directory(test / "data");
  std::ofstream(test / "data/lock") << "99999999999999\n";
  const auto folder = DataFolder::open(test / "data");
  ASSERT_TRUE(folder);
  EXPECT_EQ(read_small_file(test / "data/lock"), fmt::format("{}\n", ::getpid()));
}

TEST(DataFolder, LockThatCannotBeOpenedIsAnError) {
  const database::TestFolder test;
  fs::create_directories(test / "data/lock");
  const auto folder = DataFolder::open(test / "data");
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code, base::Code::kStorage);
  EXPECT_TRUE(contains(folder.error().message, "cannot open"));
}

TEST(DataFolder, MasterKeyIsMadeOnceForItsOwnerOnly) {
  const database::TestFolder test;
  const auto folder = DataFolder::open(test / "data");
  const auto made = folder->master_key(std::nullopt);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(mode_of(test / "data/master.key"), 0600U);
  EXPECT_EQ(read_small_file(test / "data/master.key"), made->hex() + "\n");
  std::ofstream(folder->database()) << "x";
  EXPECT_EQ(folder->master_key(std::nullopt)->hex(), made->hex());
}

TEST(DataFolder, GivenMasterKeyIsNeverWritten) {
  const database::TestFolder test;
  const auto folder = DataFolder::open(test / "data");
  const auto key = folder->master_key(kGiven);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->hex(), kGiven);
  EXPECT_FALSE(fs::exists(test / "data/master.key"));
}

TEST(DataFolder, MalformedMasterKeysNameTheirSource) {
  const database::TestFolder test;
  const auto folder = DataFolder::open(test / "data");
  const auto given = folder->master_key("nonsense");
  ASSERT_FALSE(given);
  EXPECT_EQ(given.error().code, base::Code::kInvalidArgument);
  EXPECT_TRUE(given.error().message.starts_with("ROOST_MASTER_KEY: ")) << given.error().message;
  ASSERT_TRUE(write_private_file(test / "data/master.key", "nonsense"));
  const auto stored = folder->master_key(std::nullopt);
  ASSERT_FALSE(stored);
  EXPECT_TRUE(contains(stored.error().message, "master.key: ")) << stored.error().message;
}

TEST(DataFolder, LostMasterKeyIsNotReplaced) {
  const database::TestFolder test;
  const auto folder = DataFolder::open(test / "data");
  std::ofstream(folder->database()) << "sealed with the lost one";
  const auto key = folder->master_key(std::nullopt);
  ASSERT_FALSE(key);
  EXPECT_TRUE(contains(key.error().message, "restore it, or set ROOST_MASTER_KEY"));
  EXPECT_FALSE(fs::exists(test / "data/master.key"));
}

TEST(DataFolder, MasterKeyThatOthersMayReadIsRefused) {
  const database::TestFolder test;
  const auto folder = DataFolder::open(test / "data");
  ASSERT_TRUE(write_private_file(test / "data/master.key", kGiven));
  for (const mode_t mode : {0640U, 0604U, 0620U}) {
    ASSERT_EQ(::chmod((test / "data/master.key").c_str(), mode), 0);
    const auto key = folder->master_key(std::nullopt);
    ASSERT_FALSE(key) << mode;
    EXPECT_TRUE(contains(key.error().message, "run chmod 600"));
  }
}

TEST(DataFolder, MasterKeyThatCannotBeReadIsAnError) {
  const database::TestFolder test;
  const auto folder = DataFolder::open(test / "data");
  fs::create_directory(test / "data/master.key");
  fs::permissions(test / "data/master.key", fs::perms::owner_all);
  const auto key = folder->master_key(std::nullopt);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, base::Code::kStorage);
}

TEST(DataFolder, KeysFileIsReplacedWhole) {
  const database::TestFolder test;
  const auto folder = DataFolder::open(test / "data");
  const fs::path file = test / "data/keys.json";
  const KeysFile first{"anon", "service", "secret", "http://a", "http://b"};
  ASSERT_TRUE(folder->write_keys_file(first));
  EXPECT_EQ(mode_of(file), 0600U);
  EXPECT_EQ(read_keys_file(test / "data"), first);

  // Who opened the old file goes on reading the old one; a wide mode does not survive.
  std::ifstream reader(file);
  ASSERT_EQ(::chmod(file.c_str(), 0644), 0);
  KeysFile second = first;
  second.url = "http://c";
  ASSERT_TRUE(folder->write_keys_file(second));
  EXPECT_EQ(mode_of(file), 0600U);
  EXPECT_EQ(read_keys_file(test / "data"), second);
  EXPECT_EQ(parse_keys_file(std::string(std::istreambuf_iterator<char>(reader), {})), first);
  for (const auto& entry : fs::directory_iterator(test / "data")) {
    EXPECT_TRUE(entry.path().filename() == "lock" || entry.path().filename() == "keys.json")
        << entry.path();
  }
}

// So that a start needs no room on a full disk.
TEST(DataFolder, KeysFileThatSaysTheSameStays) {
  const database::TestFolder test;
  const auto folder = DataFolder::open(test / "data");
  const fs::path file = test / "data/keys.json";
  const KeysFile keys{"anon", "service", "secret", "http://a", "http://b"};
  const auto inode = [&file] {
    struct stat status{};
    EXPECT_EQ(::stat(file.c_str(), &status), 0);
    return status.st_ino;
  };
  ASSERT_TRUE(folder->write_keys_file(keys));
  const auto first = inode();
  const std::ifstream held(file);  // so that its number is not given away
  ASSERT_TRUE(folder->write_keys_file(keys));
  EXPECT_EQ(inode(), first);
  ASSERT_EQ(::chmod(file.c_str(), 0644), 0);
  ASSERT_TRUE(folder->write_keys_file(keys));
  EXPECT_NE(inode(), first) << "a wide mode does not survive";
  EXPECT_EQ(mode_of(file), 0600U);
}

TEST(KeysFile, TextSurvivesJson) {
  const KeysFile keys{"a\"b", "c\\d", "e\nf", "http://g", "http://h"};
  EXPECT_EQ(parse_keys_file(to_json(keys)), keys);
}

TEST(KeysFile, WhatIsNoKeysFileIsRefused) {
  const KeysFile keys{"a", "b", "c", "d", "e"};
  const std::string whole = to_json(keys);
  EXPECT_FALSE(parse_keys_file(whole.substr(0, whole.size() / 2)));
  EXPECT_FALSE(parse_keys_file("[]"));
  EXPECT_FALSE(parse_keys_file(""));
  const auto missing = parse_keys_file(R"({"anon_key":"a","service_role_key":"b"})");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "it lacks the text \"jwt_secret\"");
  EXPECT_FALSE(parse_keys_file(
      R"({"anon_key":1,"service_role_key":"b","jwt_secret":"c","url":"d","admin_url":"e"})"));
}

TEST(KeysFile, FileThatIsBrokenIsNotFileThatIsMissing) {
  const database::TestFolder test;
  EXPECT_EQ(read_keys_file(test / "nothing").error().code, base::Code::kNotFound);
  std::ofstream(test / "keys.json") << "{";
  const auto broken = read_keys_file(test / "");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, base::Code::kStorage);
  EXPECT_TRUE(contains(broken.error().message, "the next start of the server writes it again"));
}

TEST(KeysFile, AddressOfAllInterfacesBecomesTheLoopback) {
  EXPECT_EQ(local_url_of("0.0.0.0:80"), "http://127.0.0.1:80");
  EXPECT_EQ(local_url_of("[::]:80"), "http://[::1]:80");
  EXPECT_EQ(local_url_of("192.0.2.1:9400"), "http://192.0.2.1:9400");
  EXPECT_EQ(local_url_of("[2001:db8::1]:1"), "http://[2001:db8::1]:1");
}

TEST(PrivateFile, FailuresLeaveNothingBehind) {
  const database::TestFolder test;
  EXPECT_EQ(write_private_file(test / "none/file", "x").error().code, base::Code::kStorage);
  // A folder in the way: the rename fails after the temporary file was written.
  fs::create_directories(test / "file/inner");
  EXPECT_FALSE(write_private_file(test / "file", "x"));
  const auto entries = fs::directory_iterator(test / "");
  EXPECT_EQ(std::distance(fs::begin(entries), fs::end(entries)), 1);
}

TEST(PrivateFile, LongFilesAreNotRead) {
  const database::TestFolder test;
  ASSERT_TRUE(write_private_file(test / "file", std::string(base::kMiB, 'x')));
  EXPECT_EQ(read_small_file(test / "file")->size(), base::kMiB);
  ASSERT_TRUE(write_private_file(test / "file", std::string(base::kMiB + 1, 'x')));
  EXPECT_TRUE(contains(read_small_file(test / "file").error().message, "longer than 1 MiB"));
  EXPECT_EQ(read_small_file(test / "").error().code, base::Code::kStorage);  // a folder
}

}  // namespace
}  // namespace server
