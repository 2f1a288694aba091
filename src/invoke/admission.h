// How many calls may run at once, who waits for a place, and who is sent away.
//
//   limits   places of the node, and of each version of a function that has fewer of its own
//   credit   each loop holds some of the node's free places. While nobody waits, a call takes
//            one of its loop's and gives it back there: it touches nothing that others write
//   queue    bounded, a line for each version; a free place goes to the lines in turn, so a busy
//            function does not starve a quiet one. When the queue is full, the longest line loses
//            its last caller; a newcomer is refused only where its own line is as long
//
// `concurrency` belongs to a version, as all that a function is deployed with: a canary and the
// version that runs count their own calls and wait in lines of their own, and so does the version
// before while its last calls end. What is said of a function below holds of each version.
//
// A caller leaves the queue when it has waited for max_wait. One whose `gone` is set gets no place,
// and leaves with the next `dismiss_gone`. `drain` answers all who wait with kDraining at once, and
// all who come later. Safe from any loop. A function with fewer places than the node is counted
// under the mutex.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <expected>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "catalog/function.h"
#include "invoke/pace.h"
#include "reactor/loop.h"
#include "telemetry/metrics.h"

namespace invoke {

class Admission {
 public:
  struct Settings {
    std::uint32_t max_running = 1000;
    std::uint32_t max_per_function = 0;  // 0: max_running
    std::uint32_t max_waiting = 4000;
    std::chrono::milliseconds max_wait{5000};
  };

  struct Caller {
    catalog::FunctionId function;
    int version = 0;                          // of the function
    std::string_view name;                    // of the function
    std::optional<std::uint32_t> limit = {};  // the function's own
    const std::atomic<bool>* gone = nullptr;  // set: nobody wants the answer any more
  };

  struct Refusal {
    base::Error error;  // kConcurrencyLimit, kDraining or kCanceled
    std::optional<std::chrono::seconds> retry_after = {};
  };

 private:
  struct Line;
  struct Waiter;
  struct LineKey {
    catalog::FunctionId function;
    int version;
    auto operator<=>(const LineKey&) const = default;
  };

 public:
  // A place, until it is destroyed; on any thread.
  class Permit {
   public:
    Permit(Permit&& other) noexcept;
    Permit& operator=(Permit&&) = delete;
    ~Permit();

   private:
    friend class Admission;
    Permit(Admission& admission, std::size_t slot, Line* line)
        : admission_(&admission), slot_(slot), line_(line) {}
    Admission* admission_;
    std::size_t slot_;  // of the credit that it came from
    Line* line_;        // that counts it; null where the function has no limit of its own
  };
  using Entered = std::expected<Permit, Refusal>;

  Admission(Settings settings, telemetry::Metrics& metrics);
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;
  ~Admission();

  // From the loop's credit alone: no lock, nothing allocated. Nothing when that does not do; then
  // `enter` decides.
  std::optional<Permit> try_enter(const reactor::Loop& loop, const Caller& caller);

  // Suspends only when there is no place. What `caller` refers to must outlive the Task.
  reactor::Task<Entered> enter(reactor::Loop& loop, Caller caller);

  // To be called now and then where a caller may have gone; looks at all who wait.
  void dismiss_gone();
  [[nodiscard]] bool somebody_waits() const { return (busy_.load() & ~kClosed) != 0; }

  void drain();
  // Exact while no call comes or goes.
  [[nodiscard]] std::uint32_t running() const;
  [[nodiscard]] std::uint32_t waiting() const;

 private:
  using Clock = base::Deadline::Clock;
  using WaiterPtr = std::shared_ptr<Waiter>;
  using Woken = std::vector<WaiterPtr>;
  struct alignas(64) Credit {
    std::atomic<std::uint32_t> places{0};
  };
  static constexpr std::size_t kSlots = 64;
  static constexpr std::uint64_t kClosed = 1ULL << 63U;
  static std::size_t slot_of(const reactor::Loop& loop) { return loop.index() % kSlots; }

  [[nodiscard]] std::uint32_t limit_of(const Caller& caller) const;
  Entered enter_or_wait(reactor::Loop& loop, const Caller& caller, WaiterPtr& waiter);
  reactor::Task<Entered> wait(WaiterPtr waiter);
  void leave(const Permit& permit);

  // Below: under the mutex.
  bool take(std::size_t slot);
  void collect();
  Line& line_of(const Caller& caller);
  void forget_if_empty(Line& line);
  void stand_in_turn(Line& line);
  bool make_room(const Line& newcomer, Woken& woken);
  void join(const WaiterPtr& waiter, Clock::time_point now);
  void remove(const WaiterPtr& waiter);
  void dismiss(const WaiterPtr& waiter, std::string_view reason, Refusal refusal);
  void admit(Clock::time_point now, Woken& woken);
  WaiterPtr next_of(Line& line, Clock::time_point now, Woken& woken);
  void set_waiting(std::size_t waiting);
  Refusal too_many(Line& line, Clock::time_point now);

  static void wake(const Woken& woken);
  Entered refuse(std::string_view reason, Refusal refusal);

  const Settings settings_;
  telemetry::Metrics& metrics_;

  std::array<Credit, kSlots> credits_;
  // How many wait, and kClosed once it drains: not zero means that the mutex decides. Sequentially
  // consistent with the credits: who gives a place back sees whoever waits, or is seen by them.
  std::atomic<std::uint64_t> busy_{0};

  mutable std::mutex mutex_;
  std::uint32_t free_;     // in nobody's credit
  std::size_t slots_ = 0;  // that may have credit
  bool draining_ = false;
  std::size_t waiting_ = 0;
  std::map<LineKey, Line> lines_;  // of functions that wait, or are counted
  std::list<Line*> turns_;         // lines whose first may go in, in their order
  Pace pace_;
};

}  // namespace invoke
