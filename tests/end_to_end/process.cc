#include "end_to_end/process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace end_to_end {
namespace {

std::vector<char*> environment_for_child() {
  std::vector<char*> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!std::string_view(*entry).starts_with("ROOST_")) variables.push_back(*entry);
  }
  variables.push_back(nullptr);
  return variables;
}

pid_t spawn(std::vector<std::string> arguments, int out, int err) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, ROOST_PROGRAM, &actions, nullptr, argv.data(),
                                  environment_for_child().data());
  ::posix_spawn_file_actions_destroy(&actions);
  EXPECT_EQ(error, 0) << "cannot start " << ROOST_PROGRAM;
  return error == 0 ? pid : -1;
}

// What a sanitizer or an assertion says of a program fails the test, also when the program was
// killed, or nobody asks how it ended.
void expect_no_report(const std::string& errors) {
  EXPECT_EQ(errors.find("Sanitizer: "), std::string::npos) << errors;
  EXPECT_EQ(errors.find("Assertion '"), std::string::npos) << errors;
}

}  // namespace

Process::Process(const std::vector<std::string>& arguments)
    : err_(::memfd_create("errors", MFD_CLOEXEC)) {
  std::array<int, 2> pipe{-1, -1};
  EXPECT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  out_ = pipe[0];
  std::vector<std::string> all{ROOST_PROGRAM};
  all.insert(all.end(), arguments.begin(), arguments.end());
  pid_ = spawn(std::move(all), pipe[1], err_);
  ::close(pipe[1]);
}

Process::~Process() {
  if (!exit_ && pid_ > 0) {
    signal(SIGKILL);
    wait();
  }
  expect_no_report(errors());
  ::close(out_);
  ::close(err_);
}

bool Process::fill() {
  std::array<char, 4096> chunk;
  ssize_t got = 0;
  do {
    got = ::read(out_, chunk.data(), chunk.size());
  } while (got < 0 && errno == EINTR);
  if (got <= 0) return false;
  output_.append(chunk.data(), static_cast<std::size_t>(got));
  return true;
}

std::optional<std::string> Process::read_line() {
  std::size_t end = output_.find('\n');
  while (end == std::string::npos) {
    if (!fill()) return std::nullopt;
    end = output_.find('\n');
  }
  std::string line = output_.substr(0, end);
  output_.erase(0, end + 1);
  return line;
}

void Process::signal(int number) const {
  if (!exit_ && pid_ > 0) ::kill(pid_, number);
}

int Process::wait() {
  if (exit_ || pid_ <= 0) return exit_.value_or(-1);
  while (fill()) {
  }
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  exit_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return *exit_;
}

std::string Process::errors() const {
  std::string text;
  std::array<char, 4096> chunk;
  for (;;) {
    const ssize_t got = ::pread(err_, chunk.data(), chunk.size(), static_cast<off_t>(text.size()));
    if (got <= 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

Finished roost(const std::vector<std::string>& arguments) {
  Process process(arguments);
  const int exit = process.wait();
  return {exit, process.output(), process.errors()};
}

}  // namespace end_to_end
