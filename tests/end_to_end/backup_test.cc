// A backup of a server that works, and another server made of it.
#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "database/test_folder.h"
#include "end_to_end/outsider.h"
#include "end_to_end/server_process.h"

namespace end_to_end {
namespace {

namespace fs = std::filesystem;

class Backup : public ::testing::Test {
 protected:
  void serve() { server_ = std::make_unique<ServerProcess>(folder_ / "data"); }

  // Users, each of whom is written to the ledger by a function that its row fires.
  void prepare() {
    serve();
    server_->sql(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT) STRICT;"
        "CREATE TABLE ledger (id INTEGER PRIMARY KEY, event TEXT, row_id INTEGER, "
        "operation TEXT, name TEXT) STRICT; GRANT INSERT ON ledger TO service_role");
    server_->deploy("ledger", {"--trigger", "table:users:insert"});
    server_->deploy("hello");
  }
  [[nodiscard]] std::string file() const { return folder_ / "backup.tar"; }

  // What is restored runs, has this many users or more, and delivers what was not delivered.
  void expect_whole(std::int64_t at_least) {
    const fs::path data = folder_ / "restored";
    const ServerProcess restored(data);
    EXPECT_EQ(restored.keys().jwt_secret, server_->keys().jwt_secret);
    EXPECT_EQ(restored.call("hello").status, 200);
    Outsider shell(data / "data.db");
    const auto users = std::stoll(shell.one("SELECT count(*) FROM users"));
    EXPECT_GE(users, at_least);
    EXPECT_EQ(shell.one("PRAGMA integrity_check"), "ok");
    restored.sql("INSERT INTO users (id, name) VALUES (1000000, 'after')");
    EXPECT_TRUE(eventually([&] {
      return shell.one("SELECT count(DISTINCT row_id) FROM ledger") == std::to_string(users + 1);
    })) << shell.one("SELECT count(DISTINCT row_id) FROM ledger")
        << " of " << users + 1;
  }

  const database::TestFolder folder_;
  std::unique_ptr<ServerProcess> server_;
};

TEST_F(Backup, OfABusyServerHasAllThatWasCommittedBefore) {
  prepare();
  std::atomic<bool> over = false;
  std::atomic<std::int64_t> committed = 0;
  std::thread writer([&] {
    Outsider shell(folder_ / "data" / "data.db");
    for (; !over && committed < 20'000; ++committed) {
      shell.run("INSERT INTO users (name) VALUES ('somebody')");
    }
  });
  std::string last_answered;  // before the backup began
  std::atomic<bool> begun = false;
  std::thread caller([&] {
    while (!over) {
      const cli::HttpResponse answer = server_->call("hello");
      EXPECT_EQ(answer.status, 200) << answer.body;
      if (!begun) last_answered = header(answer, "x-request-id");
    }
  });
  EXPECT_TRUE(eventually([&] { return committed >= 200; }));
  const std::int64_t before = committed;
  begun = true;
  const Finished backup = server_->roost({"backup", file(), "--journal"});
  over = true;
  writer.join();
  caller.join();
  ASSERT_EQ(backup.exit, 0) << backup.err;
  const Finished restored = roost({"restore", file(), "--data", folder_ / "restored"});
  ASSERT_EQ(restored.exit, 0) << restored.err;
  expect_whole(before);
  const ServerProcess again(folder_ / "restored");
  const Finished logs = again.roost({"logs", "hello", "--limit", "10000", "--json"});
  EXPECT_EQ(logs.exit, 0) << logs.err;
  EXPECT_NE(logs.out.find(last_answered), std::string::npos)
      << "the journal has what was answered before";
}

TEST_F(Backup, ThroughTheAdminListenerLacksTheMasterKeyOnly) {
  prepare();
  const Finished backup =
      server_->roost({"backup", file(), "--admin-url", server_->keys().admin_url});
  ASSERT_EQ(backup.exit, 0) << backup.err;
  EXPECT_NE(backup.out.find("The master key is not in it"), std::string::npos) << backup.out;
  const fs::path data = folder_ / "restored";
  const Finished restored = roost({"restore", file(), "--data", data});
  ASSERT_EQ(restored.exit, 0) << restored.err;
  EXPECT_FALSE(fs::exists(data / "master.key"));
  const Finished refused = roost({"serve", "--data", data, "--listen", "127.0.0.1:0"});
  EXPECT_EQ(refused.exit, 1);
  EXPECT_NE(refused.err.find("master.key is missing"), std::string::npos) << refused.err;
  fs::copy_file(folder_ / "data" / "master.key", data / "master.key");
  expect_whole(0);
  const auto left = fs::directory_iterator(folder_ / "data" / "tmp");
  EXPECT_EQ(std::distance(left, fs::directory_iterator()), 0);
}

// By a rename, which replaces whatever has the name.
TEST_F(Backup, NothingButAnOlderBackupIsReplaced) {
  prepare();
  std::ofstream(folder_ / "notes.txt") << "mine";
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  fs::create_symlink("notes.txt", folder_ / "link");
  const auto backup = [&](const fs::path& to) { return server_->roost({"backup", to}); };
  for (const fs::path& to :
       {folder_ / "notes.txt", folder_ / "pipe", folder_ / "link", folder_ / "data/data.db",
        folder_ / "data/new.tar", folder_ / "data/../data/new.tar", folder_ / ""}) {
    EXPECT_EQ(backup(to).exit, 2) << to;
  }
  EXPECT_EQ(fs::file_size(folder_ / "notes.txt"), 4U);
  EXPECT_TRUE(fs::is_fifo(folder_ / "pipe"));
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  EXPECT_FALSE(fs::exists(folder_ / "data/new.tar"));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(backup(file()).exit, 0) << "over the one before";
  std::ofstream(folder_ / "notes.txt").flush();
  EXPECT_EQ(backup(folder_ / "notes.txt").exit, 0) << "an empty one, as mktemp makes it";
  EXPECT_EQ(server_->call("hello").status, 200);
}

TEST_F(Backup, RestoreTakesNoFolderThatHasSomething) {
  prepare();
  const Finished backup = server_->roost({"backup", file(), "--json"});
  ASSERT_EQ(backup.exit, 0) << backup.err;
  EXPECT_NE(backup.out.find(R"("parts":["roost.db","data.db","master.key"])"), std::string::npos)
      << backup.out;
  const Finished refused = server_->roost({"restore", file()});
  EXPECT_EQ(refused.exit, 1);
  EXPECT_NE(refused.err.find("is not an empty folder"), std::string::npos) << refused.err;
  EXPECT_EQ(server_->call("hello").status, 200);
}

}  // namespace
}  // namespace end_to_end
