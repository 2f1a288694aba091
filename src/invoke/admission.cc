#include "invoke/admission.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

namespace invoke {
namespace {

using Timer =
    reactor::asio::basic_waitable_timer<std::chrono::steady_clock,
                                        reactor::asio::wait_traits<std::chrono::steady_clock>,
                                        reactor::Executor>;

// Of the node's places that a loop takes at a time: so few that several loops fit into the default
// limit, so many that the mutex is seldom asked.
constexpr std::uint32_t kBatch = 32;

base::Error draining() {
  return {base::Code::kDraining,
          "the server is shutting down: try again on another node, or later"};
}

base::Error given_up() { return {base::Code::kCanceled, "nobody waits for the answer any more"}; }

}  // namespace

// One function's callers. In `turns_` while somebody waits here and may go in.
struct Admission::Line {
  LineKey key{};
  std::string name;
  std::uint32_t limit = 0;
  bool counted = false;       // the limit is below the node's
  std::uint32_t running = 0;  // only where counted
  bool in_turn = false;
  std::list<WaiterPtr> waiters;
  Pace pace = {};

  [[nodiscard]] bool full() const { return counted && running >= limit; }
};

// A call in the queue. The timer is touched only on its own loop; all else under the mutex.
struct Admission::Waiter {
  Waiter(reactor::Loop& own_loop, Line& own_line, const std::atomic<bool>* own_gone,
         Clock::time_point now, std::chrono::milliseconds wait)
      : loop(own_loop),
        timer(own_loop.executor()),
        line(&own_line),
        gone(own_gone),
        begin(now),
        deadline(base::Deadline::after(wait, now)) {}

  reactor::Loop& loop;
  Timer timer;
  Line* line;  // null once it is out of the queue
  const std::atomic<bool>* const gone;
  std::list<WaiterPtr>::iterator place{};
  const Clock::time_point begin;
  const base::Deadline deadline;
  std::optional<Entered> entered;  // what became of it
  std::string_view reason;         // where it was refused

