#include "triggers/dispatcher.h"

#include <algorithm>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/encoding.h"
#include "base/id.h"

namespace triggers {
namespace {

namespace asio = boost::asio;
using reactor::Task;

// A disabled function, or one that had no room, is asked again after this.
constexpr std::chrono::milliseconds kPostponed{2'000};
constexpr std::chrono::milliseconds kAfterFailure{500};
constexpr std::size_t kMaxSettled = 500;

// What the guest reads: the payload, and what is the same or new with each attempt.
std::string event_json(const Event& event) {
  std::string json = "{\"id\":";
  base::append_json_string(json, event.key);
  json += ",\"attempt\":" + std::to_string(event.attempt) + ",";
  return json.append(event.payload, 1);
}

invoke::Cause cause_of(const Event& event) {
  return event.payload.starts_with(R"({"trigger":"schedule")") ? invoke::Cause::kSchedule
                                                               : invoke::Cause::kDatabase;
}

}  // namespace

// Lives as long as any of its Tasks; all of it belongs to the first loop, but for what is atomic.
class Dispatcher::State : public std::enable_shared_from_this<State> {
 public:
  State(Outbox& outbox, const catalog::Registry& registry, invoke::Invoker& invoker,
        reactor::Reactor& reactor, const telemetry::Log& log, Settings settings)
      : outbox_(outbox),
        registry_(registry),
        invoker_(invoker),
        reactor_(reactor),
        home_(reactor.loop(0)),
        log_(log),
        settings_(settings),
        claim_timer_(home_.executor()),
        settle_timer_(home_.executor()) {}

  void start() {
    auto self = shared_from_this();
    home_.spawn(
        [](std::shared_ptr<State> state) -> Task<void> { co_await state->claiming(); }(self));
    home_.spawn(
        [](std::shared_ptr<State> state) -> Task<void> { co_await state->settling(); }(self));
    home_.spawn(
        [](std::shared_ptr<State> state) -> Task<void> { co_await state->renewing(); }(self));
  }

  // Many commits in one go wake once.
  void wake() {
    if (woken_.exchange(true)) return;
    home_.post([self = shared_from_this()] { self->claim_timer_.cancel(); });
  }

  void drain() {
    draining_ = true;
    home_.post([self = shared_from_this()] { self->claim_timer_.cancel(); });
  }

  [[nodiscard]] std::uint32_t running() const { return running_; }

 private:
  using Timer =
      asio::basic_waitable_timer<base::Deadline::Clock, asio::wait_traits<base::Deadline::Clock>,
                                 reactor::Executor>;

  Task<void> claiming() {
    while (!draining_) {
      woken_ = false;
      const std::uint32_t room = settings_.max_running - std::min(settings_.max_running, +running_);
      std::chrono::milliseconds pause = settings_.poll;
      if (room > 0) {
        auto events = co_await outbox_.claim(home_, room, settings_.lease);
        if (!events) {
          pause = kAfterFailure;
          note_failure("events cannot be claimed", events.error());
        } else {
          for (Event& event : *events) launch(std::move(event));
          if (events->size() == room) continue;  // there may be more
          if (!events->empty()) pause = std::chrono::milliseconds(0);
          if (auto due = co_await outbox_.next_due(home_); due && *due) {
            pause = std::min(settings_.poll, std::max(**due, std::chrono::milliseconds(1)));
          } else {
            pause = settings_.poll;
          }
        }
      }
      if (woken_ || draining_) continue;
      claim_timer_.expires_after(pause);
      co_await claim_timer_.async_wait(asio::as_tuple(reactor::kAwait));
    }
  }

  void launch(Event event) {
    ++running_;
    reactor::Loop& loop = reactor_.loop(next_loop_++ % reactor_.size());
    loop.spawn([](std::shared_ptr<State> state, reactor::Loop& on, Event what) -> Task<void> {
      Delivered end = co_await state->deliver(on, std::move(what));
      state->home_.post([state, end = std::move(end)]() mutable { state->ended(std::move(end)); });
    }(shared_from_this(), loop, std::move(event)));
  }

