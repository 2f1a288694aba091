// The name of a result column that has none of its own: FigureColname of parser/parse_target.c.
#pragma once

#include <string>

#include "database/sqlite/syntax_node.h"

namespace database::sqlite {

std::string result_name(const Node& value);

}  // namespace database::sqlite
