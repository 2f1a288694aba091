// An object's members by name, as strict requests are read: kInvalidArgument names the key that is
// unknown, missing or of another kind. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/error.h"

namespace http {

class JsonMembers {
 public:
  // `value` must outlive it; `where` begins the messages about it.
  static base::Result<JsonMembers> of(const boost::json::value& value, std::string_view where,
                                      std::span<const std::string_view> known);

  [[nodiscard]] const boost::json::value* find(std::string_view key) const {
    return object_->if_contains(key);
  }
  [[nodiscard]] base::Result<std::string> text(std::string_view key) const;
  [[nodiscard]] const std::string& where() const { return where_; }

 private:
  JsonMembers(const boost::json::object& object, std::string_view where)
      : object_(&object), where_(where) {}

  const boost::json::object* object_;
  std::string where_;
};

}  // namespace http
