// What a generator of statements knows of the schema.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace differential {

enum class Type : std::uint8_t { kInt, kText, kReal, kBool, kUuid };

struct GeneratedColumn {
  std::string_view name;
  Type type;
  bool written = true;    // not a key, and not generated
  bool required = false;  // an INSERT has to give it
};
struct GeneratedTable {
  std::string_view name;
  std::vector<GeneratedColumn> columns;
  std::vector<std::string_view> keys;  // lists of columns that are unique together
  bool has_id = true;
};

std::span<const GeneratedTable> generated_tables();

}  // namespace differential
