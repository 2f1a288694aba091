// The lines a guest logged, redacted and within its quota.
//
// Past the quota one line `[log truncated: …]` is added and the rest is dropped: the run goes on. A
// line is at most kMaxLine bytes; longer ones are split after redaction. Control characters are
// escaped, so that a guest cannot forge a line, and bytes that are not UTF-8 become U+FFFD where
// the line is written out. Belongs to one call.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "telemetry/redaction.h"

namespace host {

class GuestLog {
 public:
  static constexpr std::size_t kMaxLine = 8 * 1024;

  // `redactor` outlives the log.
  GuestLog(std::uint64_t max_bytes, const telemetry::Redactor& redactor);

  void line(std::string_view text);
  // A stream (stdout, stderr): whole lines are logged as they end, the rest at `finish`.
  void stream(std::string_view bytes);
  void finish();

  [[nodiscard]] std::vector<std::string> take() { return std::move(lines_); }
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }

 private:
  void append(std::string_view text);

  const telemetry::Redactor& redactor_;
  const std::uint64_t quota_;
  std::uint64_t left_;
  bool truncated_ = false;
  std::string partial_;
  std::vector<std::string> lines_;
};

}  // namespace host
