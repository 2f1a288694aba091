#include "sandbox/background.h"

#include <algorithm>
#include <chrono>

namespace sandbox {
namespace {

// The more wait, the seldomer each looks: some hundred looks a second whatever their number.
constexpr std::chrono::milliseconds kLook{2};
constexpr int kSeldomest = 25;

}  // namespace

reactor::Task<bool> Background::poll(reactor::Loop& loop, GuestRun& guest) {
  Lane& lane = lanes_.at(loop.index());
  ++lane.waiting;
  while (lane.busy) {
    const auto pause = kLook * std::clamp(lane.waiting, 1, kSeldomest);
    co_await loop.sleep_until(base::Deadline::after(pause));
  }
  --lane.waiting;
  lane.busy = true;
  const bool done = co_await blocking_.run([&guest] { return guest.poll(); });
  lane.busy = false;
  co_return done;
}

}  // namespace sandbox
