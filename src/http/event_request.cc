#include "http/event_request.h"

#include <array>
#include <charconv>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "catalog/function.h"
#include "catalog/json_document.h"
#include "http/json_members.h"
#include "http/query_parameters.h"
#include "http/timestamp.h"

namespace http {
namespace {

namespace json = boost::json;
using triggers::EventFilter;
using triggers::EventState;

constexpr std::string_view kBody = "the body";

std::unexpected<base::Error> invalid(std::string message) {
  return base::fail(base::Code::kInvalidArgument, std::move(message));
}

base::Result<json::value> parse_body(std::string_view body) {
  if (body.size() > kMaxEventBodyBytes) {
    return base::fail(base::Code::kPayloadTooLarge,
                      fmt::format("the body has {} bytes, at most {} are taken", body.size(),
                                  kMaxEventBodyBytes));
  }
  return catalog::parse_document(body, kBody);
}

base::Result<EventState> read_state(std::string_view name) {
  const auto state = triggers::state_named(name);
  if (state) return *state;
  return invalid(
      fmt::format("there is no state '{}': there are pending, leased, dead and delivered", name));
}

base::Result<std::string> read_function(std::string name) {
  if (catalog::is_function_name(name)) return name;
  return invalid(fmt::format("'{}' is not a function's name", name));
}

// From 1 on.
template <class Number>
base::Result<Number> read_number(std::string_view name, const std::string& value, Number most) {
  Number number = 0;
  const char* const end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, number);
  if (error == std::errc() && stop == end && number >= 1 && number <= most) return number;
  return invalid(fmt::format("{} is not a number from 1 to {}", name, most));
}

// Puts what `read` has into `place`.
template <class Place, class Read>
base::Result<void> put(Place& place, base::Result<Read> read) {
  if (!read) return base::fail(std::move(read.error()));
  place = std::move(*read);
  return {};
}

base::Result<void> set(EventFilter& filter, Which which, const std::string& name,
                       const std::string& value) {
  if (name == "limit") return put(filter.limit, read_number(name, value, kMaxEventLimit));
  if (name == "before") {
    return put(filter.before, read_number<triggers::EventId>(name, value, INT64_MAX));
  }
  if (name == "function") return put(filter.function, read_function(value));
  if (name == "state" && which == Which::kEvents) return put(filter.state, read_state(value));
  return invalid(fmt::format("unknown query '{}': there are {}function, before and limit", name,
                             which == Which::kEvents ? "state, " : ""));
}

base::Result<EventFilter> filter_by_id(const JsonMembers& members) {
  for (const std::string_view other : {"function", "state", "all"}) {
    if (members.find(other) != nullptr) {
      return invalid(fmt::format("the body has both 'id' and '{}': an id says it all", other));
    }
  }
  const std::int64_t* const id = members.find("id")->if_int64();
  if (id == nullptr || *id < 1) return invalid("'id' of the body is not an event's number");
  EventFilter filter;
  filter.id = *id;
  return filter;
}

base::Result<EventFilter> read_filter(const JsonMembers& members) {
  if (members.find("id") != nullptr) return filter_by_id(members);
  const json::value* const all = members.find("all");
  const json::value* const function = members.find("function");
  const json::value* const state = members.find("state");
  if (all != nullptr && *all != true) return invalid("'all' of the body is not true");
  if (all != nullptr && (function != nullptr || state != nullptr)) {
    return invalid("the body has 'all' and a part of them: say one");
  }
  if (all == nullptr && function == nullptr && state == nullptr) {
    return invalid("the body does not say which events: 'id', 'function', 'state' or \"all\":true");
  }
  EventFilter filter;
  if (function != nullptr) {
    auto name = members.text("function");
    if (!name) return base::fail(std::move(name.error()));
    if (auto done = put(filter.function, read_function(std::move(*name))); !done) {
      return base::fail(std::move(done.error()));
    }
  }
  if (state != nullptr) {
    const auto name = members.text("state");
    if (!name) return base::fail(name.error());
    if (auto done = put(filter.state, read_state(*name)); !done) {
      return base::fail(std::move(done.error()));
    }
  }
  return filter;
}

base::Result<bool> read_own_version(const JsonMembers& members) {
  if (members.find("version") == nullptr) return false;
  const auto version = members.text("version");
  if (!version) return base::fail(version.error());
  if (*version == "own" || *version == "current") return *version == "own";
  return invalid(fmt::format("'version' of the body is '{}': there are current and own", *version));
}

}  // namespace

