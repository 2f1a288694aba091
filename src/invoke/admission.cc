#include "invoke/admission.h"

#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

namespace invoke {
namespace {

using Timer =
    reactor::asio::basic_waitable_timer<std::chrono::steady_clock,
                                        reactor::asio::wait_traits<std::chrono::steady_clock>,
                                        reactor::Executor>;

base::Error too_many(const Admission::Settings& settings) {
  return {
      base::Code::kConcurrencyLimit,
      "the node runs " + std::to_string(settings.max_running) +
          " calls at once, its limit, and no place became free in time: try again later, or raise "
          "limits.max_concurrency"};
}

}  // namespace

// A call in the queue. `admitted` is set under the mutex by whoever leaves; the timer is touched
// only on the waiter's own loop.
struct Admission::Waiter {
  Waiter(reactor::Loop& own_loop, std::chrono::milliseconds wait)
      : loop(own_loop), timer(own_loop.executor(), wait) {}
  reactor::Loop& loop;
  Timer timer;
  bool admitted = false;
};

Admission::Permit::Permit(Permit&& other) noexcept
    : admission_(std::exchange(other.admission_, nullptr)) {}

Admission::Permit::~Permit() {
  if (admission_ != nullptr) admission_->leave();
}

Admission::Admission(Settings settings, telemetry::Metrics& metrics)
    : settings_(settings), metrics_(metrics) {}

base::Result<std::shared_ptr<Admission::Waiter>> Admission::try_enter(reactor::Loop& loop) {
  const std::lock_guard lock(mutex_);
  if (draining_) {
    return base::fail(base::Code::kDraining,
                      "the server is shutting down: try again on another node, or later");
  }
  if (running_ < settings_.max_running) {
    ++running_;
    report();
    return nullptr;
  }
  if (waiters_.size() >= settings_.max_waiting) return base::fail(too_many(settings_));
  auto waiter = std::make_shared<Waiter>(loop, settings_.max_wait);
  waiters_.push_back(waiter);
  report();
  return waiter;
}

reactor::Task<base::Result<Admission::Permit>> Admission::enter(reactor::Loop& loop) {
  auto entered = try_enter(loop);
  if (!entered) {
    metrics_.admission_rejected();
    co_return base::fail(std::move(entered.error()));
  }
  const std::shared_ptr<Waiter> waiter = std::move(*entered);
  if (waiter != nullptr) {
    boost::system::error_code ignored;
    co_await waiter->timer.async_wait(reactor::asio::redirect_error(reactor::kAwait, ignored));
    if (!claim(waiter)) {
      metrics_.admission_rejected();
      co_return base::fail(too_many(settings_));
    }
  }
  co_return Permit(*this);
}

// True when the waiter was let in; otherwise it is out of the queue.
bool Admission::claim(const std::shared_ptr<Waiter>& waiter) {
  const std::lock_guard lock(mutex_);
  if (!waiter->admitted) std::erase(waiters_, waiter);
  report();
  return waiter->admitted;
}

// The place passes straight to the first waiter, so that nobody who comes later can take it.
void Admission::leave() {
  std::shared_ptr<Waiter> next;
  {
    const std::lock_guard lock(mutex_);
    if (waiters_.empty()) {
      --running_;
      report();
      return;
    }
    next = std::move(waiters_.front());
    waiters_.pop_front();
    next->admitted = true;
    report();
  }
  reactor::Loop& loop = next->loop;
  loop.post([next = std::move(next)] { next->timer.cancel(); });
}

void Admission::report() {
  metrics_.admission(running_, static_cast<std::int64_t>(waiters_.size()));
}

void Admission::drain() {
  const std::lock_guard lock(mutex_);
  draining_ = true;
}

std::uint32_t Admission::running() const {
  const std::lock_guard lock(mutex_);
  return running_;
}

std::uint32_t Admission::waiting() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::uint32_t>(waiters_.size());
}

}  // namespace invoke