  [[nodiscard]] bool given_up() const {
    return gone != nullptr && gone->load(std::memory_order_relaxed);
  }
};

Admission::Permit::Permit(Permit&& other) noexcept
    : admission_(std::exchange(other.admission_, nullptr)),
      slot_(other.slot_),
      line_(other.line_) {}

Admission::Permit::~Permit() {
  if (admission_ != nullptr) admission_->leave(*this);
}

Admission::Admission(Settings settings, telemetry::Metrics& metrics)
    : settings_(settings), metrics_(metrics), free_(settings.max_running) {
  metrics_.watch("admission_running", [this] { return static_cast<double>(running()); });
  metrics_.watch("admission_waiting", [this] { return static_cast<double>(waiting()); });
}

Admission::~Admission() {
  metrics_.watch("admission_running", nullptr);
  metrics_.watch("admission_waiting", nullptr);
}

std::uint32_t Admission::limit_of(const Caller& caller) const {
  const std::uint32_t standard =
      settings_.max_per_function > 0 ? settings_.max_per_function : settings_.max_running;
  return std::min(caller.limit.value_or(standard), settings_.max_running);
}

std::optional<Admission::Permit> Admission::try_enter(const reactor::Loop& loop,
                                                      const Caller& caller) {
  if (limit_of(caller) < settings_.max_running || busy_.load() != 0) return std::nullopt;
  const std::size_t slot = slot_of(loop);
  std::atomic<std::uint32_t>& places = credits_[slot].places;
  std::uint32_t left = places.load(std::memory_order_relaxed);
  while (left > 0) {
    if (places.compare_exchange_weak(left, left - 1)) return Permit(*this, slot, nullptr);
  }
  return std::nullopt;
}

reactor::Task<Admission::Entered> Admission::enter(reactor::Loop& loop, Caller caller) {
  if (auto permit = try_enter(loop, caller)) co_return std::move(*permit);
  WaiterPtr waiter;
  Entered entered = enter_or_wait(loop, caller, waiter);
  if (waiter == nullptr) co_return entered;
  co_return co_await wait(std::move(waiter));
}

// With a waiter: what is returned says nothing yet.
Admission::Entered Admission::enter_or_wait(reactor::Loop& loop, const Caller& caller,
                                            WaiterPtr& waiter) {
  const auto now = Clock::now();
  Woken woken;
  std::unique_lock lock(mutex_);
  if (draining_) return refuse("draining", {draining()});
  const std::size_t slot = slot_of(loop);
  slots_ = std::max(slots_, slot + 1);
  Line& line = line_of(caller);
  // Who may go in stands before whoever comes now.
  if (!line.full() && turns_.empty() && take(slot)) {
    if (!line.counted) {
      forget_if_empty(line);
      return Permit(*this, slot, nullptr);
    }
    ++line.running;
    return Permit(*this, slot, &line);
  }
  if (!make_room(line, woken)) {
    Refusal refusal = too_many(line, now);
    forget_if_empty(line);
    return refuse("queue_full", std::move(refusal));
  }
  waiter = std::make_shared<Waiter>(loop, line, caller.gone, now, settings_.max_wait);
  join(waiter, now);
  // A place may have been given back before it could be seen that somebody waits.
  admit(now, woken);
  lock.unlock();
  wake(woken);
  return std::unexpected(Refusal{draining()});
}

// A place for a call that comes now; and some more into its loop's credit, where nobody waits.
bool Admission::take(std::size_t slot) {
  if (free_ == 0) collect();
  if (free_ == 0) return false;
  --free_;
  if (waiting_ == 0) {
    const std::uint32_t batch = std::min(kBatch, free_ / 2);
    free_ -= batch;
    credits_[slot].places.fetch_add(batch);
  }
  return true;
}

void Admission::collect() {
  for (std::size_t i = 0; i < slots_; ++i) {
    std::atomic<std::uint32_t>& places = credits_[i].places;
    if (places.load() > 0) free_ += places.exchange(0);
  }
}

Admission::Line& Admission::line_of(const Caller& caller) {
  const LineKey key{caller.function, caller.version};
  Line& line = lines_[key];
  if (line.name.empty()) {
    line.key = key;
    line.name = caller.name;
    line.pace.start(Clock::now());
  }
  line.limit = limit_of(caller);
  line.counted = line.limit < settings_.max_running;
  return line;
}

void Admission::forget_if_empty(Line& line) {
  if (line.waiters.empty() && line.running == 0) lines_.erase(line.key);
}

void Admission::stand_in_turn(Line& line) {
  if (line.in_turn || line.waiters.empty() || line.full()) return;
  line.in_turn = true;
  turns_.push_back(&line);
}

// Looks at each line that waits: only when the queue is full and the newcomer's own line is short.
bool Admission::make_room(const Line& newcomer, Woken& woken) {
  if (waiting_ < settings_.max_waiting) return true;
  Line* longest = nullptr;
  for (auto& [id, line] : lines_) {
    if (longest == nullptr || line.waiters.size() > longest->waiters.size()) longest = &line;
  }
  if (longest->waiters.size() <= newcomer.waiters.size() + 1) return false;
  const WaiterPtr last = longest->waiters.back();
  dismiss(last, "queue_full", too_many(*longest, Clock::now()));
  woken.push_back(last);
  return true;
}

void Admission::join(const WaiterPtr& waiter, Clock::time_point now) {
  Line& line = *waiter->line;
  if (waiting_ == 0) pace_.start(now);
  if (line.waiters.empty()) line.pace.start(now);
  waiter->place = line.waiters.insert(line.waiters.end(), waiter);
  set_waiting(waiting_ + 1);
  stand_in_turn(line);
}

void Admission::remove(const WaiterPtr& waiter) {
  Line& line = *std::exchange(waiter->line, nullptr);
  line.waiters.erase(waiter->place);
  set_waiting(waiting_ - 1);
  if (line.waiters.empty() && line.in_turn) {
    line.in_turn = false;
    std::erase(turns_, &line);
  }
  forget_if_empty(line);
}

void Admission::dismiss(const WaiterPtr& waiter, std::string_view reason, Refusal refusal) {
  waiter->entered.emplace(std::unexpected(std::move(refusal)));
  waiter->reason = reason;
  remove(waiter);
}

void Admission::set_waiting(std::size_t waiting) {
  waiting_ = waiting;
  busy_.store(waiting_ | (draining_ ? kClosed : 0));
}

// Each line whose turn it is gets one place, and stands behind the others again.
void Admission::admit(Clock::time_point now, Woken& woken) {
  // Loops keep their credit, which is what keeps them off this mutex.
  if (turns_.empty()) return;
  collect();
  while (free_ > 0 && !turns_.empty()) {
    Line& line = *turns_.front();
    turns_.pop_front();
    line.in_turn = false;
    const WaiterPtr next = next_of(line, now, woken);
    if (next == nullptr) {
      forget_if_empty(line);
      continue;
    }
    --free_;
    if (line.counted) ++line.running;
    next->entered.emplace(Permit(*this, slot_of(next->loop), line.counted ? &line : nullptr));
    stand_in_turn(line);
    woken.push_back(next);
    next->line = nullptr;
    forget_if_empty(line);
  }
}

// Out of its line; who has waited too long or has gone is refused on the way, and costs the line no
// turn. Null when none is left.
Admission::WaiterPtr Admission::next_of(Line& line, Clock::time_point now, Woken& woken) {
  while (!line.waiters.empty()) {
    const WaiterPtr first = line.waiters.front();
    line.waiters.pop_front();
    set_waiting(waiting_ - 1);
    const bool gone = first->given_up();
    if (!gone && !first->deadline.expired(now)) return first;
    first->entered.emplace(std::unexpected(gone ? Refusal{given_up()} : too_many(line, now)));
    first->reason = gone ? "gone" : "waited";
    first->line = nullptr;
    woken.push_back(first);
  }
  return nullptr;
}

// Not under the mutex: the loops' own locks are none of its business.
void Admission::wake(const Woken& woken) {
  for (const WaiterPtr& waiter : woken) {
    waiter->loop.post([waiter] { waiter->timer.cancel(); });
  }
}

reactor::Task<Admission::Entered> Admission::wait(WaiterPtr waiter) {
  for (;;) {
    {
      const auto now = Clock::now();
      const std::lock_guard lock(mutex_);
      if (!waiter->entered && waiter->deadline.expired(now)) {
        dismiss(waiter, "waited", too_many(*waiter->line, now));
      }
      if (waiter->entered) break;
      waiter->timer.expires_at(waiter->deadline.when());
    }
    boost::system::error_code ignored;
    co_await waiter->timer.async_wait(reactor::asio::redirect_error(reactor::kAwait, ignored));
  }
  metrics_.admission_waited(Clock::now() - waiter->begin);
  Entered entered = std::move(*waiter->entered);
  if (!entered) co_return refuse(waiter->reason, std::move(entered.error()));
  co_return entered;
}

void Admission::leave(const Permit& permit) {
  if (permit.line_ == nullptr) {
    credits_[permit.slot_].places.fetch_add(1);
    if (busy_.load() == 0) return;
  }
  const auto now = Clock::now();
  Woken woken;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_ > 0) pace_.freed(now);
    if (Line* const line = permit.line_; line != nullptr) {
      ++free_;
      --line->running;
      line->pace.freed(now);
      stand_in_turn(*line);
      forget_if_empty(*line);
    }
    admit(now, woken);
  }
  wake(woken);
}

