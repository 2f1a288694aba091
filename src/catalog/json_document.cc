#include "catalog/json_document.h"

#include <limits>
#include <set>
#include <string>
#include <vector>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/error.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

namespace catalog {
namespace {

namespace json = boost::json;
using boost::system::error_code;

// Follows a parse and stops it at a key that its object already has. Boost.JSON calls these names.
class KeysOnce {
 public:
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();

  bool on_object_begin(error_code&) {
    objects_.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t, error_code&) {
    objects_.pop_back();
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, error_code&) {
    key_.append(part);
    return true;
  }
  bool on_key(json::string_view part, std::size_t, error_code& error) {
    key_.append(part);
    twice_ = !objects_.back().insert(key_).second;
    if (twice_) {
      error = json::error::extra_data;
      return false;
    }
    key_.clear();
    return true;
  }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t, error_code&) { return true; }
  bool on_string_part(json::string_view, std::size_t, error_code&) { return true; }
  bool on_string(json::string_view, std::size_t, error_code&) { return true; }
  bool on_number_part(json::string_view, error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, error_code&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, error_code&) { return true; }
  bool on_double(double, json::string_view, error_code&) { return true; }
  bool on_bool(bool, error_code&) { return true; }
  bool on_null(error_code&) { return true; }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }

  [[nodiscard]] bool found_twice() const { return twice_; }
  [[nodiscard]] const std::string& key() const { return key_; }

 private:
  std::vector<std::set<std::string>> objects_;  // the keys of each object around this place
  std::string key_;
  bool twice_ = false;
};

}  // namespace

base::Result<json::value> parse_document(std::string_view text, std::string_view what) {
  json::basic_parser<KeysOnce> keys{json::parse_options()};
  error_code error;
  const std::size_t read = keys.write_some(false, text.data(), text.size(), error);
  if (keys.handler().found_twice()) {
    return base::fail(base::Code::kInvalidArgument,
                      fmt::format("{}: the key \"{}\" is there twice: keep one of them", what,
                                  keys.handler().key().substr(0, 128)));
  }
  json::value document;
  if (!error) document = json::parse(text, error);
  if (error) {
    return base::fail(
        base::Code::kInvalidArgument,
        fmt::format("{}: not valid JSON near byte {}: {}", what, read, error.message()));
  }
  return document;
}

}  // namespace catalog
