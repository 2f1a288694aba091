#include "triggers/dispatcher.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>

#include "triggers/event_run.h"
#include "triggers/rows.h"

namespace triggers {
namespace {

namespace asio = boost::asio;
using reactor::Task;
using std::chrono::milliseconds;

// A disabled function, or one that had no room, is asked again after this.
constexpr milliseconds kPostponed{2'000};
constexpr milliseconds kAfterFailure{500};
constexpr std::size_t kMaxSettled = 500;

}  // namespace

// Lives as long as any of its Tasks; all of it belongs to the first loop, but for what is atomic.
class Dispatcher::State : public std::enable_shared_from_this<State> {
 public:
  State(const Rooms& rooms, Settings settings)
      : rooms_(rooms),
        run_(rooms.outbox, rooms.pool, rooms.registry, rooms.invoker, rooms.reactor.blocking()),
        home_(rooms.reactor.loop(0)),
        settings_(settings),
        claim_timer_(home_.executor()),
        settle_timer_(home_.executor()) {}

  void start() {
    started_ = true;
    for (auto task : {&State::claiming, &State::settling, &State::renewing, &State::counting}) {
      home_.spawn([](std::shared_ptr<State> state, Task<void> (State::*what)()) -> Task<void> {
        co_await (state.get()->*what)();
      }(shared_from_this(), task));
    }
  }

  // Many commits in one go wake once.
  void wake() {
    if (woken_.exchange(true)) return;
    home_.post([self = shared_from_this()] { self->claim_timer_.cancel(); });
  }

  void drain() {
    draining_ = true;
    home_.post([self = shared_from_this()] {
      self->claim_timer_.cancel();
      self->settle_timer_.cancel();
    });
  }

  // What it has to release counts as one.
  [[nodiscard]] std::uint32_t running() const { return started_ ? std::max(+count_, 1U) : 0; }

 private:
  using Timer =
      asio::basic_waitable_timer<base::Deadline::Clock, asio::wait_traits<base::Deadline::Clock>,
                                 reactor::Executor>;
  struct Running {
    Lease lease;
    std::string function;
    std::shared_ptr<std::atomic<bool>> canceled;
  };

  // ---- Claiming

  Task<void> claiming() {
    while (!draining_) {
      woken_ = false;
      const milliseconds pause = co_await claim_some();
      if (woken_ || draining_ || pause.count() == 0) continue;
      claim_timer_.expires_after(pause);
      co_await claim_timer_.async_wait(asio::as_tuple(reactor::kAwait));
    }
  }

  // How long until there may be more.
  Task<milliseconds> claim_some() {
    const std::uint32_t room = settings_.max_running - std::min(settings_.max_running, +count_);
    if (room == 0) co_return settings_.poll;  // an end of a run wakes
    Claim claim{
        .limit = room, .per_trigger = settings_.share, .busy = {}, .lease = settings_.lease};
    for (const auto& [trigger, runs] : by_trigger_) {
      if (runs >= settings_.share) claim.busy.push_back(trigger);
    }
    auto claimed = co_await rooms_.outbox.claim(home_, std::move(claim));
    if (!claimed) {
      note_failure("events cannot be claimed", claimed.error());
      co_return kAfterFailure;
    }
    for (Event& event : claimed->events) launch(std::move(event));
    const milliseconds next = claimed->next.value_or(settings_.poll);
    co_return std::min(next, settings_.poll);
  }

  void launch(Event event) {
    note_start(event);
    if (event.replaces) cancel_runs_of(event.trigger);
    auto canceled = std::make_shared<std::atomic<bool>>(false);
    running_.insert_or_assign(event.id,
                              Running{.lease = {event.id, event.attempt, event.trigger, event.lane},
                                      .function = event.function,
                                      .canceled = canceled});
    ++by_trigger_[event.trigger];
    ++count_;
    reactor::Loop& loop = rooms_.reactor.loop(next_loop_++ % rooms_.reactor.size());
    loop.spawn([](std::shared_ptr<State> state, reactor::Loop& on, Event what,
                  EventRun::Canceled cancel) -> Task<void> {
      Ran ran = co_await state->run_.run(on, std::move(what), std::move(cancel));
      state->home_.post([state, ran = std::move(ran)]() mutable { state->ended(std::move(ran)); });
    }(shared_from_this(), loop, std::move(event), std::move(canceled)));
  }

  void note_start(const Event& event) {
    if (event.failures > 0) {
      rooms_.metrics.event_retried(event.function);
    } else {
      const auto lag = std::max<std::int64_t>(now_of_database() - event.waits_from, 0);
      rooms_.metrics.event_started(event.function, milliseconds(lag));
    }
  }

  void cancel_runs_of(TriggerId trigger) {
    for (auto& [id, run] : running_) {
      if (run.lease.trigger == trigger) run.canceled->store(true);
    }
    rooms_.invoker.admission().dismiss_gone();
  }

  // It may have ended meanwhile, and this process may have claimed the event again.
  void cancel(const Lease& lease) {
    const auto found = running_.find(lease.event);
    if (found != running_.end() && found->second.lease.attempt == lease.attempt) {
      found->second.canceled->store(true);
      rooms_.invoker.admission().dismiss_gone();
    }
  }

  // ---- Ends

