#include "sandbox/compiler.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/encoding.h"
#include "base/units.h"
#include "sandbox/descriptor.h"
#include "wasm/engine.h"

namespace sandbox {
namespace {

// How the child ends.
constexpr int kInvalidModule = 1;
constexpr int kOwnFailure = 2;
constexpr int kNotWritten = 3;
constexpr std::uint64_t kMaxCodeBytes = 512ULL << 20U;
// Of what the child says: read, and passed on.
constexpr std::size_t kMaxText = 64 * base::kKiB;
constexpr std::size_t kMaxMessage = 4 * base::kKiB;
constexpr std::chrono::milliseconds kAskAgain{10};
// A third of the weight of a thread that serves.
constexpr int kNice = 5;

base::Code code_of(int exit) {
  if (exit == kInvalidModule) return base::Code::kInvalidModule;
  return exit == kNotWritten ? base::Code::kStorage : base::Code::kInternal;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// Up to so many bytes.
base::Result<std::string> read_all(int fd, std::size_t most) {
  std::string bytes;
  std::array<char, 64 * 1024> chunk;
  while (bytes.size() < most) {
    const ssize_t got = ::read(fd, chunk.data(), std::min(chunk.size(), most - bytes.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::fail(base::Code::kStorage, std::strerror(errno));
    if (got == 0) break;
    bytes.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return bytes;
}

// What the child said. It may quote the module, and be as long as that.
std::string text_for_people(int messages) {
  ::lseek(messages, 0, SEEK_SET);
  const auto text = read_all(messages, kMaxText);
  if (!text || text->empty()) return "the compiler failed without a message";
  std::string safe = base::escape_controls(*text);
  if (safe.size() > kMaxMessage) safe.resize(kMaxMessage);
  return safe;
}

// Memory files in place of pipes: neither side can block on the other.
Descriptor memory_file(const char* name, std::string_view content) {
  Descriptor file(::memfd_create(name, MFD_CLOEXEC));
  if (!file.valid() || !write_all(file.get(), content) || ::lseek(file.get(), 0, SEEK_SET) != 0) {
    return {};
  }
  return file;
}

// The master key and whatever else our environment holds is none of the compiler's business; a
// coverage build's file name is.
std::vector<std::string> child_environment() {
  std::vector<std::string> variables;
  if (const char* profile = std::getenv("LLVM_PROFILE_FILE"); profile != nullptr) {
    variables.push_back(std::string("LLVM_PROFILE_FILE=") + profile);
  }
  return variables;
}

base::Result<pid_t> spawn(const std::string& program, int in, int out, int messages) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, messages, STDERR_FILENO);
  std::array<std::string, 3> arguments{program, "compile", "--out-fd=1"};
  std::array<char*, 4> argv{arguments[0].data(), arguments[1].data(), arguments[2].data(), nullptr};
  std::vector<std::string> variables = child_environment();
  std::vector<char*> environment;
  environment.reserve(variables.size() + 1);
  for (std::string& variable : variables) environment.push_back(variable.data());
  environment.push_back(nullptr);
  pid_t pid = 0;
  const int error =
      ::posix_spawn(&pid, program.c_str(), &actions, nullptr, argv.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    return base::fail(base::Code::kUnavailable,
                      "cannot start the compiler " + program + ": " + std::strerror(error));
  }
  return pid;
}

// The child's wait status; kills it when the time is over. An old kernel, a filter of system calls
// or want of descriptors leave us without a descriptor to wait for: then it is asked again and
// again.
int wait_for(pid_t pid, std::chrono::seconds limit) {
  const auto deadline = base::Deadline::after(limit);
  const Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  pollfd ready{.fd = process.get(), .events = POLLIN, .revents = 0};
  int status = 0;
  while (::waitpid(pid, &status, WNOHANG) == 0) {
    if (deadline.expired()) {
      ::kill(pid, SIGKILL);
      while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
      }
      break;
    }
    auto wait = std::chrono::ceil<std::chrono::milliseconds>(deadline.left());
    if (!process.valid()) wait = std::min(wait, kAskAgain);
    // Of no descriptor: for the time only.
    ::poll(&ready, 1, static_cast<int>(wait.count()));
  }
  return status;
}

std::string over_limits(const CompilerLimits& limits) {
  return "the module could not be compiled within " + base::format_size(limits.memory_bytes) +
         " of memory and " + std::to_string(limits.wall.count()) +
         " s: make it smaller, or split it into several functions";
}

void set_limit(decltype(RLIMIT_AS) which, std::uint64_t value) {
  const rlimit limit{.rlim_cur = value, .rlim_max = value};
  ::setrlimit(which, &limit);
}

void limit_this_process(const CompilerLimits& limits) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::setpriority(PRIO_PROCESS, 0, kNice);
#ifndef ROOST_SANITIZED  // sanitizers reserve terabytes
  set_limit(RLIMIT_AS, limits.memory_bytes);
#endif
  set_limit(RLIMIT_CPU, static_cast<std::uint64_t>(limits.cpu.count()));
  set_limit(RLIMIT_CORE, 0);
  set_limit(RLIMIT_FSIZE, kMaxCodeBytes);
}

}  // namespace

base::Result<void> Compiler::compile(std::string_view module, int out) const {
  const Descriptor in = memory_file("module", module);
  const Descriptor messages = memory_file("messages", {});
  if (!in.valid() || !messages.valid()) {
    return base::fail(base::Code::kUnavailable,
                      std::string("cannot hand a module to the compiler: ") + std::strerror(errno));
  }
  auto pid = spawn(program_, in.get(), out, messages.get());
  if (!pid) return base::fail(std::move(pid.error()));
  const int status = wait_for(*pid, limits_.wall);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  if (WIFSIGNALED(status)) return base::fail(base::Code::kInvalidModule, over_limits(limits_));
  return base::fail(code_of(WEXITSTATUS(status)), text_for_people(messages.get()));
}

int compile_main(int in, int out) {
  limit_this_process({});
  const auto complain = [](const base::Error& error, int exit_code) {
    write_all(STDERR_FILENO, error.message);
    return exit_code;
  };
  const auto module = read_all(in, std::numeric_limits<std::size_t>::max());
  if (!module) return complain(module.error(), kOwnFailure);
  const auto engine = wasm::Engine::compiling();
  if (!engine) return complain(engine.error(), kOwnFailure);
  const auto code = engine->compile(*module);
  if (!code) return complain(code.error(), kInvalidModule);
  if (!write_all(out, *code)) {
    return complain({base::Code::kStorage, "cannot write the compiled code: the disk may be full"},
                    kNotWritten);
  }
  return 0;
}

}  // namespace sandbox
