// What the world does to a server: a full disk, a folder that cannot be written, no more files to
// open, damaged files. docs/operations.md says the same in words.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "database/test_folder.h"
#include "end_to_end/outsider.h"
#include "end_to_end/server_process.h"
#include "http/test_client.h"

namespace end_to_end {
namespace {

namespace fs = std::filesystem;

bool says(const std::string& text, std::string_view what) {
  return text.find(what) != std::string::npos;
}

// A small disk of its own; only root can make one.
class SmallDisk {
 public:
  explicit SmallDisk(fs::path folder) : folder_(std::move(folder)) {
    fs::create_directory(folder_);
    mounted_ = ::mount("roost-test", folder_.c_str(), "tmpfs", 0, "size=48m") == 0;
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted_) ::umount2(folder_.c_str(), MNT_DETACH);
  }
  [[nodiscard]] bool mounted() const { return mounted_; }
  void fill() const {
    std::ofstream file(folder_ / "filling", std::ios::binary);
    const std::string piece(1 << 16, 'x');
    while (file.write(piece.data(), static_cast<std::streamsize>(piece.size())).flush()) {
    }
  }
  void empty() const { fs::remove(folder_ / "filling"); }

 private:
  const fs::path folder_;
  bool mounted_ = false;
};

TEST(Fault, FullDiskFailsDeploymentsAndLetsCallsGoOn) {
  const database::TestFolder test;
  const SmallDisk disk(test / "disk");
  if (!disk.mounted()) GTEST_SKIP() << "only root can mount a small disk";
  ServerProcess server(test / "disk/data", {"--journal-max-bytes", "16MiB"});
  server.sql("CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT) STRICT");
  server.deploy("hello");
  server.deploy("logflood");
  disk.fill();
  const Finished refused =
      server.roost({"deploy", std::string(ROOST_FIXTURES) + "/db_query.wasm", "--name", "late"});
  EXPECT_EQ(refused.exit, 1) << refused.out;
  EXPECT_TRUE(says(refused.err, "STORAGE")) << refused.err;
  const Finished sql =
      server.roost({"db", "sql", "INSERT INTO t (x) VALUES (hex(zeroblob(500000)))"});
  EXPECT_EQ(sql.exit, 1) << sql.out;
  EXPECT_EQ(server.call("hello").status, 200);
  EXPECT_TRUE(eventually([&] {
    EXPECT_EQ(server.call("logflood", "100000").status, 200);
    return server.metric("journal_dropped_total") > 0;
  })) << "the journal is full, too";
  EXPECT_TRUE(eventually([&] {
    return says(server.process().errors(), "invocations cannot be written to the journal");
  }));
  EXPECT_EQ(server.roost({"backup", test / "disk/backup.tar"}).exit, 1);
  disk.empty();
  server.deploy("db_query");
  server.sql("INSERT INTO t (x) VALUES ('again')");
  EXPECT_EQ(server.call("hello").status, 200);
}

// Its ports are others, which the keys.json that cannot be written does not say: its line does.
TEST(Fault, FullDiskDoesNotKeepAKilledServerDown) {
  const database::TestFolder test;
  const SmallDisk disk(test / "disk");
  if (!disk.mounted()) GTEST_SKIP() << "only root can mount a small disk";
  const std::vector<std::string> serve{"serve",          "--data",       test / "disk/data",
                                       "--listen",       "127.0.0.1:0",  "--journal-max-bytes",
                                       "16MiB",          "--log-format", "json",
                                       "--admin-listen", "127.0.0.1:0"};
  {
    ServerProcess server(test / "disk/data", {"--journal-max-bytes", "16MiB"});
    server.sql(
        "CREATE TABLE t (x INTEGER) STRICT; INSERT INTO t VALUES (7); GRANT SELECT ON t TO anon");
    server.deploy("db_query", {"--no-verify-jwt"});
    disk.fill();
    server.process().signal(SIGKILL);
    server.process().wait();
  }
  disk.fill();
  Process server(serve);
  const auto line = server.read_line();
  ASSERT_TRUE(line) << server.errors();
  const std::string prefix = "Functions on http://";
  ASSERT_TRUE(line->starts_with(prefix)) << *line;
  EXPECT_TRUE(says(server.errors(), "keys.json")) << server.errors();
  http::TestClient client(line->substr(prefix.size(), line->find("/functions") - prefix.size()));
  const std::string body = R"({"sql":"SELECT x FROM t"})";
  client.send("POST /functions/v1/db_query HTTP/1.1\r\nHost: h\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body);
  const http::Reply reply = client.read();
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_TRUE(says(reply.body, R"("x":7)")) << reply.body;
}

// A clean stop deletes the write-ahead log, and a start makes it.
TEST(Fault, FullDiskIsSaidByAStartThatNeedsSome) {
  const database::TestFolder test;
  const SmallDisk disk(test / "disk");
  if (!disk.mounted()) GTEST_SKIP() << "only root can mount a small disk";
  const std::vector<std::string> flags{"--journal-max-bytes", "16MiB"};
  {
    ServerProcess server(test / "disk/data", flags);
    server.deploy("hello");
    server.process().signal(SIGTERM);
    ASSERT_EQ(server.process().wait(), 0);
  }
  disk.fill();
  const Finished refused =
      roost({"serve", "--data", test / "disk/data", "--listen", "127.0.0.1:0"});
  EXPECT_EQ(refused.exit, 1);
  EXPECT_TRUE(says(refused.err, "its disk is full")) << refused.err;
  disk.empty();
  const ServerProcess server(test / "disk/data", flags);
  EXPECT_EQ(server.call("hello").status, 200);
}

TEST(Fault, ReadOnlyFolderIsRefusedAtTheStart) {
  const database::TestFolder test;
  const SmallDisk disk(test / "disk");
  if (!disk.mounted()) GTEST_SKIP() << "only root can mount one, and root writes to any other";
  {
    const ServerProcess server(test / "disk/data");
  }
  ASSERT_EQ(::mount(nullptr, (test / "disk").c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
  const Finished refused =
      roost({"serve", "--data", test / "disk/data", "--listen", "127.0.0.1:0"});
  EXPECT_EQ(refused.exit, 1);
  EXPECT_TRUE(says(refused.err, "Read-only file system")) << refused.err;
  EXPECT_EQ(roost({"backup", "--data", test / "disk/data", test / "a.backup"}).exit, 0);
}

TEST(Fault, ReadOnlyFolderOfAKilledServerIsReadElsewhere) {
  const database::TestFolder test;
  const SmallDisk disk(test / "disk");
  if (!disk.mounted()) GTEST_SKIP() << "only root can mount one, and root writes to any other";
  {
    ServerProcess server(test / "disk/data");
    server.process().signal(SIGKILL);
    server.process().wait();
  }
  // What a write-ahead log is read with, and what a disk that is copied while it is mounted lacks.
  fs::remove(test / "disk/data/roost.db-shm");
  ASSERT_EQ(::mount(nullptr, (test / "disk").c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
  const Finished refused = roost({"backup", "--data", test / "disk/data", test / "a.backup"});
  EXPECT_EQ(refused.exit, 1);
  EXPECT_TRUE(says(refused.err, "copy the folder to where it is")) << refused.err;
  fs::copy(test / "disk/data", test / "copy", fs::copy_options::recursive);
  const Finished read = roost({"backup", "--data", test / "copy", test / "a.backup"});
  EXPECT_EQ(read.exit, 0) << read.err;
}

// Connections that take the files up which the server may have.
class Crowd {
 public:
  Crowd(const std::string& url, int size) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1))));
    for (int i = 0; i < size; ++i) {
      const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
      fds_.push_back(fd);
    }
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;
  ~Crowd() {
    for (const int fd : fds_) ::close(fd);
  }

 private:
  std::vector<int> fds_;
};

TEST(Fault, NoMoreFilesIsNoEnd) {
#ifdef __clang__
#if __has_feature(address_sanitizer)
  GTEST_SKIP() << "UBSan opens a pipe to look at an object, and takes it for none when it cannot";
#endif
#endif
  const database::TestFolder test;
  ServerProcess server(test / "data");
  server.deploy("hello");
  // As many as it has and some: what it opened before stays open.
  const rlimit few{.rlim_cur = 96, .rlim_max = 96};
  ASSERT_EQ(::prlimit(server.process().pid(), RLIMIT_NOFILE, &few, nullptr), 0);
  {
    const Crowd crowd(server.keys().url, 200);
    EXPECT_TRUE(eventually([&] {
      const auto open =
          fs::directory_iterator("/proc/" + std::to_string(server.process().pid()) + "/fd");
      return std::distance(open, fs::directory_iterator()) >= 96;
    }));
  }
  EXPECT_TRUE(eventually([&] { return server.call("hello").status == 200; }))
      << "once the crowd has gone it serves";
  server.process().signal(SIGTERM);
  EXPECT_EQ(server.process().wait(), 0);
}

// `ulimit -f`, or LimitFSIZE= of its unit: the kernel's signal for it is deadly unless ignored.
TEST(Fault, FilesThatMayNotGrowFailTheirWritesOnly) {
  const database::TestFolder test;
  ServerProcess server(test / "data");
  server.sql("CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT) STRICT");
  server.deploy("hello");
  const auto insert = [&server] {
    return server.roost({"db", "sql", "INSERT INTO t (x) VALUES (hex(zeroblob(2000000)))"}).exit;
  };
  const auto limit = [&server](rlim_t bytes) {
    const rlimit size{.rlim_cur = bytes, .rlim_max = RLIM_INFINITY};
    return ::prlimit(server.process().pid(), RLIMIT_FSIZE, &size, nullptr);
  };
  ASSERT_EQ(limit(std::uint64_t{1} << 20), 0);
  EXPECT_EQ(insert(), 1);
  EXPECT_EQ(server.call("hello").status, 200);
  ASSERT_EQ(limit(RLIM_INFINITY), 0);
  EXPECT_EQ(insert(), 0);
  server.process().signal(SIGTERM);
  EXPECT_EQ(server.process().wait(), 0);
}

TEST(Fault, DamagedCompiledCodeIsMadeAgain) {
  const database::TestFolder test;
  {
    const ServerProcess server(test / "data");
    server.deploy("hello");
  }
  int damaged = 0;
  for (const auto& entry : fs::directory_iterator(test / "data/code")) {
    if (entry.path().extension() != ".code") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(entry.file_size() / 2));
    file.write("damage", 6);
    ++damaged;
  }
  ASSERT_EQ(damaged, 1);
  const ServerProcess server(test / "data");
  const auto response = server.call("hello", R"({"name":"Ada"})");
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_TRUE(says(response.body, "Ada"));
}

TEST(Fault, DeletedFolderOfCodeDoesNotFailDeployments) {
  const database::TestFolder test;
  const ServerProcess server(test / "data");
  server.deploy("hello");
  ASSERT_GT(fs::remove_all(test / "data/code"), 0U);
  server.deploy("counter");
  EXPECT_EQ(server.call("counter").status, 200);
  EXPECT_EQ(server.call("hello").status, 200) << "it is mapped";
}

// What the catalog has of it is not what was deployed, and no code is left of before.
TEST(Fault, DamagedModuleDoesNotBoot) {
  const database::TestFolder test;
  {
    const ServerProcess server(test / "data");
    server.deploy("hello");
    server.deploy("counter");
  }
  fs::remove_all(test / "data/code");
  {
    Outsider outsider(test / "data/roost.db");
    outsider.run("PRAGMA foreign_keys = OFF");
    outsider.run(
        "UPDATE modules SET bytes = zeroblob(100) WHERE sha256 ="
        " (SELECT module FROM versions JOIN functions f ON f.id = function_id WHERE name = "
        "'hello')");
  }
  const ServerProcess server(test / "data");
  const auto response = server.call("hello");
  EXPECT_EQ(response.status, 500) << response.body;
  EXPECT_EQ(header(response, "sb-error-code"), "BOOT_ERROR");
  EXPECT_TRUE(says(response.body, "deploy")) << "what to do: " << response.body;
  EXPECT_EQ(server.call("counter").status, 200) << "the others are well";
  server.deploy("hello");
  EXPECT_EQ(server.call("hello").status, 200);
}

TEST(Fault, EmptiedCatalogIsRefused) {
  const database::TestFolder test;
  {
    const ServerProcess server(test / "data");
  }
  for (const char* ending : {"-wal", "-shm", ""})
    fs::remove(test / (std::string("data/roost.db") + ending));
  std::ofstream(test / "data/roost.db").flush();
  const Finished refused = roost({"serve", "--data", test / "data", "--listen", "127.0.0.1:0"});
  EXPECT_EQ(refused.exit, 1);
  EXPECT_TRUE(says(refused.err, "Restore it from a backup")) << refused.err;
}

}  // namespace
}  // namespace end_to_end
