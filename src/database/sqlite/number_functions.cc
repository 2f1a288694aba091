// Arithmetic of functions.h.
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "database/sqlite/function_call.h"
#include "database/sqlite/number_text.h"

namespace database::sqlite {
namespace {

void divide(FunctionCall& call, std::int64_t a, std::int64_t b) {
  if (a == kBigint.min && b == -1) {
    return call.fail(SqlState::kNumericValueOutOfRange, "bigint out of range");
  }
  call.answer(a / b);
}

// PostgreSQL tells an infinite or zero result of finite operands from one that was asked for.
void answer_checked(FunctionCall& call, double result, bool may_be_infinite, bool may_be_zero) {
  if (std::isinf(result) && !may_be_infinite) {
    return call.fail(SqlState::kNumericValueOutOfRange, "value out of range: overflow");
  }
  if (result == 0 && !may_be_zero) {
    return call.fail(SqlState::kNumericValueOutOfRange, "value out of range: underflow");
  }
  call.answer(result);
}

struct Operands {
  Number a, b;
  [[nodiscard]] bool whole() const {
    return std::holds_alternative<std::int64_t>(a) && std::holds_alternative<std::int64_t>(b);
  }
};

double as_double(const Number& number) {
  return std::visit([](auto value) { return static_cast<double>(value); }, number);
}

// Of a division: the second is not zero.
std::optional<Operands> operands(FunctionCall& call) {
  const auto a = call.number(0);
  if (!a) return std::nullopt;
  const auto b = call.number(1);
  if (!b) return std::nullopt;
  if (as_double(*b) == 0) {
    call.fail(SqlState::kDivisionByZero, "division by zero");
    return std::nullopt;
  }
  return Operands{*a, *b};
}

void div(FunctionCall& call) {
  const auto given = operands(call);
  if (!given) return;
  if (given->whole()) {
    return divide(call, std::get<std::int64_t>(given->a), std::get<std::int64_t>(given->b));
  }
  const double a = as_double(given->a), b = as_double(given->b);
  answer_checked(call, a / b, std::isinf(a), a == 0 || std::isinf(b));
}

void mod(FunctionCall& call) {
  const auto given = operands(call);
  if (!given) return;
  if (!given->whole()) return call.answer(std::fmod(as_double(given->a), as_double(given->b)));
  const auto b = std::get<std::int64_t>(given->b);
  // The smallest integer by -1 overflows on the processor, though the rest is 0.
  call.answer(b == -1 ? std::int64_t{0} : std::get<std::int64_t>(given->a) % b);
}

// Of integers, PostgreSQL refuses what is too large, where SQLite would go on with a double.
template <bool (*kWhole)(std::int64_t, std::int64_t, std::int64_t*),
          double (*kReal)(double, double)>
void combine(FunctionCall& call) {
  const auto a = call.number(0);
  if (!a) return;
  const auto b = call.number(1);
  if (!b) return;
  if (const Operands given{*a, *b}; given.whole()) {
    std::int64_t result = 0;
    if (kWhole(std::get<std::int64_t>(*a), std::get<std::int64_t>(*b), &result)) {
      return call.fail(SqlState::kNumericValueOutOfRange, "bigint out of range");
    }
    return call.answer(result);
  }
  const double x = as_double(*a), y = as_double(*b);
  answer_checked(call, kReal(x, y), std::isinf(x) || std::isinf(y), true);
}

bool add_whole(std::int64_t a, std::int64_t b, std::int64_t* sum) {
  return __builtin_add_overflow(a, b, sum);
}
bool subtract_whole(std::int64_t a, std::int64_t b, std::int64_t* rest) {
  return __builtin_sub_overflow(a, b, rest);
}
bool multiply_whole(std::int64_t a, std::int64_t b, std::int64_t* product) {
  return __builtin_mul_overflow(a, b, product);
}
double add_real(double a, double b) { return a + b; }
double subtract_real(double a, double b) { return a - b; }
double multiply_real(double a, double b) { return a * b; }

// NULL is no bound at all, which SQLite writes as -1.
template <SqlState kState>
void bound(FunctionCall& call) {
  if (call.is_null(0)) return call.answer(std::int64_t{kState == SqlState::kInvalidLimit ? -1 : 0});
  const auto given = call.number(0);
  if (!given) return;
  const auto* whole = std::get_if<std::int64_t>(&*given);
  const auto rows = whole != nullptr
                        ? std::optional(*whole)
                        : to_integer(std::get<double>(*given), kBigint.min, kBigint.max);
  if (!rows) return call.fail(SqlState::kNumericValueOutOfRange, "bigint out of range");
  if (*rows >= 0) return call.answer(*rows);
  call.fail(kState, kState == SqlState::kInvalidLimit ? "LIMIT must not be negative"
                                                      : "OFFSET must not be negative");
}

template <double (*kRound)(double)>
void to_whole(FunctionCall& call) {
  const auto value = call.number(0);
  if (!value) return;
  if (const auto* whole = std::get_if<std::int64_t>(&*value)) return call.answer(*whole);
  call.answer(kRound(std::get<double>(*value)));
}

double nearest(double value) { return std::nearbyint(value); }
double toward_zero(double value) { return std::trunc(value); }
double upward(double value) { return std::ceil(value); }
double downward(double value) { return std::floor(value); }

void round(FunctionCall& call) {
  if (call.count() == 1) return to_whole<nearest>(call);
  const auto value = call.number(0);
  if (!value) return;
  const auto digits = call.integer(1);
  if (!digits) return;
  const auto* whole = std::get_if<std::int64_t>(&*value);
  if (whole != nullptr && *digits >= 0) return call.answer(*whole);
  call.answer(round_decimal(as_double(*value), *digits));
}

void power(FunctionCall& call) {
  const auto base = call.real(0);
  if (!base) return;
  const auto exponent = call.real(1);
  if (!exponent) return;
  if (*base == 0 && *exponent < 0) {
    return call.fail(SqlState::kInvalidPowerArgument,
                     "zero raised to a negative power is undefined");
  }
  if (*base < 0 && std::isfinite(*exponent) && std::floor(*exponent) != *exponent) {
    return call.fail(SqlState::kInvalidPowerArgument,
                     "a negative number raised to a non-integer power yields a complex result");
  }
  const bool infinite = std::isinf(*base) || std::isinf(*exponent);
  answer_checked(call, std::pow(*base, *exponent), infinite, infinite || *base == 0);
}

void square_root(FunctionCall& call) {
  const auto value = call.real(0);
  if (!value) return;
  if (*value < 0) {
    return call.fail(SqlState::kInvalidPowerArgument,
                     "cannot take square root of a negative number");
  }
  call.answer(std::sqrt(*value));
}

// Like PostgreSQL's of one type: numbers by value, texts and blobs by their bytes. Of different
// types, which PostgreSQL refuses, as SQLite orders them.
int compare(FunctionCall& call, std::size_t a, std::size_t b) {
  const auto rank = [&](std::size_t i) {
    return call.type(i) == SQLITE_BLOB ? 2 : call.type(i) == SQLITE_TEXT ? 1 : 0;
  };
  if (rank(a) != rank(b)) return rank(a) - rank(b);
  if (rank(a) != 0) return call.text(a).compare(call.text(b));
  const Number x = *call.number(a), y = *call.number(b);
  if (x.index() == y.index()) return x < y ? -1 : static_cast<int>(x != y);
  const double p = as_double(x), q = as_double(y);
  return p < q ? -1 : static_cast<int>(p != q);
}

template <int kSign>
void extreme(FunctionCall& call) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < call.count(); ++i) {
    if (call.is_null(i)) continue;
    if (!best || compare(call, i, *best) * kSign > 0) best = i;
  }
  if (best) call.answer_argument(*best);
}

