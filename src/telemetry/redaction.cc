#include "telemetry/redaction.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <optional>
#include <utility>

#include "base/ascii.h"
#include "base/encoding.h"

namespace telemetry {
namespace {

std::string json_form(std::string_view secret) {
  std::string quoted;
  base::append_json_string(quoted, secret);
  return quoted.substr(1, quoted.size() - 2);
}

// The hex digits after each '%' in lower case; the rest of the secret keeps its case.
std::string with_lower_hex(std::string percent) {
  for (std::size_t i = 0; i + 2 < percent.size(); ++i) {
    if (percent[i] != '%') continue;
    percent[i + 1] = base::to_lower(percent[i + 1]);
    percent[i + 2] = base::to_lower(percent[i + 2]);
  }
  return percent;
}

// As HTML forms write it: a space is '+'.
std::string as_form(std::string_view percent) {
  std::string form;
  while (!percent.empty()) {
    const std::size_t space = std::min(percent.find("%20"), percent.size());
    form.append(percent.substr(0, space));
    if (space == percent.size()) break;
    form.push_back('+');
    percent.remove_prefix(space + 3);
  }
  return form;
}

// The characters of an encoded text that depend on the secret alone when `before` bytes (mod 3)
// come in front of it: a character is 6 bits, so those at the edges may share bits with the
// neighbours.
std::string inner_base64(std::string_view secret, std::size_t before,
                         std::string (*encode)(std::string_view)) {
  std::string bytes(before, '\0');
  bytes.append(secret);
  const std::size_t first = (before * 8 + 5) / 6;
  const std::size_t last = bytes.size() * 8 / 6;
  return encode(bytes).substr(first, last - first);
}

void append_forms(std::vector<std::string>& needles, const std::string& secret) {
  needles.push_back(secret);
  needles.push_back(json_form(secret));
  const std::string percent = base::to_percent(secret);
  for (const std::string& form : {percent, with_lower_hex(percent)}) {
    needles.push_back(form);
    needles.push_back(as_form(form));
  }
  for (std::size_t before = 0; before < 3; ++before) {
    needles.push_back(inner_base64(secret, before, base::to_base64));
    needles.push_back(inner_base64(secret, before, base::to_base64url));
  }
}

// A piece of a line, as offsets.
struct Span {
  std::size_t begin;
  std::size_t end;
};

std::optional<std::size_t> find_from(std::string_view line, std::string_view needle,
                                     std::size_t from) {
  if (line.size() - from < needle.size()) return std::nullopt;
  // Not string_view::find, whose time is the product of both lengths at worst: guests choose both.
  const void* found = memmem(line.data() + from, line.size() - from, needle.data(), needle.size());
  if (found == nullptr) return std::nullopt;
  return static_cast<std::size_t>(static_cast<const char*>(found) - line.data());
}

std::vector<Span> find_all(std::string_view line, const std::vector<std::string>& needles) {
  std::vector<Span> found;
  for (const std::string& needle : needles) {
    std::optional<std::size_t> at = find_from(line, needle, 0);
    while (at) {
      found.push_back({*at, *at + needle.size()});
      at = find_from(line, needle, *at + needle.size());
    }
  }
  return found;
}

// Where secrets overlap, replacing one would leave the rest of the other: what any of them covers
// goes, as one.
std::string replace(std::string_view line, std::vector<Span> spans) {
  std::ranges::sort(spans, {}, &Span::begin);
  std::string out;
  std::size_t copied = 0;
  for (std::size_t i = 0; i < spans.size();) {
    std::size_t end = spans[i].end;
    std::size_t next = i + 1;
    for (; next < spans.size() && spans[next].begin < end; ++next) {
      end = std::max(end, spans[next].end);
    }
    out.append(line.substr(copied, spans[i].begin - copied)).append(kRedacted);
    copied = end;
    i = next;
  }
  return out.append(line.substr(copied));
}

}  // namespace

bool is_secret_name(std::string_view key) {
  const std::string upper = base::to_upper(key);
  constexpr std::array<std::string_view, 4> kWords{"KEY", "SECRET", "PASSWORD", "TOKEN"};
  return std::ranges::any_of(
      kWords, [&upper](std::string_view word) { return upper.find(word) != std::string::npos; });
}

Redactor::Redactor(const std::vector<std::string>& secrets) {
  for (const std::string& secret : secrets) {
    if (secret.size() >= kMinSecretBytes) append_forms(needles_, secret);
  }
  std::ranges::sort(needles_, [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  const auto repeated = std::ranges::unique(needles_);
  needles_.erase(repeated.begin(), repeated.end());
}

Redactor Redactor::of_environment(const std::map<std::string, std::string>& environment) {
  std::vector<std::string> secrets;
  for (const auto& [key, value] : environment) {
    if (is_secret_name(key)) secrets.push_back(value);
  }
  return Redactor(secrets);
}

std::string Redactor::redact(std::string_view line) const {
  std::vector<Span> spans = find_all(line, needles_);
  if (spans.empty()) return std::string(line);
  return replace(line, std::move(spans));
}

}  // namespace telemetry
