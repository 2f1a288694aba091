// What the description of the admin API (openapi.h) says of SQL, migrations and policies.
#pragma once

#include <string_view>

namespace http {

// Members of "components/schemas", each with a comma behind it.
std::string_view database_schemas();

}  // namespace http
