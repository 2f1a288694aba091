// poll_oneoff: only its clocks, which is how wasi-libc sleeps.
//
//   subscription (48 bytes): userdata u64 @0 · tag u8 @8 · clock id u32 @16 · timeout u64 @24 ·
//   precision u64 @32
//                            · flags u16 @40 (bit 0: the timeout is a time, not a span)
//   event        (32 bytes): userdata u64 @0 · errno u16 @8 · type u8 @10
#include <algorithm>
#include <cstring>
#include <limits>

#include "host/wasi.h"

namespace host::wasi {
namespace {

constexpr std::uint32_t kSubscriptionBytes = 48;
constexpr std::uint32_t kEventBytes = 32;
constexpr std::uint32_t kMaxSubscriptions = 64;
constexpr std::uint8_t kClockTag = 0;

struct Subscription {
  std::uint64_t user_data = 0;
  std::chrono::nanoseconds wait{};
};

std::chrono::nanoseconds clamp(std::uint64_t nanoseconds) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(nanoseconds, kMost)));
}

// The range was checked. Nothing when it is not a clock we have.
std::optional<Subscription> read_subscription(GuestMemory memory, std::uint32_t at) {
  const auto clock = *memory.load<std::uint32_t>(at + 16);
  if (*memory.load<std::uint8_t>(at + 8) != kClockTag || clock > 1) return std::nullopt;
  Subscription subscription{.user_data = *memory.load<std::uint64_t>(at),
                            .wait = clamp(*memory.load<std::uint64_t>(at + 24))};
  if ((*memory.load<std::uint16_t>(at + 40) & 1U) != 0) {
    const auto now = clock == 0 ? std::chrono::system_clock::now().time_since_epoch()
                                : std::chrono::steady_clock::now().time_since_epoch();
    subscription.wait = std::max(subscription.wait - now, std::chrono::nanoseconds::zero());
  }
  return subscription;
}

void append_event(std::vector<std::uint8_t>& events, std::uint64_t user_data) {
  const std::size_t at = events.size();
  events.resize(at + kEventBytes);  // errno success and type clock are both 0
  std::memcpy(events.data() + at, &user_data, sizeof user_data);
}

}  // namespace

Answer<PollPlan> plan_poll(Call& /*call*/, GuestMemory memory, std::uint32_t subscriptions,
                           std::uint32_t count) {
  if (count == 0 || count > kMaxSubscriptions) return PollPlan{.error = Errno::kInval, .sleep = {}};
  if (!memory.read(subscriptions, count * kSubscriptionBytes)) {
    return PollPlan{.error = Errno::kFault, .sleep = {}};
  }
  std::vector<Subscription> clocks;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto subscription = read_subscription(memory, subscriptions + i * kSubscriptionBytes);
    if (!subscription) return PollPlan{.error = Errno::kNosys, .sleep = {}};
    clocks.push_back(*subscription);
  }
  PollPlan plan;
  plan.sleep.duration = std::ranges::min(clocks, {}, &Subscription::wait).wait;
  for (const Subscription& clock : clocks) {
    if (clock.wait > plan.sleep.duration) continue;
    append_event(plan.sleep.events, clock.user_data);
    ++plan.sleep.count;
  }
  return plan;
}

}  // namespace host::wasi
