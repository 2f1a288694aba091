#include "differential/postgres_cluster.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pwd.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace differential {
namespace {

constexpr std::chrono::seconds kStartLimit{60};
constexpr const char* kOwner = "postgres";

// A program of PostgreSQL's, as a user that it agrees to; immediate shutdown when we are gone.
std::vector<std::string> command(const std::string& program, std::vector<std::string> arguments) {
  std::vector<std::string> all{"setpriv", "--pdeathsig", "QUIT"};
  if (::geteuid() == 0) {
    all.insert(all.end(), {"--reuid", kOwner, "--regid", kOwner, "--clear-groups"});
  }
  all.push_back(std::string(ROOST_POSTGRES_BIN "/") + program);
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

struct Streams {
  int in = -1;  // nothing to read when there is none
  int out = -1;
};

// Both outputs go to `out`. In a session of its own, it is not met by a terminal's Ctrl-C.
pid_t spawn(std::vector<std::string> words, const Streams& streams) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::string path = "PATH=/usr/bin:/bin";
  std::string locale = "LC_ALL=C";
  std::array<char*, 3> environment{path.data(), locale.data(), nullptr};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  if (streams.in >= 0) ::posix_spawn_file_actions_adddup2(&actions, streams.in, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, streams.out, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, streams.out, STDERR_FILENO);
  ::posix_spawn_file_actions_addchdir_np(&actions, "/");
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  pid_t pid = -1;
  const int error =
      ::posix_spawnp(&pid, argv.front(), &actions, &attributes, argv.data(), environment.data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  return error == 0 ? pid : -1;
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct Pipe {
  std::array<int, 2> ends{-1, -1};
  Pipe() { EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0); }
};

std::string read_all(int from) {
  std::string text;
  std::array<char, 4096> chunk;
  for (ssize_t got = 0; (got = ::read(from, chunk.data(), chunk.size())) > 0;) {
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return text;
}

}  // namespace

std::unique_ptr<PostgresCluster> PostgresCluster::start() {
  std::string pattern = testing::TempDir() + "roost-postgres-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) {
    ADD_FAILURE() << "cannot make a folder like " << pattern;
    return nullptr;
  }
  std::unique_ptr<PostgresCluster> cluster(new PostgresCluster(pattern));
  const bool up = cluster->watch() && cluster->make() && cluster->serve();
  return up ? std::move(cluster) : nullptr;
}

PostgresCluster::~PostgresCluster() {
  if (server_ > 0) {
    ::kill(server_, SIGQUIT);
    wait_for(server_);
  }
  if (log_ >= 0) ::close(log_);
  if (alive_ >= 0) ::close(alive_);
  if (remover_ > 0) wait_for(remover_);
}

// Removes the folder at the end of our life, which ends its input. The server, which ends then too,
// may still be writing there.
bool PostgresCluster::watch() {
  const Pipe life;
  alive_ = life.ends[1];
  constexpr std::string_view kScript =
      "read never; for i in 1 2 3 4 5 6 7 8 9; do rm -rf \"$0\" && exit; sleep 1; done";
  remover_ =
      spawn({"sh", "-c", std::string(kScript), folder_.string()}, {life.ends[0], STDERR_FILENO});
  ::close(life.ends[0]);
  EXPECT_GT(remover_, 0);
  return remover_ > 0;
}

bool PostgresCluster::make() {
  if (::geteuid() == 0) {
    const passwd* const owner = ::getpwnam(kOwner);
    if (owner == nullptr || ::chown(folder_.c_str(), owner->pw_uid, owner->pw_gid) != 0) {
      ADD_FAILURE() << "PostgreSQL does not run as root, and there is no user " << kOwner;
      return false;
    }
  }
  const Pipe output;
  const pid_t initdb = spawn(
      command("initdb", {"--pgdata", folder_ / "data", "--username", kOwner, "--locale=C",
                         "--encoding=UTF8", "--auth=trust", "--no-sync", "--no-instructions"}),
      {-1, output.ends[1]});
  ::close(output.ends[1]);
  const std::string said = read_all(output.ends[0]);
  ::close(output.ends[0]);
  const bool made = initdb > 0 && wait_for(initdb) == 0;
  EXPECT_TRUE(made) << "initdb: " << said;
  return made;
}

bool PostgresCluster::serve() {
  const Pipe log;
  log_ = log.ends[0];
  std::vector<std::string> arguments{"-D", folder_ / "data"};
  for (const std::string& setting :
       {std::string("listen_addresses="), "unix_socket_directories=" + folder_.string(),
        std::string("fsync=off"), std::string("synchronous_commit=off"),
        std::string("full_page_writes=off"), std::string("autovacuum=off"),
        // Nobody reads the log once the server is up: it has to stay short.
        std::string("log_min_messages=log"), std::string("log_checkpoints=off"),
        std::string("shared_buffers=16MB"), std::string("max_connections=10"),
        std::string("jit=off"), std::string("statement_timeout=20s")}) {
    arguments.insert(arguments.end(), {"-c", setting});
  }
  server_ = spawn(command("postgres", arguments), {-1, log.ends[1]});
  ::close(log.ends[1]);
  return await_ready(log_);
}

bool PostgresCluster::await_ready(int log) {
  const auto deadline = std::chrono::steady_clock::now() + kStartLimit;
  std::string said;
  while (said.find("ready to accept connections") == std::string::npos) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd waiting{log, POLLIN, 0};
    const int ready = left.count() > 0 ? ::poll(&waiting, 1, static_cast<int>(left.count())) : 0;
    if (ready < 0 && errno == EINTR) continue;
    std::array<char, 4096> chunk;
    const ssize_t got = ready > 0 ? ::read(log, chunk.data(), chunk.size()) : 0;
    if (got <= 0) {
      ADD_FAILURE() << "PostgreSQL did not start: " << said;
      return false;
    }
    said.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return true;
}

std::string PostgresCluster::connection_string() const {
  return "host=" + folder_.string() + " user=" + kOwner + " dbname=postgres";
}

}  // namespace differential
