// Numbers and truth values as PostgreSQL reads and writes them. Pure.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "database/sql_error.h"

namespace database::sqlite {

struct IntegerType {
  std::string_view name;
  std::int64_t min;
  std::int64_t max;
};
inline constexpr IntegerType kInteger{"integer", std::numeric_limits<std::int32_t>::min(),
                                      std::numeric_limits<std::int32_t>::max()};
inline constexpr IntegerType kBigint{"bigint", std::numeric_limits<std::int64_t>::min(),
                                     std::numeric_limits<std::int64_t>::max()};

// Space around is passed over. kInvalidTextRepresentation, kNumericValueOutOfRange.
SqlResult<std::int64_t> parse_integer(std::string_view text, const IntegerType& type);
// Decimal forms, and infinity by its names. NaN is refused: SQLite would store it as NULL.
SqlResult<double> parse_double(std::string_view text);
SqlResult<bool> parse_bool(std::string_view text);

// The shortest form that reads back as the same number, laid out as PostgreSQL does.
std::string to_text(double value);
// By the decimal digits that `to_text` shows, halves away from zero, as `numeric` does; a negative
// `digits` is left of the point.
double round_decimal(double value, std::int32_t digits);

}  // namespace database::sqlite
