// The overlap rule of schedules (catalog::Overlap) as a condition of the statement that enqueues a
// run: whether by the clock or by hand, it is the same.
#pragma once

#include <string_view>

#include "catalog/trigger_options.h"

namespace triggers {

// To be added to a WHERE whose $1 is the trigger.
inline std::string_view unless_forbidden(std::string_view overlap) {
  return overlap == catalog::name_of(catalog::Overlap::kForbid)
             ? " AND NOT EXISTS (SELECT 1 FROM _roost_delivery WHERE trigger_id = $1 AND state < 2)"
             : "";
}

}  // namespace triggers
