#include "database/sqlite/schema.h"

#include <algorithm>

#include "base/ascii.h"

namespace database::sqlite {
namespace {

// The place of what has this name.
template <class Named>
std::optional<std::size_t> find_named(const std::vector<Named>& all, std::string_view name) {
  const auto found =
      std::ranges::find_if(all, [&](const Named& each) { return same_name(each.name, name); });
  if (found == all.end()) return std::nullopt;
  return static_cast<std::size_t>(found - all.begin());
}

}  // namespace

std::optional<std::size_t> Table::column(std::string_view wanted) const {
  return find_named(columns, wanted);
}

std::string_view Table::rowid_name() const {
  for (const std::string_view candidate : {"rowid", "_rowid_", "oid"}) {
    if (!column(candidate)) return candidate;
  }
  return "rowid";
}

std::optional<std::size_t> Schema::table(std::string_view wanted) const {
  return find_named(tables, wanted);
}

bool same_name(std::string_view a, std::string_view b) { return base::equal_ignoring_case(a, b); }

std::string quote_name(std::string_view identifier) {
  std::string text = "\"";
  for (const char letter : identifier) {
    if (letter == '"') text += '"';
    text += letter;
  }
  return text + '"';
}

}  // namespace database::sqlite
