// One value of a row or a parameter, as every driver understands it.
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

using Value = std::variant<Null, std::int64_t, double, std::string, Blob>;
using Row = std::vector<Value>;

}  // namespace database
