// ORDER BY's and GROUP BY's terms, which may be positions or names of result columns.
#pragma once

#include "database/sqlite/translator.h"

namespace database::sqlite {

// Nothing, in a window: there a term is an expression and no more.
struct Translator::Sorted {
  const Query* result = nullptr;
  bool compound = false;  // of UNION and its like: terms are result columns only
  bool distinct = false;  // terms are among the result columns
};

struct SortOrder {
  bool descending = false;
  bool nulls_first = false;
};
// PostgreSQL takes NULLs for the largest.
SortOrder sort_order(const Fields& term);

}  // namespace database::sqlite