  Task<Delivered> deliver(reactor::Loop& loop, Event event) {
    Delivered end{.event = event.id, .attempt = event.attempt};
    end.invocation = base::make_uuid();
    catalog::FunctionPtr function = registry_.find(event.function);
    if (function == nullptr) {
      end.last = true;
      end.error = "NOT_FOUND: the function `" + event.function + "` has been deleted";
      co_return end;
    }
    if (!function->enabled) {
      static_cast<void>(co_await outbox_.postpone(loop, event.id, event.attempt, kPostponed));
      end.event = 0;
      co_return end;
    }
    invoke::Invocation invocation;
    invocation.function = std::move(function);
    invocation.cause = cause_of(event);
    invocation.principal = event.writer.value_or(auth::Principal::service());
    invocation.depth = event.depth;
    invocation.event.request_id = end.invocation;
    invocation.event.captured = event_json(event);
    invocation.event.body = invocation.event.captured;
    invoke::Outcome outcome = co_await invoker_.invoke(loop, std::move(invocation));
    if (!outcome.response && outcome.response.error().code == base::Code::kConcurrencyLimit) {
      static_cast<void>(co_await outbox_.postpone(loop, event.id, event.attempt, kPostponed));
      end.event = 0;
      co_return end;
    }
    judge(end, outcome);
    co_return end;
  }

  static void judge(Delivered& end, invoke::Outcome& outcome) {
    end.lines = std::move(outcome.lines);
    if (!outcome.response) {
      const base::Error& error = outcome.response.error();
      end.error = std::string(base::name_of(error.code)) + ": " + error.message;
    } else if (outcome.response->status >= 400) {
      end.error = "the function answered with the status " +
                  std::to_string(outcome.response->status) + ": " +
                  outcome.response->body.substr(0, 500);
    } else {
      end.succeeded = true;
    }
  }

  void ended(Delivered end) {
    if (end.event == 0) {
      --running_;
      return;
    }
    ends_.push_back(std::move(end));
    settle_timer_.cancel();
  }

  // What ends while one transaction is under way goes into the next.
  Task<void> settling() {
    while (!draining_ || running_ > 0) {
      if (ends_.empty()) {
        settle_timer_.expires_after(settings_.poll);
        co_await settle_timer_.async_wait(asio::as_tuple(reactor::kAwait));
        continue;
      }
      const auto count = std::min(ends_.size(), kMaxSettled);
      const std::vector<Delivered> batch(
          std::make_move_iterator(ends_.begin()),
          std::make_move_iterator(ends_.begin() + static_cast<std::ptrdiff_t>(count)));
      ends_.erase(ends_.begin(), ends_.begin() + static_cast<std::ptrdiff_t>(count));
      auto settled = co_await outbox_.settle(home_, batch);
      while (!settled) {  // else a lane would wait for the lease's end
        note_failure("deliveries cannot be recorded", settled.error());
        co_await home_.sleep_until(base::Deadline::after(kAfterFailure));
        settled = co_await outbox_.settle(home_, batch);
      }
      running_ -= static_cast<std::uint32_t>(count);
      claim_timer_.cancel();
    }
  }

  Task<void> renewing() {
    while (!draining_ || running_ > 0) {
      co_await home_.sleep_until(base::Deadline::after(settings_.lease / 3));
      if (running_ == 0) continue;
      if (auto renewed = co_await outbox_.renew(home_, settings_.lease); !renewed) {
        note_failure("leases cannot be renewed", renewed.error());
      }
    }
  }

  void note_failure(std::string_view what, const database::SqlError& error) {
    log_.warn(std::string(what), {{"error", error.message}});
  }

  Outbox& outbox_;
  const catalog::Registry& registry_;
  invoke::Invoker& invoker_;
  reactor::Reactor& reactor_;
  reactor::Loop& home_;
  const telemetry::Log& log_;
  const Settings settings_;
  Timer claim_timer_;
  Timer settle_timer_;
  std::vector<Delivered> ends_;
  std::size_t next_loop_ = 0;
  std::atomic<std::uint32_t> running_ = 0;
  std::atomic<bool> woken_ = false;
  std::atomic<bool> draining_ = false;
};

Dispatcher::Dispatcher(Outbox& outbox, const catalog::Registry& registry, invoke::Invoker& invoker,
                       reactor::Reactor& reactor, const telemetry::Log& log, Settings settings)
    : state_(std::make_shared<State>(outbox, registry, invoker, reactor, log, settings)) {}

Dispatcher::~Dispatcher() = default;

void Dispatcher::start() { state_->start(); }
void Dispatcher::wake() { state_->wake(); }
void Dispatcher::drain() { state_->drain(); }
std::uint32_t Dispatcher::running() const { return state_->running(); }

}  // namespace triggers
