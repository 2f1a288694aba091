#include "triggers/zone.h"

#include <algorithm>
#include <exception>
#include <fstream>
#include <iterator>

#include <date/tz.h>
#include <fmt/format.h>

#include "base/ascii.h"

namespace triggers {

namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr const char* kFolder = "/usr/share/zoneinfo/";

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (base::to_lower(c) >= 'a' && base::to_lower(c) <= 'z') ||
           c == '/' || c == '_' || c == '-' || c == '+';
  });
}

// The library lists the folder's files: not all of them are zones of the database.
bool is_listed(std::string_view name) { return name != "localtime" && name != "Factory"; }

std::unexpected<base::Error> no_database(std::string_view what) {
  return base::fail(base::Code::kUnavailable,
                    fmt::format("the time zone database in {} cannot be read: {}; install the "
                                "package tzdata, or use UTC",
                                kFolder, what));
}

std::unexpected<base::Error> no_zone(std::string_view name, const date::tzdb& database) {
  if (!is_name(name)) {
    return base::fail(base::Code::kInvalidArgument,
                      "this is no time zone's name; use one such as Europe/Berlin, or UTC");
  }
  const auto same = std::ranges::find_if(database.zones, [&](const date::time_zone& zone) {
    return base::equal_ignoring_case(zone.name(), name);
  });
  return base::fail(base::Code::kInvalidArgument,
                    fmt::format("no time zone {}; use {}", name,
                                same == database.zones.end() || !is_listed(name)
                                    ? "a name of the IANA database such as Europe/Berlin, or UTC"
                                    : same->name()));
}

// The last line of a zone's file; empty when it has none.
std::string rule_of(const std::string& name) {
  std::ifstream file(kFolder + name, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (bytes.size() < 2 || bytes.back() != '\n') return {};
  const std::size_t begin = bytes.rfind('\n', bytes.size() - 2);
  return begin == std::string::npos ? std::string{}
                                    : bytes.substr(begin + 1, bytes.size() - begin - 2);
}

sys_seconds clamped(date::sys_seconds at) {
  return sys_seconds{
      std::clamp(at.time_since_epoch(), kEarliest.time_since_epoch(), kLatest.time_since_epoch())};
}

// Whether the library knows of no later change. It does not read the rule that follows, so that it
// would have no summer time after 2037, or in databases without the years before, much earlier.
bool is_last(const date::sys_info& info) {
  return info.end >= date::sys_days{date::year{10'000} / 1 / 1};
}

}  // namespace

base::Result<Zone> Zone::find(std::string_view name) {
  Zone zone;
  if (name == zone.name_) return zone;
  try {
    const date::tzdb& database = date::get_tzdb();
    const auto found = std::ranges::find(database.zones, name, &date::time_zone::name);
    if (found == database.zones.end() || !is_listed(name)) return no_zone(name, database);
    zone.name_ = name;
    zone.listed_ = &*found;
    zone.listed_->get_info(date::sys_seconds{});  // reads the file, here and not in period_at
  } catch (const std::exception& error) {
    return no_database(error.what());
  }
  if (const std::string rule = rule_of(zone.name_); !rule.empty()) {
    zone.rule_ = ZoneRule::parse(rule);
    if (!zone.rule_) return no_database(fmt::format("{} ends with `{}`", zone.name_, rule));
  }
  return zone;
}

ZonePeriod Zone::period_at(sys_seconds at) const {
  if (listed_ == nullptr) return {kEarliest, kLatest, seconds{0}};
  const date::sys_info info = listed_->get_info(date::sys_seconds{at.time_since_epoch()});
  const ZonePeriod listed{clamped(info.begin), clamped(info.end), info.offset};
  if (!rule_ || !is_last(info)) return listed;
  ZonePeriod period = rule_->period_at(at);
  period.begin = std::max(period.begin, listed.begin);
  return period;
}

}  // namespace triggers