base::Result<EventFilter> parse_event_query(std::string_view query, Which which) {
  EventFilter filter;
  const auto read =
      for_each_parameter(query, [&](const std::string& name, const std::string& value) {
        return set(filter, which, name, value);
      });
  if (!read) return base::fail(read.error());
  if (which == Which::kDeadLetters) filter.state = EventState::kDead;
  return filter;
}

base::Result<Redelivery> parse_redelivery(std::string_view body, Which which) {
  constexpr std::array<std::string_view, 5> kKnown{"id", "function", "state", "all", "version"};
  const auto document = parse_body(body);
  if (!document) return base::fail(document.error());
  const auto members = JsonMembers::of(*document, kBody, kKnown);
  if (!members) return base::fail(members.error());
  auto filter = read_filter(*members);
  if (!filter) return base::fail(std::move(filter.error()));
  const bool done = filter->state == EventState::kDelivered && which == Which::kEvents;
  if (filter->state && filter->state != EventState::kDead && !done) {
    return invalid(fmt::format(
        "what is {} is not redelivered: only dead events{}", triggers::name_of(*filter->state),
        which == Which::kEvents ? ", and delivered ones that are kept" : ""));
  }
  if (which == Which::kDeadLetters || (!filter->id && !filter->state)) {
    filter->state = EventState::kDead;
  }
  const auto own_version = read_own_version(*members);
  if (!own_version) return base::fail(own_version.error());
  return Redelivery{std::move(*filter), *own_version};
}

base::Result<EventFilter> parse_discard(std::string_view body) {
  constexpr std::array<std::string_view, 4> kKnown{"id", "function", "state", "all"};
  const auto document = parse_body(body);
  if (!document) return base::fail(document.error());
  const auto members = JsonMembers::of(*document, kBody, kKnown);
  if (!members) return base::fail(members.error());
  auto filter = read_filter(*members);
  if (filter && filter->state == EventState::kLeased) {
    return invalid(
        "what is leased runs now and cannot be discarded: disable its function, and "
        "discard it when it waits again");
  }
  return filter;
}

base::Result<triggers::ScheduleName> parse_schedule_name(std::string_view function,
                                                         std::string_view body) {
  constexpr std::array<std::string_view, 1> kKnown{"pattern"};
  triggers::ScheduleName name{.function = std::string(function)};
  if (body.empty()) return name;
  const auto document = parse_body(body);
  if (!document) return base::fail(document.error());
  const auto members = JsonMembers::of(*document, kBody, kKnown);
  if (!members) return base::fail(members.error());
  if (members->find("pattern") == nullptr) return name;
  auto done = put(name.pattern, members->text("pattern"));
  if (!done) return base::fail(std::move(done.error()));
  return name;
}

base::Result<RunAt> parse_run_at(std::string_view body, triggers::Milliseconds now) {
  constexpr std::array<std::string_view, 3> kKnown{"function", "at", "payload"};
  const auto document = parse_body(body);
  if (!document) return base::fail(document.error());
  const auto members = JsonMembers::of(*document, kBody, kKnown);
  if (!members) return base::fail(members.error());
  auto name = members->text("function");
  if (!name) return base::fail(std::move(name.error()));
  auto function = read_function(std::move(*name));
  if (!function) return base::fail(std::move(function.error()));
  const auto text = members->text("at");
  if (!text) return base::fail(text.error());
  const auto at = parse_timestamp(*text, now);
  if (!at) return base::fail(at.error());
  RunAt run{.function = std::move(*function), .at = *at, .payload = {}};
  if (const auto* payload = members->find("payload")) run.payload = json::serialize(*payload);
  return run;
}

}  // namespace http
