// Casts of functions.h.
#include <array>

#include <fmt/format.h>

#include "base/encoding.h"
#include "database/sqlite/function_call.h"
#include "database/sqlite/json_text.h"
#include "database/sqlite/number_text.h"

namespace database::sqlite {
namespace {

void refuse_cast(FunctionCall& call, std::string_view type) {
  const std::string_view from = call.type(0) == SQLITE_BLOB      ? "bytea"
                                : call.type(0) == SQLITE_INTEGER ? "integer"
                                                                 : "double precision";
  call.fail(SqlState::kDatatypeMismatch, fmt::format("cannot cast type {} to {}", from, type));
}

void cast_to(FunctionCall& call, const IntegerType& type) {
  if (call.type(0) == SQLITE_BLOB) return refuse_cast(call, type.name);
  if (call.type(0) == SQLITE_TEXT) {
    const auto value = parse_integer(call.text(0), type);
    if (!value) return call.fail(value.error());
    return call.answer(*value);
  }
  const Number given = *call.number(0);
  const auto* whole = std::get_if<std::int64_t>(&given);
  const auto value =
      whole != nullptr ? *whole : to_integer(std::get<double>(given), type.min, type.max);
  if (!value || *value < type.min || *value > type.max) {
    return call.fail(SqlState::kNumericValueOutOfRange, fmt::format("{} out of range", type.name));
  }
  call.answer(*value);
}

void to_int(FunctionCall& call) { cast_to(call, kInteger); }
void to_bigint(FunctionCall& call) { cast_to(call, kBigint); }

void to_float(FunctionCall& call) {
  if (call.type(0) == SQLITE_BLOB) return refuse_cast(call, "double precision");
  if (call.type(0) != SQLITE_TEXT) return call.answer(sqlite3_value_double(call.value(0)));
  const auto value = parse_double(call.text(0));
  if (!value) return call.fail(value.error());
  call.answer(*value);
}

void to_text(FunctionCall& call) { call.answer(call.text(0)); }

void to_bool(FunctionCall& call) {
  if (call.type(0) == SQLITE_INTEGER) {
    return call.answer(std::int64_t{sqlite3_value_int64(call.value(0)) != 0});
  }
  if (call.type(0) != SQLITE_TEXT) return refuse_cast(call, "boolean");
  const auto value = parse_bool(call.text(0));
  if (!value) return call.fail(value.error());
  call.answer(std::int64_t{*value});
}

void to_json(FunctionCall& call) {
  if (call.type(0) != SQLITE_TEXT) return refuse_cast(call, "json");
  const std::string_view text = call.text(0);
  if (!is_json(text)) {
    return call.fail(SqlState::kInvalidTextRepresentation, "invalid input syntax for type json");
  }
  call.answer_json(text);
}

constexpr std::array kFunctions{
    Function{"pg_int", 1, 1, &to_int},     Function{"pg_bigint", 1, 1, &to_bigint},
    Function{"pg_float", 1, 1, &to_float}, Function{"pg_text", 1, 1, &to_text},
    Function{"pg_bool", 1, 1, &to_bool},   Function{"pg_json", 1, 1, &to_json},
};

}  // namespace

std::span<const Function> cast_functions() { return kFunctions; }

}  // namespace database::sqlite
