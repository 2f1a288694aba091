#include "base/units.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <limits>
#include <span>

#include <fmt/format.h>

namespace base {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// The empty name is the bare number's.
constexpr std::array kSizes{Unit{"", 1},
                            Unit{"B", 1},
                            Unit{"KB", 1000},
                            Unit{"MB", 1000 * 1000},
                            Unit{"GB", 1000 * 1000 * 1000},
                            Unit{"KiB", kKiB},
                            Unit{"MiB", kMiB},
                            Unit{"GiB", kGiB}};
constexpr std::array kDurations{Unit{"", 1000 * 1000},
                                Unit{"us", 1},
                                Unit{"ms", 1000},
                                Unit{"s", 1000 * 1000},
                                Unit{"m", 60ULL * 1000 * 1000},
                                Unit{"h", 3600ULL * 1000 * 1000}};

struct Grammar {
  std::string_view noun;
  std::string_view fits;
  std::span<const Unit> units;
  std::uint64_t max;
};

std::unexpected<Error> misread(std::string_view text, const Grammar& grammar) {
  return fail(Code::kInvalidArgument,
              fmt::format("\"{}\" is not a {}: write {}", text, grammar.noun, grammar.fits));
}

std::unexpected<Error> too_large(std::string_view text, const Grammar& grammar) {
  return fail(Code::kInvalidArgument,
              fmt::format("\"{}\" is too large a {}: write a smaller number", text, grammar.noun));
}

const Unit* find_unit(std::string_view name, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

// quantity = digits [" "] [unit]: what format_size prints without a fraction can be read again.
Result<std::uint64_t> parse_quantity(std::string_view text, const Grammar& grammar) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data(), end, number);
  if (failure == std::errc::invalid_argument) return misread(text, grammar);
  std::string_view name(rest, static_cast<std::size_t>(end - rest));
  if (name.size() > 1 && name.starts_with(' ')) name.remove_prefix(1);
  const Unit* unit = find_unit(name, grammar.units);
  if (unit == nullptr) return misread(text, grammar);
  if (failure != std::errc() || number > grammar.max / unit->factor)
    return too_large(text, grammar);
  return number * unit->factor;
}

}  // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
  static constexpr Grammar kGrammar{"size",
                                    "digits and B, KB, MB, GB, KiB, MiB or GiB, as in \"64MiB\"",
                                    kSizes, std::numeric_limits<std::uint64_t>::max()};
  return parse_quantity(text, kGrammar);
}

Result<std::chrono::microseconds> parse_duration(std::string_view text) {
  static constexpr Grammar kGrammar{
      "duration", "digits and us, ms, s, m or h, as in \"1500ms\"", kDurations,
      static_cast<std::uint64_t>(std::chrono::microseconds::max().count())};
  const Result<std::uint64_t> micros = parse_quantity(text, kGrammar);
  if (!micros) return fail(micros.error());
  return std::chrono::microseconds(static_cast<std::chrono::microseconds::rep>(*micros));
}

std::string format_size(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 4> kNames{"B", "KiB", "MiB", "GiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  // 1023.95 would print as 1024.0.
  for (; unit + 1 < kNames.size() && value >= (unit == 0 ? 1024.0 : 1023.95); ++unit) value /= 1024;
  std::string number = fmt::format("{:.1f}", value);
  if (number.ends_with(".0")) number.resize(number.size() - 2);
  return fmt::format("{} {}", number, kNames[unit]);
}

std::string spell_duration(std::chrono::microseconds span) {
  const auto micros = static_cast<std::uint64_t>(span.count());
  for (std::size_t i = kDurations.size() - 1; i > 1; --i) {
    const Unit& unit = kDurations.at(i);
    if (micros != 0 && micros % unit.factor == 0) {
      return fmt::format("{}{}", micros / unit.factor, unit.name);
    }
  }
  return micros == 0 ? "0s" : fmt::format("{}us", micros);
}

std::string format_duration(std::chrono::microseconds span) {
  const auto micros = static_cast<double>(span.count());
  const double magnitude = micros < 0 ? -micros : micros;
  if (magnitude < 1e3) return fmt::format("{} µs", span.count());
  // 999.995 ms would print as 1000.00 ms.
  if (magnitude < 999'995) return fmt::format("{:.2f} ms", micros / 1e3);
  return fmt::format("{:.2f} s", micros / 1e6);
}

}  // namespace base
