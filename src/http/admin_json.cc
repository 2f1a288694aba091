#include "http/admin_json.h"

#include <charconv>
#include <limits>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/crypto.h"
#include "base/encoding.h"
#include "catalog/json_document.h"
#include "http/query_parameters.h"

namespace http {
namespace {

namespace json = boost::json;

std::unexpected<base::Error> invalid(std::string message) {
  return base::fail(base::Code::kInvalidArgument, std::move(message));
}

base::Result<json::object> parse_object(std::string_view text, std::string_view what) {
  base::Result<json::value> value = catalog::parse_document(text, what);
  if (!value) return base::fail(std::move(value.error()));
  if (!value->is_object()) return invalid(std::string(what) + " is not a JSON object");
  return std::move(value->get_object());
}

// The value of an object's only key.
base::Result<json::value> only_member(std::string_view text, std::string_view key) {
  base::Result<json::object> object = parse_object(text, "the body");
  if (!object) return base::fail(std::move(object.error()));
  for (const auto& member : *object) {
    const std::string_view found(member.key().data(), member.key().size());
    if (found != key)
      return invalid(fmt::format("unknown key '{}': only '{}' is known", found, key));
  }
  if (object->empty()) return invalid(fmt::format("the key '{}' is missing", key));
  return std::move(object->begin()->value());
}

void append_version_members(std::string& out, const catalog::Version& version,
                            std::chrono::system_clock::time_point created_at) {
  fmt::format_to(
      std::back_inserter(out),
      R"("version":{},"module_sha256":"{}","module_bytes":{},"created_at":"{}","config":)",
      version.number, base::to_hex(base::as_view(version.module)), version.module_bytes,
      to_rfc3339(created_at));
  out += catalog::to_public_json(version.config);
}

base::Result<int> version_number(const json::value& value) {
  const std::int64_t* number = value.if_int64();
  if (number == nullptr || *number < 1 || *number > std::numeric_limits<int>::max()) {
    return invalid("'version' is not a version's number: 1, 2, 3 …");
  }
  return static_cast<int>(*number);
}

base::Result<void> set_canary_member(CanaryRequest& request, std::string_view key,
                                     const json::value& value) {
  if (key == "version") {
    const auto number = version_number(value);
    if (!number) return base::fail(number.error());
    request.version = *number;
    return {};
  }
  if (key == "percent") {
    const std::int64_t* percent = value.if_int64();
    if (percent == nullptr || *percent < 0 || *percent > 100) {
      return invalid("'percent' is not a whole number from 0 to 100");
    }
    request.split.percent = static_cast<int>(*percent);
    return {};
  }
  if (key == "header") {
    if (value.is_null()) return {};
    const json::string* header = value.if_string();
    if (header == nullptr) return invalid("'header' is not text such as \"x-canary: yes\"");
    request.split.header.assign(header->data(), header->size());
    return {};
  }
  return invalid(
      fmt::format("unknown key '{}': only 'version', 'percent' and 'header' are known", key));
}

void append_canary(std::string& out, const catalog::Canary& canary) {
  fmt::format_to(std::back_inserter(out), R"(,"canary":{{"version":{},"percent":{},"header":)",
                 canary.function->version.number, canary.split.percent);
  if (canary.split.header.empty()) {
    out += "null";
  } else {
    base::append_json_string(out, canary.split.header);
  }
  out += '}';
}

void append_faults(std::string& out, std::string_view function,
                   const std::vector<deploy::TriggerFault>& faults) {
  std::string list;
  for (const deploy::TriggerFault& fault : faults) {
    if (fault.function != function) continue;
    list += list.empty() ? R"({"trigger":)" : R"(,{"trigger":)";
    base::append_json_string(list, fault.trigger);
    list += R"(,"reason":)";
    base::append_json_string(list, fault.reason);
    list += '}';
  }
  if (!list.empty()) out += R"(,"faults":[)" + list + ']';
}

// {"<key>":[…]} of what `text_of` makes of each.
template <class Items, class TextOf>
std::string list_json(std::string_view key, const Items& items, TextOf text_of) {
  std::string out = fmt::format(R"({{"{}":[)", key);
  for (bool first = true; const auto& item : items) {
    if (!std::exchange(first, false)) out += ',';
    out += text_of(item);
  }
  out += "]}";
  return out;
}

std::string version_json(const catalog::Version& version) {
  std::string out = "{";
  append_version_members(out, version, version.created_at);
  out += '}';
  return out;
}

}  // namespace

std::string to_rfc3339(std::chrono::system_clock::time_point time) {
  using namespace std::chrono;
  const auto millis = floor<milliseconds>(time);
  const auto day = floor<days>(millis);
  const year_month_day date(day);
  const hh_mm_ss clock(millis - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

std::string function_json(const catalog::Function& function,
                          const std::vector<deploy::TriggerFault>& faults) {
  std::string out = R"({"name":)";
  base::append_json_string(out, function.name());
  out += function.enabled ? R"(,"enabled":true,)" : R"(,"enabled":false,)";
  append_version_members(out, function.version, function.created_at);
  if (function.previous) out += fmt::format(R"(,"previous_version":{})", *function.previous);
  if (function.canary) append_canary(out, *function.canary);
  append_faults(out, function.name(), faults);
  out += '}';
  return out;
}

std::string functions_json(const std::vector<catalog::FunctionPtr>& functions,
                           const std::vector<deploy::TriggerFault>& faults) {
  return list_json("functions", functions, [&faults](const catalog::FunctionPtr& function) {
    return function_json(*function, faults);
  });
}

std::string versions_json(const std::vector<catalog::Version>& versions) {
  return list_json("versions", versions, version_json);
}

std::string entries_json(const std::vector<journal::Entry>& entries) {
  return list_json("entries", entries,
                   [](const journal::Entry& entry) { return journal::to_json(entry); });
}

base::Result<bool> parse_patch(std::string_view body) {
  const base::Result<json::value> enabled = only_member(body, "enabled");
  if (!enabled) return base::fail(enabled.error());
  if (!enabled->is_bool()) return invalid("'enabled' is not true or false");
  return enabled->get_bool();
}

base::Result<int> parse_rollback(std::string_view body) {
  const base::Result<json::value> version = only_member(body, "version");
  if (!version) return base::fail(version.error());
  return version_number(*version);
}

base::Result<CanaryRequest> parse_canary(std::string_view body) {
  const base::Result<json::object> object = parse_object(body, "the body");
  if (!object) return base::fail(object.error());
  CanaryRequest request;
  for (const auto& member : *object) {
    const std::string_view key(member.key().data(), member.key().size());
    if (auto set = set_canary_member(request, key, member.value()); !set) {
      return base::fail(std::move(set.error()));
    }
  }
  if (request.version == 0) return invalid("the key 'version' is missing");
  return request;
}

base::Result<std::optional<catalog::CanarySplit>> parse_deploy_query(std::string_view query) {
  std::optional<catalog::CanarySplit> split;
  const auto set = [&split](const std::string& name,
                            const std::string& value) -> base::Result<void> {
    if (name != "canary" && name != "canary_header") {
      return invalid(fmt::format("unknown query '{}': there are canary and canary_header", name));
    }
    if (!split) split.emplace();
    if (name == "canary_header") {
      split->header = value;
      return {};
    }
    const char* const end = value.data() + value.size();
    const auto [stop, error] = std::from_chars(value.data(), end, split->percent);
    if (error == std::errc() && stop == end) return {};
    return invalid("canary is not a percentage from 0 to 100");
  };
  if (auto read = for_each_parameter(query, set); !read) return base::fail(std::move(read.error()));
  return split;
}

base::Result<catalog::Config> parse_config_of(std::string_view text, std::string_view name) {
  base::Result<json::object> object = parse_object(text, "config");
  if (!object) return base::fail(std::move(object.error()));
  const json::value* given = object->if_contains("name");
  if (given == nullptr) {
    object->emplace("name", json::string(name.data(), name.size()));
    return catalog::parse_config(json::serialize(*object));
  }
  base::Result<catalog::Config> config = catalog::parse_config(text);
  if (config && config->name != name) {
    return invalid(
        fmt::format("the config names '{}', the path '{}': leave the name out, or deploy "
                    "to /admin/v1/functions/{}",
                    config->name, name, config->name));
  }
  return config;
}

}  // namespace http
