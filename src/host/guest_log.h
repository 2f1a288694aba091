// The lines a guest logged, redacted and within its quota.
//
// Redaction comes first: a secret that a cut, an escape or a line's end splits would not be found
// any more. A line is then at most kMaxLine bytes; longer ones are split. Control characters are
// escaped, so that a guest can neither forge a line nor speak to a terminal; bytes that are not
// UTF-8 become U+FFFD where the line is written out. Past the quota one line `[log truncated: …]`
// is added and the rest is dropped: the run goes on. Belongs to one call.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "telemetry/redaction.h"

namespace host {

class GuestLog {
 public:
  static constexpr std::size_t kMaxLine = 8 * 1024;

  // `redactor` outlives the log.
  GuestLog(std::uint64_t max_bytes, const telemetry::Redactor& redactor);

  // One line, LF in it escaped. `prefix` is the host's and stands before it as it is.
  void line(std::string_view text, std::string_view prefix = {});
  // Standard output and error: their lines are logged before the next `line`, or at `finish`, so
  // that a secret of several lines (a PEM key) is still whole when it is looked for.
  void stream(std::string_view bytes);
  void finish();

  // After `finish`.
  [[nodiscard]] std::vector<std::string> take() { return std::move(lines_); }
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }

 private:
  [[nodiscard]] std::string redact(std::string_view text) const;
  void append_long(std::string_view text);
  void append(std::string_view text);
  void flush(std::size_t size);
  void truncate();

  const telemetry::Redactor& redactor_;
  const std::uint64_t quota_;
  const std::size_t max_raw_;
  std::uint64_t left_;
  bool truncated_ = false;
  std::string pending_;  // of the stream, not logged yet
  std::vector<std::string> lines_;
};

}  // namespace host
