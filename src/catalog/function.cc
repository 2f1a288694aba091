#include "catalog/function.h"

#include <algorithm>

namespace catalog {

bool is_function_name(std::string_view name) {
  constexpr std::size_t kMaxName = 64;
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && name.size() <= kMaxName && is_lower(name.front()) &&
         std::ranges::all_of(name, [&](char c) {
           return is_lower(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
         });
}

bool Function::has_trigger(TriggerKind kind) const {
  return std::ranges::find(version.config.triggers, kind, &Trigger::kind) !=
         version.config.triggers.end();
}

}  // namespace catalog