  void ended(Ran ran) {
    ends_.push_back(std::move(ran));
    settle_timer_.cancel();
  }

  // What ends while one transaction is under way goes into the next.
  Task<void> settling() {
    while (!draining_ || count_ > 0) {
      if (ends_.empty()) {
        settle_timer_.expires_after(settings_.poll);
        co_await settle_timer_.async_wait(asio::as_tuple(reactor::kAwait));
        continue;
      }
      const auto size = static_cast<std::ptrdiff_t>(std::min(ends_.size(), kMaxSettled));
      const std::vector<Ran> batch(std::make_move_iterator(ends_.begin()),
                                   std::make_move_iterator(ends_.begin() + size));
      ends_.erase(ends_.begin(), ends_.begin() + size);
      co_await settle(batch);
      for (const Ran& ran : batch) forget(ran.delivered.lease);
      // Seen by a claim that is under way, too: it may have found no room.
      woken_ = true;
      claim_timer_.cancel();
    }
    if (auto released = co_await rooms_.outbox.release(home_); !released) {
      note_failure("leases cannot be released", released.error());
    }
    started_ = false;
  }

  Task<void> settle(const std::vector<Ran>& batch) {
    std::vector<Delivered> ends;
    for (const Ran& ran : batch) {
      if (ran.end == Ran::End::kEnded) ends.push_back(ran.delivered);
      if (ran.end == Ran::End::kPostpone) {
        static_cast<void>(co_await rooms_.outbox.postpone(home_, ran.delivered.lease, kPostponed));
      }
    }
    while (!ends.empty()) {  // else a lane would wait for the lease's end
      auto settled = co_await rooms_.outbox.settle(home_, ends);
      if (settled) {
        note_deaths(*settled);
        break;
      }
      note_failure("deliveries cannot be recorded", settled.error());
      co_await home_.sleep_until(base::Deadline::after(kAfterFailure));
    }
  }

  void note_deaths(const std::vector<EventId>& dead) {
    for (const EventId id : dead) {
      const auto found = running_.find(id);
      if (found == running_.end()) continue;
      rooms_.metrics.event_died(found->second.function);
      rooms_.log.warn("an event is dead: its last attempt failed",
                      {{"event", std::to_string(id)}, {"function", found->second.function}});
    }
  }

  void forget(const Lease& lease) {
    const auto found = running_.find(lease.event);
    if (found != running_.end() && found->second.lease.attempt == lease.attempt) {
      running_.erase(found);
    }
    const auto trigger = by_trigger_.find(lease.trigger);
    if (trigger != by_trigger_.end() && --trigger->second == 0) by_trigger_.erase(trigger);
    --count_;
  }

  // ---- Besides

  Task<void> renewing() {
    while (!draining_ || count_ > 0) {
      co_await home_.sleep_until(base::Deadline::after(settings_.lease / 3));
      std::vector<Lease> leases;
      for (const auto& [id, run] : running_) leases.push_back(run.lease);
      if (leases.empty()) continue;
      auto lost = co_await rooms_.outbox.renew(home_, std::move(leases), settings_.lease);
      if (!lost) {
        note_failure("leases cannot be renewed", lost.error());
        continue;
      }
      for (const Lease& lease : *lost) cancel(lease);
    }
  }

  Task<void> counting() {
    std::map<std::string, std::uint64_t> dead;  // as last counted
    while (!draining_) {
      co_await home_.sleep_until(base::Deadline::after(settings_.count));
      static_cast<void>(co_await rooms_.outbox.sweep(home_));
      auto stats = co_await rooms_.outbox.stats(home_);
      if (!stats) continue;
      std::map<std::string, std::uint64_t> now;
      for (const EventStats& each : *stats) {
        now[each.function] = each.dead;
        dead.erase(each.function);
        const auto age = each.oldest ? now_of_database() - *each.oldest : 0;
        rooms_.metrics.events_waiting(each.function, each.pending + each.leased, each.dead,
                                      milliseconds(std::max<std::int64_t>(age, 0)));
      }
      for (const auto& [function, count] : dead) {
        rooms_.metrics.events_waiting(function, 0, 0, milliseconds(0));
      }
      dead = std::move(now);
    }
  }

  void note_failure(std::string_view what, const database::SqlError& error) {
    rooms_.log.warn(std::string(what), {{"error", error.message}});
  }

  const Rooms rooms_;
  EventRun run_;
  reactor::Loop& home_;
  const Settings settings_;
  Timer claim_timer_;
  Timer settle_timer_;
  std::map<EventId, Running> running_;
  std::map<TriggerId, std::uint32_t> by_trigger_;
  std::vector<Ran> ends_;
  std::size_t next_loop_ = 0;
  std::atomic<std::uint32_t> count_ = 0;  // of runs that are not settled
  std::atomic<bool> started_ = false;     // until all is released
  std::atomic<bool> woken_ = false;
  std::atomic<bool> draining_ = false;
};

Dispatcher::Dispatcher(const Rooms& rooms, Settings settings)
    : state_(std::make_shared<State>(rooms, settings)) {}

Dispatcher::~Dispatcher() = default;

void Dispatcher::start() { state_->start(); }
void Dispatcher::wake() { state_->wake(); }
void Dispatcher::drain() { state_->drain(); }
std::uint32_t Dispatcher::running() const { return state_->running(); }

}  // namespace triggers
