#include "triggers/event_text.h"

#include <array>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/ascii.h"
#include "base/encoding.h"

namespace triggers {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxDepth = 8;  // a captured row holds no nested values

std::string roost_text(const Event& event) {
  std::string text = "{\"id\":";
  base::append_json_string(text, event.key);
  text += ",\"attempt\":" + std::to_string(event.attempt) + ",";
  return text.append(event.payload, 1);
}

std::string supabase_text(const json::object& captured) {
  return json::serialize(json::object{{"type", captured.at("operation")},
                                      {"table", captured.at("table")},
                                      {"schema", captured.at("schema")},
                                      {"record", captured.at("new")},
                                      {"old_record", captured.at("old")}});
}

std::string text_at(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::string cloudevents_text(const Event& event, json::object captured) {
  json::object text{{"specversion", "1.0"}, {"id", event.key}};
  if (is_tick(event)) {
    text["source"] = "/functions/" + event.function;
    text["type"] = "dev.roost.schedule";
    text["time"] = captured.contains("actual_time") ? captured["actual_time"] : json::value();
  } else {
    text["source"] =
        fmt::format("/tables/{}/{}", text_at(captured, "schema"), text_at(captured, "table"));
    text["type"] = "dev.roost.row." + base::to_lower(text_at(captured, "operation"));
    text["subject"] = event.lane;
    text["time"] = captured["timestamp"];
  }
  text["datacontenttype"] = "application/json";
  text["attempt"] = event.attempt;
  captured.erase("trigger");
  captured.erase("timestamp");
  text["data"] = std::move(captured);
  return json::serialize(text);
}

}  // namespace

bool is_tick(const Event& event) { return event.payload.starts_with(R"({"trigger":"schedule")"); }

std::string event_text(const Event& event) {
  using catalog::EventFormat;
  const bool ours = event.format == EventFormat::kRoost ||
                    (event.format == EventFormat::kSupabase && is_tick(event));
  if (ours) return roost_text(event);
  json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::system::error_code error;
  json::value captured = json::parse(event.payload, error, {}, options);
  if (error || !captured.is_object()) return roost_text(event);  // text that is no UTF-8
  return event.format == EventFormat::kSupabase
             ? supabase_text(captured.get_object())
             : cloudevents_text(event, std::move(captured.get_object()));
}

}  // namespace triggers
