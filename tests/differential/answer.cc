#include "differential/answer.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace differential {
namespace {

constexpr double kExactIntegers = 9007199254740992.0;  // 2^53

std::string number_text(double number) {
  if (std::floor(number) == number && std::abs(number) < kExactIntegers) {
    return fmt::format("{}", static_cast<std::int64_t>(number));  // -0 is 0
  }
  // Averages have sixteen digits on one side, and doubles on the other.
  return fmt::format("{:.10g}", number);
}

std::string quoted_text(std::string_view text) {
  return boost::json::serialize(boost::json::value(boost::json::string(text)));
}

std::vector<std::string> sorted(std::vector<std::string> rows) {
  std::ranges::sort(rows);
  return rows;
}

std::string listed(const std::vector<std::string>& rows) {
  std::string text;
  for (const std::string& row : rows) text += "\n      " + row;
  return text.empty() ? " none" : text;
}

std::vector<std::string> missing(const std::vector<std::string>& from,
                                 const std::vector<std::string>& in) {
  std::vector<std::string> rows;
  std::ranges::set_difference(from, in, std::back_inserter(rows));
  return rows;
}

}  // namespace

std::string canonical(const boost::json::value& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return "null";
    case boost::json::kind::bool_:
      return value.get_bool() ? "1" : "0";
    case boost::json::kind::int64:
      return fmt::format("{}", value.get_int64());
    case boost::json::kind::uint64:
      return fmt::format("{}", value.get_uint64());
    case boost::json::kind::double_:
      return number_text(value.get_double());
    case boost::json::kind::string:
      return canonical_text(value.get_string());
    case boost::json::kind::array: {
      std::string text;
      for (const auto& item : value.get_array())
        text += (text.empty() ? "" : ",") + canonical(item);
      return "[" + text + "]";
    }
    case boost::json::kind::object: {
      std::string text;
      for (const auto& member : value.get_object()) {
        text +=
            (text.empty() ? "" : ",") + quoted_text(member.key()) + ":" + canonical(member.value());
      }
      return "{" + text + "}";
    }
  }
  return {};
}

std::vector<std::string> canonical_rows(std::string_view json) {
  std::vector<std::string> rows;
  boost::json::error_code error;
  const boost::json::value parsed = boost::json::parse(json, error);
  if (error || !parsed.is_array()) return {fmt::format("not a JSON array: {}", json)};
  for (const auto& row : parsed.get_array()) rows.push_back(canonical(row));
  return rows;
}

std::string canonical_text(std::string_view text) {
  if (text.starts_with('{') || text.starts_with('[')) {
    boost::json::error_code error;
    const boost::json::value parsed = boost::json::parse(text, error);
    if (!error) return canonical(parsed);
  }
  return quoted_text(text);
}

std::string canonical_number(std::string_view text) {
  if (text == "-0") return "0";
  if (text.find_first_not_of("-0123456789") == std::string_view::npos) return std::string(text);
  const double number = std::strtod(std::string(text).c_str(), nullptr);
  if (std::isnan(number) || std::isinf(number)) return quoted_text(text);
  return number_text(number);
}

bool is_ordered(std::string_view sql) {
  int depth = 0;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    if (sql[i] == '(') ++depth;
    if (sql[i] == ')') --depth;
    if (depth == 0 && sql.substr(i).starts_with("ORDER BY")) return true;
  }
  return false;
}

std::string difference(const Answer& postgres, const Answer& roost, bool ordered) {
  if (postgres.state != roost.state) {
    return fmt::format("    PostgreSQL: {} {}\n    Roost: {} {}", brief(postgres), postgres.message,
                       brief(roost), roost.message);
  }
  if (postgres.count != roost.count) {
    return fmt::format("    PostgreSQL: {} rows\n    Roost: {} rows", postgres.count, roost.count);
  }
  const auto theirs = ordered ? postgres.rows : sorted(postgres.rows);
  const auto ours = ordered ? roost.rows : sorted(roost.rows);
  if (theirs != ours) {
    return fmt::format("    PostgreSQL:{}\n    Roost:{}", listed(theirs), listed(ours));
  }
  if (postgres.tables != roost.tables) {
    return fmt::format("    in PostgreSQL's tables only:{}\n    in Roost's only:{}",
                       listed(missing(postgres.tables, roost.tables)),
                       listed(missing(roost.tables, postgres.tables)));
  }
  return {};
}

std::string brief(const Answer& answer) {
  if (answer.failed()) return answer.state;
  if (answer.rows.empty()) return fmt::format("{} changed", answer.count);
  std::string text;
  for (const std::string& row : answer.rows) text += row;
  return text;
}

}  // namespace differential
