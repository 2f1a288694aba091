#include "database/sqlite/number_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>

#include <fmt/format.h>

#include "base/ascii.h"

namespace database::sqlite {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n\v\f\r";
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::unexpected<SqlError> malformed(std::string_view type, std::string_view text) {
  return sql_fail(SqlState::kInvalidTextRepresentation,
                  fmt::format("invalid input syntax for type {}: \"{}\"", type, text));
}

// Digits and the place of the point: 0.d1d2d3… × 10^exponent, of a finite number that is not 0.
struct Decimal {
  std::string digits;
  int exponent = 0;
};

Decimal decimal_of(double value) {
  std::array<char, 32> buffer;
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(),
                                          std::fabs(value), std::chars_format::scientific);
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const auto e = text.find('e');
  Decimal decimal;
  std::ranges::copy_if(text.substr(0, e), std::back_inserter(decimal.digits),
                       [](char c) { return c != '.'; });
  // from_chars takes a minus sign but no plus.
  const std::string_view exponent = text.substr(text[e + 1] == '+' ? e + 2 : e + 1);
  std::from_chars(exponent.data(), exponent.data() + exponent.size(), decimal.exponent);
  ++decimal.exponent;
  return decimal;
}

std::string scientific(const Decimal& decimal) {
  std::string text = decimal.digits.substr(0, 1);
  if (decimal.digits.size() > 1) text += "." + decimal.digits.substr(1);
  const int exponent = decimal.exponent - 1;
  return text + fmt::format("e{}{:02}", exponent < 0 ? '-' : '+', std::abs(exponent));
}

std::string fixed(Decimal decimal) {
  if (decimal.exponent <= 0) {
    return "0." + std::string(static_cast<std::size_t>(-decimal.exponent), '0') + decimal.digits;
  }
  const auto whole = static_cast<std::size_t>(decimal.exponent);
  if (decimal.digits.size() <= whole) {
    return decimal.digits + std::string(whole - decimal.digits.size(), '0');
  }
  return decimal.digits.insert(whole, ".");
}

}  // namespace

SqlResult<std::int64_t> parse_integer(std::string_view text, const IntegerType& type) {
  std::string_view digits = trimmed(text);
  if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
  std::int64_t value = 0;
  const char* const last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, value);
  if (error == std::errc::invalid_argument || end != last) return malformed(type.name, text);
  if (error != std::errc() || value < type.min || value > type.max) {
    return sql_fail(SqlState::kNumericValueOutOfRange,
                    fmt::format("value \"{}\" is out of range for type {}", text, type.name));
  }
  return value;
}

SqlResult<double> parse_double(std::string_view text) {
  constexpr std::string_view kType = "double precision";
  std::string_view digits = trimmed(text);
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  if (base::equal_ignoring_case(digits, "infinity") || base::equal_ignoring_case(digits, "inf")) {
    return negative ? -HUGE_VAL : HUGE_VAL;
  }
  if (base::equal_ignoring_case(digits, "nan")) {
    return sql_fail(SqlState::kFeatureNotSupported, "NaN is not supported: this database has none");
  }
  // from_chars knows "nan(x)" and a second sign too.
  const bool number =
      !digits.empty() && digits.find_first_not_of("0123456789.eE+-") == std::string_view::npos;
  if (!number || digits.front() == '-' || digits.front() == '+') return malformed(kType, text);
  double value = 0;
  const char* const last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, value);
  if (error == std::errc::invalid_argument || end != last) return malformed(kType, text);
  if (error != std::errc()) {
    return sql_fail(SqlState::kNumericValueOutOfRange,
                    fmt::format("\"{}\" is out of range for type {}", text, kType));
  }
  return negative ? -value : value;
}

SqlResult<bool> parse_bool(std::string_view text) {
  struct Word {
    std::string_view word;
    std::size_t shortest;  // beginnings of this length and more stand for the word
    bool value;
  };
  constexpr std::array kWords{Word{"true", 1, true}, Word{"false", 1, false}, Word{"yes", 1, true},
                              Word{"no", 1, false},  Word{"on", 2, true},     Word{"off", 2, false},
                              Word{"1", 1, true},    Word{"0", 1, false}};
  const std::string_view given = trimmed(text);
  for (const auto& [word, shortest, value] : kWords) {
    const std::string_view beginning = word.substr(0, given.size());
    if (given.size() >= shortest && base::equal_ignoring_case(given, beginning)) return value;
  }
  return malformed("boolean", text);
}

std::string to_text(double value) {
  constexpr int kMinFixed = -4, kMaxFixed = 15;
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  const std::string sign = std::signbit(value) ? "-" : "";
  if (value == 0) return sign + "0";
  const Decimal decimal = decimal_of(value);
  const int exponent = decimal.exponent - 1;
  return sign +
         (exponent < kMinFixed || exponent >= kMaxFixed ? scientific(decimal) : fixed(decimal));
}

double round_decimal(double value, std::int32_t digits) {
  if (value == 0 || std::isinf(value)) return value;
  Decimal decimal = decimal_of(value);
  const std::int64_t kept = static_cast<std::int64_t>(decimal.exponent) + digits;
  if (kept < 0) return 0;
  if (static_cast<std::size_t>(kept) >= decimal.digits.size()) return value;
  const bool up = decimal.digits[static_cast<std::size_t>(kept)] >= '5';
  // A digit in front takes the carry: 9.96 is 09 and rest, and becomes 10.
  std::string rounded = "0" + decimal.digits.substr(0, static_cast<std::size_t>(kept));
  for (auto digit = rounded.rbegin(); up; ++digit) {
    if (*digit != '9') {
      ++*digit;
      break;
    }
    *digit = '0';
  }
  rounded += fmt::format("e{}", -static_cast<std::int64_t>(digits));
  double result = 0;
  const char* const begin = rounded.data();
  const auto [end, error] = std::from_chars(begin, begin + rounded.size(), result);
  if (error != std::errc()) return value;  // rounded up past the largest number
  return value < 0 && result != 0 ? -result : result;
}

}  // namespace database::sqlite
