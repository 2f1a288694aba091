#include "cli/termination.h"

#include <cerrno>
#include <csignal>
#include <ctime>

namespace cli {
namespace {

sigset_t both() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

Termination::Termination() {
  const sigset_t set = both();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

std::optional<int> Termination::wait_for(std::chrono::milliseconds time) const {
  const sigset_t set = both();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const std::chrono::nanoseconds rest = time - seconds;
  const timespec limit{.tv_sec = seconds.count(), .tv_nsec = rest.count()};
  const int signal = ::sigtimedwait(&set, nullptr, &limit);
  return signal < 0 ? std::nullopt : std::optional(signal);
}

}  // namespace cli
