// "Did you mean …?": the known word that a misspelt one is nearest to. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace server {

// Insertions, deletions and replacements that make one word the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

// Nothing when all are further than a third of the word, or than three edits.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> known);

}  // namespace server
