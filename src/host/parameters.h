// A query's parameters, from the JSON that a guest writes to the database's values (docs/abi.md).
// Pure functions, safe on any thread.
#pragma once

#include <vector>

#include <boost/json/array.hpp>

#include "database/sql_error.h"
#include "database/value.h"

namespace host {

// Messages name the parameter, `$3`. kInvalidTextRepresentation, kNumericValueOutOfRange.
database::SqlResult<std::vector<database::Value>> values_of(const boost::json::array& parameters);

}  // namespace host
