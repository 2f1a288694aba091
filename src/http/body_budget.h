// How many bytes of bodies a Server holds at once, over all its connections.
//
// A body counts from kFree on, by what is here of it and not by what was announced: who announces
// much and sends nothing costs nothing. A Server has one budget for the bodies of requests and one
// for those of answers until they are sent: who does not read its answers keeps nobody from asking.
// Safe on any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace http {

class BodyBudget {
 public:
  // What a body may have without being counted: any connection may keep as much of its input. So
  // most requests do not touch what all loops share.
  static constexpr std::uint64_t kFree = 16 * 1024;

  explicit BodyBudget(std::uint64_t limit) : limit_(limit) {}
  BodyBudget(const BodyBudget&) = delete;
  BodyBudget& operator=(const BodyBudget&) = delete;

  [[nodiscard]] std::uint64_t limit() const { return limit_; }
  [[nodiscard]] std::uint64_t held() const { return held_.load(std::memory_order_relaxed); }

  // One request's part of it, which comes back when this goes. The budget must outlive it.
  class Share {
   public:
    explicit Share(BodyBudget& budget) : budget_(budget) {}
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    ~Share() { release(); }

    // The body has so many bytes by now. False when they are more than there may be.
    [[nodiscard]] bool grow_to(std::uint64_t bytes) {
      if (bytes <= kFree || bytes <= counted_) return true;
      const std::uint64_t more = bytes - counted_;
      counted_ = bytes;
      return budget_.held_.fetch_add(more, std::memory_order_relaxed) + more <= budget_.limit_;
    }
    void release() {
      if (counted_ > 0) budget_.held_.fetch_sub(counted_, std::memory_order_relaxed);
      counted_ = 0;
    }

   private:
    BodyBudget& budget_;
    std::uint64_t counted_ = 0;
  };

 private:
  const std::uint64_t limit_;
  std::atomic<std::uint64_t> held_ = 0;
};

}  // namespace http
