#include "cli/sql_results.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/encoding.h"
#include "cli/json_text.h"
#include "cli/table.h"

namespace cli {
namespace {

namespace json = boost::json;

std::string cell(const json::value& value) {
  if (value.is_null()) return "NULL";
  if (const auto* flag = value.if_bool()) return *flag ? "true" : "false";
  if (const auto* number = value.if_double()) return fmt::format("{}", *number);
  return base::escape_controls(text_of(value));
}

std::string count_of(std::int64_t count, std::string_view what) {
  return fmt::format("{} row{}{}", count, count == 1 ? "" : "s", what);
}

// The columns are those of the first row: all rows of a statement have the same.
void print_rows(std::ostream& out, const json::object& first, const json::array& rows) {
  std::vector<std::vector<std::string>> table(2);
  for (const auto& member : first) {
    table[0].push_back(base::escape_controls(std::string_view(member.key())));
    table[1].emplace_back(std::max<std::size_t>(1, table[0].back().size()), '-');
  }
  for (const json::value& row : rows) {
    auto& cells = table.emplace_back();
    if (const auto* object = row.if_object()) {
      for (const auto& member : *object) cells.push_back(cell(member.value()));
    }
  }
  print_table(out, table);
}

void print_result(std::ostream& out, const json::value& result) {
  const json::array& rows = array_at(result, "rows");
  const std::int64_t count = number_at(result, "count");
  const json::object* const first = rows.empty() ? nullptr : rows.front().if_object();
  if (first != nullptr) {
    print_rows(out, *first, rows);
    out << '(' << count_of(count, "") << ")\n";
  } else {
    out << (count == 0 ? "ok, no rows" : "ok, " + count_of(count, " changed")) << '\n';
  }
}

}  // namespace

void print_results(std::ostream& out, const json::value& answer) {
  for (bool first = true; const json::value& result : array_at(answer, "results")) {
    if (!std::exchange(first, false)) out << '\n';
    print_result(out, result);
  }
}

}  // namespace cli
