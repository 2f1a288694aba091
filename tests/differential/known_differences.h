// Where Roost on SQLite deliberately answers differently, each with its reason.
//
// The whole list: the corpus must agree everywhere else, and differ here.
#pragma once

#include <span>
#include <string_view>

namespace differential {

struct KnownDifference {
  std::string_view sql;       // of the corpus
  std::string_view callers;   // names, separated by spaces
  std::string_view postgres;  // Answer's brief(); empty: what each caller may see
  std::string_view roost;     // likewise
  std::string_view reason;

  [[nodiscard]] bool applies_to(std::string_view caller) const;
};
std::span<const KnownDifference> known_differences();

}  // namespace differential
