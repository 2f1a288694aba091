// One value of a row or a parameter, as every driver understands it.
//
// Timestamps and uuids are text. SQLite has neither booleans nor JSON of its own: it keeps them as
// 0 and 1, and as text.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace database {

struct Null {
  bool operator==(const Null&) const = default;
};
struct Blob {
  std::string bytes;
  bool operator==(const Blob&) const = default;
};

struct Json {
  std::string text;
  bool operator==(const Json&) const = default;
};

using Value = std::variant<Null, bool, std::int64_t, double, std::string, Blob, Json>;
using Row = std::vector<Value>;

}  // namespace database
