// The description of the admin API, as served at /admin/v1/openapi.json (OpenAPI 3.1).
#pragma once

#include <string_view>

namespace http {

std::string_view openapi_json();

}  // namespace http
