// The functions that statements and policies may call, and what each is in SQLite.
//
// PostgreSQL's names. What needs more than another name has a Form of its own, which the translator
// writes (function_text.cc).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "database/sqlite/scope.h"

namespace database::sqlite {

struct ListedFunction {
  enum class Sort : std::uint8_t { kPlain, kAggregate, kWindow };
  enum class Form : std::uint8_t {
    kCall,      // `written`(arguments)
    kSameType,  // the same, with the type of its argument
    kRound,     // of a decimal otherwise than of a double
    kConcat,    // booleans are t and f
    kText,      // of a text only: a pattern for another function of that name is refused
    kCount,
    kSum,
    kTextAggregate,  // string_agg
    kJsonAggregate,  // NULL of no rows, not an empty array
    kJsonArguments,  // booleans are true and false
    kJsonType,
    kSetting,
    kOctets,
    kStartsWith,
  };

  std::string_view name;
  std::string_view written;
  std::size_t least;
  std::size_t most;
  Type type = Type::kUnknown;
  Form form = Form::kCall;
  Sort sort = Sort::kPlain;
};

// Null when there is none.
const ListedFunction* find_function(std::string_view name);

}  // namespace database::sqlite
