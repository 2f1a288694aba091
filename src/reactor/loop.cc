#include "reactor/loop.h"

#include <cstdlib>
#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

namespace reactor {

Task<void> SliceQueue::turn() {
  co_await asio::async_initiate<const asio::use_awaitable_t<Executor>, void()>(
      [this](auto handler) {
        waiters_.emplace_back([handler = std::move(handler)]() mutable { std::move(handler)(); });
        if (!pumping_) {
          pumping_ = true;
          asio::post(executor_, [this] { pump(); });
        }
      },
      kAwait);
}

// One waiter a round: what became ready meanwhile stands in the loop's queue before the next round.
void SliceQueue::pump() {
  auto next = std::move(waiters_.front());
  waiters_.pop_front();
  next();
  if (waiters_.empty()) {
    pumping_ = false;
  } else {
    asio::post(executor_, [this] { pump(); });
  }
}

Loop::Loop(unsigned index)
    : index_(index),
      context_(1),
      work_(context_.get_executor()),
      slices_(context_.get_executor()),
      writes_(context_.get_executor()) {}

void Loop::spawn(Task<void> task) {
  asio::co_spawn(context_.get_executor(), std::move(task), [](const std::exception_ptr& error) {
    if (error) std::terminate();
  });
}

void Loop::post(std::move_only_function<void()> work) {
  asio::post(context_, [work = std::move(work)]() mutable { work(); });
}

Task<void> Loop::sleep_until(base::Deadline when) {
  asio::basic_waitable_timer<base::Deadline::Clock, asio::wait_traits<base::Deadline::Clock>,
                             Executor>
      timer(context_.get_executor(), when.when());
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(kAwait, ignored));
}

Loop& Loop::least_busy() {
  Loop* least = this;
  std::size_t guests = busy_.load(std::memory_order_relaxed);
  for (Loop* other : others_) {
    const std::size_t there = other->busy_.load(std::memory_order_relaxed);
    if (there < guests) {
      least = other;
      guests = there;
    }
  }
  return *least;
}

void Loop::run() { context_.run(); }
void Loop::stop() { context_.stop(); }

}  // namespace reactor
