// Values of the admin API's JSON as text for people; what is not there is "-".
#pragma once

#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

namespace cli {

// `path` is "config.timeout"; null when there is nothing, or only JSON's null.
const boost::json::value* find(const boost::json::value& value, std::string_view path);
// Empty when it is not an array.
const boost::json::array& array_at(const boost::json::value& value, std::string_view path);
std::int64_t number_at(const boost::json::value& value, std::string_view path);  // else 0

std::string text_of(const boost::json::value& value);
std::string text_at(const boost::json::value& value, std::string_view path);
std::string size_at(const boost::json::value& value, std::string_view path);      // "12 KiB"
std::string duration_at(const boost::json::value& value, std::string_view path);  // of µs
std::string list_at(const boost::json::value& value, std::string_view path);      // "a, b"

}  // namespace cli
