#include "http/json_members.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace http {
namespace {

namespace json = boost::json;

std::unexpected<base::Error> invalid(std::string message) {
  return base::fail(base::Code::kInvalidArgument, std::move(message));
}

}  // namespace

base::Result<JsonMembers> JsonMembers::of(const json::value& value, std::string_view where,
                                          std::span<const std::string_view> known) {
  const json::object* const object = value.if_object();
  if (object == nullptr) return invalid(fmt::format("{} is not a JSON object", where));
  for (const json::key_value_pair& member : *object) {
    const std::string_view key(member.key().data(), member.key().size());
    if (std::ranges::find(known, key) == known.end()) {
      return invalid(fmt::format("{} has an unknown key '{}': known are {}", where, key,
                                 fmt::join(known, ", ")));
    }
  }
  return JsonMembers(*object, where);
}

base::Result<std::string> JsonMembers::text(std::string_view key) const {
  const json::value* const value = find(key);
  if (value == nullptr) return invalid(fmt::format("{} lacks the key '{}'", where_, key));
  if (!value->is_string()) return invalid(fmt::format("'{}' of {} is no string", key, where_));
  return std::string(value->get_string());
}

}  // namespace http
