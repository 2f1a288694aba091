#include "database/sqlite/function_call.h"

#include <cmath>

#include <fmt/format.h>

#include "base/encoding.h"
#include "database/sqlite/json_text.h"
#include "database/sqlite/number_text.h"

namespace database::sqlite {

std::string_view FunctionCall::text(std::size_t i) {
  sqlite3_value* const value = arguments_[i];
  switch (sqlite3_value_type(value)) {
    case SQLITE_FLOAT:
      return texts_.emplace_back(to_text(sqlite3_value_double(value)));
    case SQLITE_BLOB: {
      const auto* bytes = static_cast<const char*>(sqlite3_value_blob(value));
      const auto size = static_cast<std::size_t>(sqlite3_value_bytes(value));
      return texts_.emplace_back("\\x" + base::to_hex({bytes, bytes == nullptr ? 0 : size}));
    }
    default: {
      const auto* bytes = reinterpret_cast<const char*>(sqlite3_value_text(value));
      const auto size = static_cast<std::size_t>(sqlite3_value_bytes(value));
      return bytes == nullptr ? "" : std::string_view(bytes, size);
    }
  }
}

std::optional<Number> FunctionCall::number(std::size_t i) {
  switch (type(i)) {
    case SQLITE_INTEGER:
      return sqlite3_value_int64(arguments_[i]);
    case SQLITE_FLOAT:
      return sqlite3_value_double(arguments_[i]);
    case SQLITE_TEXT: {
      if (const auto whole = parse_integer(text(i), kBigint)) return *whole;
      const auto real = parse_double(text(i));
      if (real) return *real;
      fail(real.error());
      return std::nullopt;
    }
    default:
      fail(SqlState::kDatatypeMismatch, "cannot cast type bytea to a number");
      return std::nullopt;
  }
}

std::optional<double> FunctionCall::real(std::size_t i) {
  const auto value = number(i);
  if (!value) return std::nullopt;
  if (const auto* whole = std::get_if<std::int64_t>(&*value)) return static_cast<double>(*whole);
  return std::get<double>(*value);
}

std::optional<std::int32_t> FunctionCall::integer(std::size_t i) {
  const auto value = number(i);
  if (!value) return std::nullopt;
  const auto* whole = std::get_if<std::int64_t>(&*value);
  const auto converted = whole != nullptr
                             ? std::optional(*whole)
                             : to_integer(std::get<double>(*value), kInteger.min, kInteger.max);
  if (!converted || *converted < kInteger.min || *converted > kInteger.max) {
    fail(SqlState::kNumericValueOutOfRange, "integer out of range");
    return std::nullopt;
  }
  return static_cast<std::int32_t>(*converted);
}

void FunctionCall::answer(double value) {
  if (std::isnan(value)) {
    return fail(SqlState::kNumericValueOutOfRange,
                "the result is NaN, which this database cannot hold");
  }
  sqlite3_result_double(context_, value);
}

void FunctionCall::answer(std::string_view text) {
  // SQLite takes a null pointer for NULL.
  sqlite3_result_text64(context_, text.empty() ? "" : text.data(), text.size(), SQLITE_TRANSIENT,
                        SQLITE_UTF8);
}

void FunctionCall::answer_json(std::string_view text) {
  answer(text);
  sqlite3_result_subtype(context_, kJsonSubtype);
}

void FunctionCall::answer_blob(std::string_view bytes) {
  sqlite3_result_blob64(context_, bytes.empty() ? "" : bytes.data(), bytes.size(),
                        SQLITE_TRANSIENT);
}

void FunctionCall::fail(SqlState state, std::string_view message) {
  const std::string text = fmt::format("{}: {}", code_of(state), message);
  sqlite3_result_error(context_, text.data(), static_cast<int>(text.size()));
}

std::size_t FunctionCall::max_length() const {
  return static_cast<std::size_t>(
      sqlite3_limit(sqlite3_context_db_handle(context_), SQLITE_LIMIT_LENGTH, -1));
}

std::optional<std::int64_t> to_integer(double value, std::int64_t min, std::int64_t max) {
  const double rounded = std::nearbyint(value);
  // Of 64 bits the largest is no double; the next one above is, and is out of range.
  const bool fits = rounded >= static_cast<double>(min) &&
                    rounded < -static_cast<double>(kBigint.min) &&
                    static_cast<std::int64_t>(rounded) <= max;
  if (!fits) return std::nullopt;
  return static_cast<std::int64_t>(rounded);
}

}  // namespace database::sqlite