constexpr std::array kFunctions{
    Function{"pg_div", 2, 2, &div},
    Function{"pg_mod", 2, 2, &mod},
    Function{"pg_add", 2, 2, &combine<add_whole, add_real>},
    Function{"pg_subtract", 2, 2, &combine<subtract_whole, subtract_real>},
    Function{"pg_multiply", 2, 2, &combine<multiply_whole, multiply_real>},
    Function{"pg_limit", 1, 1, &bound<SqlState::kInvalidLimit>, Function::Nulls::kTaken},
    Function{"pg_offset", 1, 1, &bound<SqlState::kInvalidOffset>, Function::Nulls::kTaken},
    Function{"pg_round", 1, 2, &round},
    Function{"pg_trunc", 1, 1, &to_whole<toward_zero>},
    Function{"pg_ceil", 1, 1, &to_whole<upward>},
    Function{"pg_floor", 1, 1, &to_whole<downward>},
    Function{"pg_power", 2, 2, &power},
    Function{"pg_sqrt", 1, 1, &square_root},
    Function{"pg_greatest", 1, -1, &extreme<1>, Function::Nulls::kTaken},
    Function{"pg_least", 1, -1, &extreme<-1>, Function::Nulls::kTaken},
};

}  // namespace

std::span<const Function> number_functions() { return kFunctions; }

}  // namespace database::sqlite
