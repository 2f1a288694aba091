// What SQL statements answered, as text for people.
#pragma once

#include <ostream>

#include <boost/json/value.hpp>

namespace cli {

// Of {"results":[{"rows":[…],"count":N},…]}: a table for each statement that returned rows, what
// the others changed. Values come from whoever wrote them: control characters are escaped.
void print_results(std::ostream& out, const boost::json::value& answer);

}  // namespace cli
