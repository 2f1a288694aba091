#include "host/guest_log.h"

#include <cstdio>

#include "base/units.h"

namespace host {
namespace {

// An unfinished line of a stream is kept no longer than this; a secret that ends past it would be
// cut, so it is far above any secret's length.
constexpr std::size_t kMaxPartial = 256 * 1024;
// A line costs memory besides its bytes: empty lines must not be free.
constexpr std::uint64_t kLineCost = 16;

std::string escape_controls(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if ((byte < 0x20 && c != '\t') || byte == 0x7f) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\x%02x", byte);
      out += escaped;
    } else {
      out += c;
    }
  }
  return out;
}

// Where to cut so that no UTF-8 sequence is split.
std::size_t cut_point(std::string_view text, std::size_t at) {
  std::size_t cut = at;
  while (cut > at - 4 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U) --cut;
  return cut;
}

}  // namespace

GuestLog::GuestLog(std::uint64_t max_bytes, const telemetry::Redactor& redactor)
    : redactor_(redactor), quota_(max_bytes), left_(max_bytes) {}

void GuestLog::line(std::string_view text) {
  if (truncated_) return;
  // Redaction first: a secret that a cut or an escape splits would not be found any more.
  const std::string safe = escape_controls(redactor_.redact(text));
  std::string_view rest = safe;
  while (rest.size() > kMaxLine) {
    const std::size_t cut = cut_point(rest, kMaxLine);
    append(rest.substr(0, cut));
    rest.remove_prefix(cut);
  }
  append(rest);
}

void GuestLog::append(std::string_view text) {
  if (truncated_) return;
  const std::uint64_t cost = text.size() + kLineCost;
  if (cost > left_) {
    truncated_ = true;
    lines_.push_back("[log truncated: it passed its limit of " + base::format_size(quota_) + "]");
    return;
  }
  left_ -= cost;
  lines_.emplace_back(text);
}

void GuestLog::stream(std::string_view bytes) {
  while (!bytes.empty() && !truncated_) {
    const auto end = bytes.find('\n');
    partial_ += bytes.substr(0, end);
    if (end == std::string_view::npos && partial_.size() < kMaxPartial) return;
    line(partial_);
    partial_.clear();
    if (end == std::string_view::npos) return;
    bytes.remove_prefix(end + 1);
  }
}

void GuestLog::finish() {
  if (!partial_.empty()) line(partial_);
  partial_.clear();
}

}  // namespace host
