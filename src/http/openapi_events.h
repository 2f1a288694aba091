// What the description of the admin API (openapi.h) says of events and schedules.
#pragma once

#include <string_view>

namespace http {

// Members of "paths" and of "components/schemas", each with a comma behind it.
std::string_view event_paths();
std::string_view event_schemas();

}  // namespace http
