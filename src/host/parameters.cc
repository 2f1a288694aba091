#include "host/parameters.h"

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <boost/json/value.hpp>
#include <fmt/format.h>

#include "base/encoding.h"

namespace host {
namespace {

namespace json = boost::json;
using database::SqlResult;
using database::SqlState;
using database::Value;

constexpr std::string_view kBytes = "$bytes";

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

bool append(std::string& out, const json::value& value);

bool append_array(std::string& out, const json::array& array) {
  bool finite = true;
  out += '[';
  for (const json::value& item : array) {
    if (&item != array.begin()) out += ',';
    finite = append(out, item) && finite;
  }
  out += ']';
  return finite;
}

bool append_object(std::string& out, const json::object& object) {
  bool finite = true;
  out += '{';
  for (const json::key_value_pair& member : object) {
    if (&member != object.begin()) out += ',';
    base::append_json_string(out, {member.key().data(), member.key().size()});
    out += ':';
    finite = append(out, member.value()) && finite;
  }
  out += '}';
  return finite;
}

// Boost's own serializer writes 1.5 as 1.5E0; what is put into the database is also read by people.
// As deep as the parser lets a document be. False where a number is past a double's range.
bool append(std::string& out, const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      out += "null";
      return true;
    case json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      return true;
    case json::kind::int64:
      out += fmt::to_string(value.get_int64());
      return true;
    case json::kind::uint64:
      out += fmt::to_string(value.get_uint64());
      return true;
    case json::kind::double_:
      out += fmt::to_string(value.get_double());
      return std::isfinite(value.get_double());
    case json::kind::string:
      base::append_json_string(out, view(value.get_string()));
      return true;
    case json::kind::array:
      return append_array(out, value.get_array());
    case json::kind::object:
      break;
  }
  return append_object(out, value.get_object());
}

std::unexpected<database::SqlError> out_of_range() {
  return database::sql_fail(SqlState::kNumericValueOutOfRange,
                            "the number is past 64 bits: pass it as a string");
}

SqlResult<Value> text_of(const json::string& text) {
  if (view(text).contains('\0')) {
    return database::sql_fail(SqlState::kInvalidTextRepresentation,
                              "text cannot hold the character U+0000: pass bytes");
  }
  return std::string(view(text));
}

SqlResult<Value> document_of(const json::value& value) {
  const json::object* const object = value.if_object();
  if (object != nullptr && object->size() == 1 && object->begin()->key() == kBytes) {
    const json::string* const text = object->begin()->value().if_string();
    auto bytes = text == nullptr ? std::nullopt : base::from_base64(view(*text));
    if (!bytes) {
      return database::sql_fail(SqlState::kInvalidTextRepresentation,
                                "`$bytes` must be a string in base64, padded");
    }
    return database::Blob{std::move(*bytes)};
  }
  database::Json document;
  if (!append(document.text, value)) return out_of_range();
  return document;
}

SqlResult<Value> value_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return database::Null();
    case json::kind::bool_:
      return value.get_bool();
    case json::kind::int64:
      return value.get_int64();
    case json::kind::uint64:  // only what int64 cannot hold
      return out_of_range();
    case json::kind::double_:
      if (!std::isfinite(value.get_double())) return out_of_range();
      return value.get_double();
    case json::kind::string:
      return text_of(value.get_string());
    case json::kind::array:
    case json::kind::object:
      break;
  }
  return document_of(value);
}

}  // namespace

SqlResult<std::vector<Value>> values_of(const json::array& parameters) {
  std::vector<Value> values;
  values.reserve(parameters.size());
  for (const json::value& parameter : parameters) {
    auto value = value_of(parameter);
    if (!value) {
      return database::sql_fail(value.error().state,
                                fmt::format("${}: {}", values.size() + 1, value.error().message));
    }
    values.push_back(std::move(*value));
  }
  return values;
}

}  // namespace host
