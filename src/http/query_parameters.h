// The names and values of a query string, percent-decoded, each name at most once. Pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace http {

// In order, until `take` fails, and then what that says; kInvalidArgument when the query cannot be
// read or a name comes twice.
base::Result<void> for_each_parameter(
    std::string_view query,
    const std::function<base::Result<void>(const std::string& name, const std::string& value)>&
        take);

}  // namespace http
