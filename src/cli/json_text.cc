#include "cli/json_text.h"

#include <algorithm>

#include <boost/json/serialize.hpp>

#include "base/units.h"

namespace cli {
namespace {

namespace json = boost::json;

constexpr std::string_view kNothing = "-";

}  // namespace

std::string text_of(const json::value& value) {
  if (const auto* text = value.if_string()) return std::string(*text);
  if (const auto* flag = value.if_bool()) return *flag ? "yes" : "no";
  return json::serialize(value);
}

const json::value* find(const json::value& value, std::string_view path) {
  const json::value* at = &value;
  while (!path.empty() && at != nullptr) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    const json::object* object = at->if_object();
    at = object == nullptr ? nullptr : object->if_contains(path.substr(0, dot));
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return at == nullptr || at->is_null() ? nullptr : at;
}

const json::array& array_at(const json::value& value, std::string_view path) {
  static const json::array kNone;
  const json::value* found = find(value, path);
  return found != nullptr && found->is_array() ? found->get_array() : kNone;
}

std::int64_t number_at(const json::value& value, std::string_view path) {
  const json::value* found = find(value, path);
  const std::int64_t* number = found == nullptr ? nullptr : found->if_int64();
  return number == nullptr ? 0 : *number;
}

std::string text_at(const json::value& value, std::string_view path) {
  const json::value* found = find(value, path);
  return found == nullptr ? std::string(kNothing) : text_of(*found);
}

std::string size_at(const json::value& value, std::string_view path) {
  if (find(value, path) == nullptr) return std::string(kNothing);
  return base::format_size(static_cast<std::uint64_t>(number_at(value, path)));
}

std::string duration_at(const json::value& value, std::string_view path) {
  if (find(value, path) == nullptr) return std::string(kNothing);
  return base::format_duration(std::chrono::microseconds(number_at(value, path)));
}

std::string list_at(const json::value& value, std::string_view path) {
  std::string out;
  for (const json::value& entry : array_at(value, path)) {
    out.append(out.empty() ? "" : ", ").append(text_of(entry));
  }
  return out.empty() ? std::string(kNothing) : out;
}

}  // namespace cli