Admission::Refusal Admission::too_many(Line& line, Clock::time_point now) {
  const auto after = [&](Pace& pace, std::size_t ahead) {
    return pace.retry_after(ahead + 1, now, settings_.max_wait);
  };
  if (line.full()) {
    return {{base::Code::kConcurrencyLimit,
             "the function `" + line.name + "` runs " + std::to_string(line.limit) +
                 " calls at once, its limit, and no place became free in time: try again later, "
                 "or raise its `concurrency` or limits.max_concurrency_per_function"},
            after(line.pace, line.waiters.size())};
  }
  return {{base::Code::kConcurrencyLimit,
           "the node runs " + std::to_string(settings_.max_running) +
               " calls at once, its limit, and no place became free in time: try again later, or "
               "raise limits.max_concurrency"},
          after(pace_, waiting_)};
}

Admission::Entered Admission::refuse(std::string_view reason, Refusal refusal) {
  metrics_.admission_rejected(reason);
  return std::unexpected(std::move(refusal));
}

void Admission::dismiss_gone() {
  Woken woken;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, line] : lines_) {
      std::ranges::copy_if(line.waiters, std::back_inserter(woken), &Waiter::given_up,
                           [](const WaiterPtr& waiter) -> const Waiter& { return *waiter; });
    }
    for (const WaiterPtr& waiter : woken) dismiss(waiter, "gone", {given_up()});
  }
  wake(woken);
}

void Admission::drain() {
  Woken woken;
  {
    const std::lock_guard lock(mutex_);
    draining_ = true;
    while (waiting_ > 0) {
      const auto line = std::ranges::find_if(
          lines_, [](const auto& entry) { return !entry.second.waiters.empty(); });
      const WaiterPtr first = line->second.waiters.front();
      dismiss(first, "draining", {draining()});
      woken.push_back(first);
    }
    set_waiting(0);
  }
  wake(woken);
}

std::uint32_t Admission::running() const {
  const std::lock_guard lock(mutex_);
  std::uint32_t free = free_;
  for (const Credit& credit : credits_) free += credit.places.load();
  return settings_.max_running - std::min(free, settings_.max_running);
}

std::uint32_t Admission::waiting() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::uint32_t>(waiting_);
}

}  // namespace invoke
