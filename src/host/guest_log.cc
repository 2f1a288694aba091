#include "host/guest_log.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/units.h"

namespace host {
namespace {

// The longest form of the longest secret: 64 KiB, six times as long in JSON. Of a text that is cut
// before it is redacted, this much at the end may be a part of a secret.
constexpr std::size_t kLongestSecret = 6 * 64 * 1024;
// A line costs memory besides its bytes: empty lines must not be free.
constexpr std::uint64_t kLineCost = 16;

// Where to cut so that no UTF-8 sequence is split.
std::size_t cut_point(std::string_view text, std::size_t at) {
  std::size_t cut = at;
  while (cut > at - 4 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U) --cut;
  return cut;
}

}  // namespace

GuestLog::GuestLog(std::uint64_t max_bytes, const telemetry::Redactor& redactor)
    : redactor_(redactor),
      quota_(max_bytes),
      max_raw_(max_bytes + kLongestSecret),
      left_(max_bytes) {}

// A text that cannot fit is not copied whole: a guest may pass half a gigabyte.
std::string GuestLog::redact(std::string_view text) const {
  if (text.size() <= max_raw_) return redactor_.redact(text);
  std::string safe = redactor_.redact(text.substr(0, max_raw_));
  safe.resize(safe.size() - std::min(safe.size(), kLongestSecret));
  return safe;
}

void GuestLog::line(std::string_view text, std::string_view prefix) {
  flush(pending_.rfind('\n') + 1);  // none found is npos, which wraps round to 0
  if (truncated_) return;
  append_long(std::string(prefix) + base::escape_controls(redact(text)));
  if (text.size() > max_raw_) truncate();
}

void GuestLog::append_long(std::string_view text) {
  while (text.size() > kMaxLine) {
    const std::size_t cut = cut_point(text, kMaxLine);
    append(text.substr(0, cut));
    text.remove_prefix(cut);
  }
  append(text);
}

void GuestLog::append(std::string_view text) {
  const std::uint64_t cost = text.size() + kLineCost;
  if (cost > left_) return truncate();
  if (truncated_) return;
  left_ -= cost;
  lines_.emplace_back(text);
}

void GuestLog::truncate() {
  if (truncated_) return;
  truncated_ = true;
  lines_.push_back("[log truncated: it passed its limit of " + base::format_size(quota_) + "]");
}

void GuestLog::stream(std::string_view bytes) {
  if (truncated_) return;
  // One byte more than the limit tells that there were more.
  pending_ += bytes.substr(0, max_raw_ + 1 - pending_.size());
  if (pending_.size() > max_raw_) flush(pending_.size());
}

// Logs the first `size` bytes of the stream, a line for each LF.
void GuestLog::flush(std::size_t size) {
  if (size == 0) return;
  const bool cut = size > max_raw_;
  const std::string safe = redact(std::string_view(pending_).substr(0, size));
  pending_.erase(0, size);
  for (std::string_view rest = safe; !rest.empty() && !truncated_;) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    append_long(base::escape_controls(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (cut) truncate();
}

void GuestLog::finish() { flush(pending_.size()); }

}  // namespace host
