#include "http/event_json.h"

#include <string_view>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/encoding.h"
#include "triggers/event_text.h"
#include "triggers/rows.h"

namespace http {
namespace {

namespace json = boost::json;
using base::append_json_string;
using triggers::Milliseconds;

// A JSON object that grows by its members.
class Object {
 public:
  Object& text(std::string_view name, std::string_view value) {
    begin(name);
    append_json_string(json_, value);
    return *this;
  }
  Object& text_or_null(std::string_view name, std::string_view value) {
    return value.empty() ? raw(name, "null") : text(name, value);
  }
  Object& time(std::string_view name, std::optional<Milliseconds> at) {
    return at ? text(name, triggers::utc_text(*at)) : raw(name, "null");
  }
  template <class Number>
  Object& number(std::string_view name, Number value) {
    return raw(name, std::to_string(value));
  }
  Object& flag(std::string_view name, bool value) { return raw(name, value ? "true" : "false"); }
  Object& raw(std::string_view name, std::string_view value) {
    begin(name);
    json_ += value;
    return *this;
  }
  [[nodiscard]] std::string end() const { return json_ + '}'; }

 private:
  void begin(std::string_view name) {
    json_ += json_.size() > 1 ? ",\"" : "\"";
    json_.append(name).append("\":");
  }

  std::string json_ = "{";
};

template <class Items, class TextOf>
std::string list_of(const Items& items, TextOf text_of) {
  std::string out = "[";
  for (bool first = true; const auto& item : items) {
    if (!std::exchange(first, false)) out += ',';
    out += text_of(item);
  }
  return out + ']';
}

bool is_json(std::string_view text) {
  boost::system::error_code error;
  json::stream_parser parser;
  parser.write(text.data(), text.size(), error);
  if (!error) parser.finish(error);
  return !error;
}

// As it was captured, digit for digit; a string where no reader could take that.
std::string embedded(std::string_view text) {
  if (is_json(text)) return std::string(text);
  std::string quoted;
  append_json_string(quoted, text);
  return quoted;
}

std::string writer_json(const triggers::Event& event) {
  if (!event.writer) return "null";
  return Object()
      .text("role", auth::name_of(event.writer->role))
      .text_or_null("user_id", event.writer->user_id)
      .end();
}

// What is dead comes by itself no more.
std::optional<Milliseconds> due_at(const triggers::Event& event) {
  if (event.state == triggers::EventState::kDead) return std::nullopt;
  return event.due_at;
}

Object object_of(const triggers::Event& event) {
  Object object;
  object.number("id", event.id)
      .text("function", event.function)
      .text("trigger", triggers::is_tick(event) ? "schedule" : "database")
      .text("state", triggers::name_of(event.state))
      .raw("version", event.version ? std::to_string(*event.version) : "null")
      .text("key", event.key)
      .text("lane", event.lane)
      .number("attempt", event.attempt)
      .number("failures", event.failures)
      .time("due_at", due_at(event))
      .time("created_at", event.created_at)
      .number("depth", event.depth)
      .raw("writer", writer_json(event))
      .text_or_null("run_as", event.run_as ? auth::name_of(*event.run_as) : "")
      .text("format", catalog::name_of(event.format))
      .flag("transactional", event.transactional);
  return object;
}

std::string attempt_json(const triggers::Attempt& attempt) {
  return Object()
      .number("attempt", attempt.number)
      .time("at", attempt.at)
      .text_or_null("invocation", attempt.invocation)
      .text("error", attempt.error)
      .raw("lines", is_json(attempt.lines) ? attempt.lines : "[]")
      .end();
}

}  // namespace

std::string event_json(const triggers::Event& event) { return object_of(event).end(); }

std::string event_details_json(const triggers::Event& event,
                               const std::vector<triggers::Attempt>& attempts,
                               std::optional<triggers::EventId> blocked_by) {
  return object_of(event)
      .raw("blocked_by", blocked_by ? std::to_string(*blocked_by) : "null")
      .raw("attempts", list_of(attempts, attempt_json))
      .raw("payload", embedded(event.payload))
      .end();
}

std::string explanation_json(const triggers::Circumstances& circumstances) {
  return Object()
      .number("id", circumstances.event.id)
      .text("state", triggers::name_of(circumstances.event.state))
      .text("explanation", triggers::explain(circumstances))
      .end();
}

std::string stats_json(const std::vector<triggers::EventStats>& stats) {
  const auto of_function = [](const triggers::EventStats& each) {
    return Object()
        .text("function", each.function)
        .number("pending", each.pending)
        .number("leased", each.leased)
        .number("dead", each.dead)
        .number("delivered", each.delivered)
        .time("oldest", each.oldest)
        .end();
  };
  return Object().raw("stats", list_of(stats, of_function)).end();
}

std::string schedule_json(const triggers::Schedule& schedule) {
  return Object()
      .text("function", schedule.function)
      .text("pattern", schedule.pattern)
      .text("zone", schedule.zone.empty() ? "UTC" : schedule.zone)
      .time("next_at", schedule.next_at)
      .time("last_at", schedule.last_at)
      .flag("paused", schedule.paused)
      .text("missed", schedule.missed)
      .text("overlap", schedule.overlap)
      .end();
}

std::string schedules_json(const std::vector<triggers::Schedule>& schedules,
                           const std::vector<triggers::OneOff>& once) {
  const auto of_one_off = [](const triggers::OneOff& run) {
    return Object()
        .number("event", run.event)
        .text("function", run.function)
        .time("at", run.at)
        .end();
  };
  return Object()
      .raw("schedules", list_of(schedules, schedule_json))
      .raw("once", list_of(once, of_one_off))
      .end();
}

}  // namespace http
