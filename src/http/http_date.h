// The time as the Date header says it (RFC 9110, section 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT".
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace http {

std::string http_date(std::chrono::sys_seconds time);  // pure

// The text of the second that was seen last, so that no answer formats it or asks a clock. Belongs
// to a loop.
class DateText {
 public:
  void see(std::chrono::system_clock::time_point now) {
    const auto second = std::chrono::floor<std::chrono::seconds>(now);
    if (second == second_) return;
    second_ = second;
    text_ = http_date(second);
  }
  [[nodiscard]] std::string_view text() const { return text_; }

 private:
  std::chrono::sys_seconds second_{};
  std::string text_ = http_date(second_);
};

}  // namespace http
