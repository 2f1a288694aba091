// JSON text from outside as a value, with the doubtful cases refused.
#pragma once

#include <string_view>

#include <boost/json/value.hpp>

#include "base/error.h"

namespace catalog {

// kInvalidArgument: not JSON, nested deeper than 32, or an object that names a key twice
// (Boost.JSON alone would keep the last in silence). `what` begins the message.
base::Result<boost::json::value> parse_document(std::string_view text, std::string_view what);

}  // namespace catalog
