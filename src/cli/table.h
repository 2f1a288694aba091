// Text in aligned columns, for people.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace cli {

// Rows of cells; the columns are as wide as their widest cell, in characters (UTF-8), and the last
// one is not padded. The first row is the heading.
void print_table(std::ostream& out, const std::vector<std::vector<std::string>>& rows);

}  // namespace cli
