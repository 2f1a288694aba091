#include "catalog/trigger_options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/units.h"

namespace catalog {
namespace {

using std::chrono::milliseconds;

constexpr int kMaxAttempts = 100;
constexpr milliseconds kMaxBackoff = std::chrono::hours(24 * 7);
constexpr std::array<std::string_view, 3> kFormats{"roost", "supabase", "cloudevents"};
constexpr std::array<std::string_view, 3> kMissed{"skip", "once", "all"};
constexpr std::array<std::string_view, 3> kOverlaps{"allow", "forbid", "replace"};
constexpr std::array<std::string_view, 2> kDeliveries{"at_least_once", "transactional"};

std::unexpected<base::Error> wrong(std::string_view name, std::string_view value,
                                   std::string_view fits) {
  return base::fail(base::Code::kInvalidArgument,
                    fmt::format("has the option {}={}: write {}", name, value, fits));
}

template <std::size_t Count>
base::Result<std::size_t> choice(std::string_view name, std::string_view value,
                                 const std::array<std::string_view, Count>& names) {
  const auto* const found = std::ranges::find(names, value);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  std::string fits;
  for (const std::string_view each : names) fits.append(fits.empty() ? "" : " or ").append(each);
  return wrong(name, value, fits);
}

template <class Enum, std::size_t Count>
base::Result<void> read_choice(std::string_view name, std::string_view value,
                               const std::array<std::string_view, Count>& names, Enum& out) {
  const auto found = choice(name, value, names);
  if (!found) return base::fail(found.error());
  out = static_cast<Enum>(*found);
  return {};
}

base::Result<void> read_attempts(std::string_view value, int& out) {
  const auto read = std::from_chars(value.data(), value.data() + value.size(), out);
  if (read.ec == std::errc() && read.ptr == value.data() + value.size() && out >= 1 &&
      out <= kMaxAttempts) {
    return {};
  }
  return wrong("attempts", value, fmt::format("a number from 1 to {}", kMaxAttempts));
}

base::Result<void> read_duration(std::string_view name, std::string_view value, milliseconds& out) {
  const auto read = base::parse_duration(value);
  if (!read || *read < milliseconds(1) || *read > kMaxBackoff) {
    return wrong(name, value, "a duration from 1ms to 168h, such as 10s");
  }
  out = std::chrono::duration_cast<milliseconds>(*read);
  return {};
}

base::Result<void> read_role(std::string_view value, std::optional<auth::Role>& out) {
  out = auth::role_named(value);
  if (out) return {};
  return wrong("run_as", value, "anon, authenticated or service_role");
}

base::Result<void> read_delivery(std::string_view value, bool& out) {
  const auto found = choice("delivery", value, kDeliveries);
  if (!found) return base::fail(found.error());
  out = *found == 1;
  return {};
}

base::Result<void> read(std::string_view name, std::string_view value, bool cron,
                        TriggerOptions& out) {
  if (name == "attempts") return read_attempts(value, out.attempts);
  if (name == "backoff") return read_duration(name, value, out.backoff);
  if (name == "max_backoff") return read_duration(name, value, out.max_backoff);
  if (name == "run_as") return read_role(value, out.run_as);
  if (name == "format") return read_choice(name, value, kFormats, out.format);
  if (name == "delivery") return read_delivery(value, out.transactional);
  if (cron && name == "missed") return read_choice(name, value, kMissed, out.missed);
  if (cron && name == "overlap") return read_choice(name, value, kOverlaps, out.overlap);
  return base::fail(
      base::Code::kInvalidArgument,
      fmt::format("has the option {}, which {}: there are attempts, backoff, max_backoff, run_as, "
                  "format and delivery{}",
                  name,
                  name == "missed" || name == "overlap" ? "a table's triggers do not have"
                                                        : "no trigger has",
                  cron ? ", and for cron missed and overlap" : ""));
}

std::string without_value(std::string_view name) {
  return fmt::format("has {}: write name=value, as in `with attempts=3,backoff=10s`",
                     name.empty() ? std::string("no option behind `with`")
                                  : fmt::format("the option {} without a value", name));
}

std::string duration_text(milliseconds span) {
  return span.count() % 1000 == 0 ? fmt::format("{}s", span.count() / 1000)
                                  : fmt::format("{}ms", span.count());
}

}  // namespace

std::string_view name_of(EventFormat format) {
  return kFormats.at(static_cast<std::size_t>(format));
}
std::string_view name_of(MissedRuns missed) { return kMissed.at(static_cast<std::size_t>(missed)); }
std::string_view name_of(Overlap overlap) {
  return kOverlaps.at(static_cast<std::size_t>(overlap));
}

base::Result<TriggerOptions> TriggerOptions::parse(std::string_view text, bool cron) {
  TriggerOptions options;
  std::string seen = ",";
  while (true) {
    const auto comma = text.find(',');
    const std::string_view each = text.substr(0, comma);
    const auto equals = each.find('=');
    if (equals == std::string_view::npos) {
      return base::fail(base::Code::kInvalidArgument, without_value(each));
    }
    const std::string name(each.substr(0, equals));
    if (seen.find("," + name + ",") != std::string::npos) {
      return base::fail(base::Code::kInvalidArgument, fmt::format("has the option {} twice", name));
    }
    seen += name + ",";
    if (auto done = read(name, each.substr(equals + 1), cron, options); !done) {
      return base::fail(std::move(done.error()));
    }
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  if (options.max_backoff < options.backoff) {
    return wrong("max_backoff", duration_text(options.max_backoff), "no less than backoff");
  }
  return options;
}

std::string TriggerOptions::text() const {
  const TriggerOptions standard;
  std::string text;
  const auto add = [&text](std::string_view name, std::string_view value) {
    text.append(text.empty() ? "" : ",").append(name).append("=").append(value);
  };
  if (attempts != standard.attempts) add("attempts", std::to_string(attempts));
  if (backoff != standard.backoff) add("backoff", duration_text(backoff));
  if (max_backoff != standard.max_backoff) add("max_backoff", duration_text(max_backoff));
  if (run_as) add("run_as", auth::name_of(*run_as));
  if (format != standard.format) add("format", name_of(format));
  if (transactional) add("delivery", "transactional");
  if (missed != standard.missed) add("missed", name_of(missed));
  if (overlap != standard.overlap) add("overlap", name_of(overlap));
  return text;
}

}  // namespace catalog
