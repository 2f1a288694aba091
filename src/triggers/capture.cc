#include "triggers/capture.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "triggers/rows.h"

namespace triggers {
namespace {

// json_object() takes at most 127 arguments.
constexpr std::size_t kPairsPerCall = 60;
constexpr std::array<std::string_view, 3> kOperations{"INSERT", "UPDATE", "DELETE"};

std::string quoted(std::string_view text, char mark) {
  std::string result(1, mark);
  for (const char letter : text) {
    if (letter == mark) result += mark;
    result += letter;
  }
  return result + mark;
}

std::string name(std::string_view text) { return quoted(text, '"'); }
std::string literal(std::string_view text) { return quoted(text, '\''); }

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& letter : result) {
    letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  }
  return result;
}

// A value that JSON can hold, whatever it is.
std::string json_value(std::string_view row, std::string_view column) {
  const std::string value = fmt::format("{}.{}", row, name(column));
  return fmt::format(
      "CASE typeof({0}) WHEN 'blob' THEN '\\x' || lower(hex({0})) WHEN 'real' THEN "
      "CASE WHEN abs({0}) > 1.7976931348623157e308 THEN CAST({0} AS TEXT) ELSE {0} END "
      "ELSE {0} END",
      value);
}

// Several calls' objects become one by their text: no call ends in a brace of its own values,
// which are numbers and quoted text.
std::string json_row(std::string_view row, const std::vector<std::string>& columns) {
  std::vector<std::string> calls;
  for (std::size_t first = 0; first < columns.size(); first += kPairsPerCall) {
    std::string pairs;
    for (std::size_t i = first; i < std::min(first + kPairsPerCall, columns.size()); ++i) {
      pairs += fmt::format("{}{}, {}", pairs.empty() ? "" : ", ", literal(columns[i]),
                           json_value(row, columns[i]));
    }
    calls.push_back("json_object(" + pairs + ")");
  }
  if (calls.size() == 1) return calls[0];
  std::string text = "json('{'";
  for (std::size_t i = 0; i < calls.size(); ++i) {
    text += fmt::format("{} || rtrim(substr({}, 2), '}}')", i == 0 ? "" : " || ','", calls[i]);
  }
  return text + " || '}')";
}

std::string lane(std::string_view row, const CapturedTable& table) {
  std::string values;
  for (const std::string& column : table.key) {
    values += (values.empty() ? "" : ", ") + json_value(row, column);
  }
  if (values.empty()) values = fmt::format("{}.rowid", row);
  return fmt::format("{} || json_array({})", literal(table.name), values);
}

std::string changed(const std::vector<std::string>& columns) {
  std::string condition;
  for (const std::string& column : columns) {
    condition += fmt::format("{}OLD.{} IS NOT NEW.{}", condition.empty() ? "" : " OR ",
                             name(column), name(column));
  }
  return condition;
}

std::string event_clause(const Capture& capture, const CapturedTable& table) {
  if (capture.operation != Operation::kUpdate) {
    return fmt::format("AFTER {} ON {}", name_of(capture.operation), name(table.name));
  }
  std::string of;
  for (const std::string& column : capture.columns) of += (of.empty() ? "" : ", ") + name(column);
  return fmt::format("AFTER UPDATE{} ON {} WHEN {}", of.empty() ? "" : " OF " + of,
                     name(table.name),
                     changed(capture.columns.empty() ? table.columns : capture.columns));
}

}  // namespace

std::string_view name_of(Operation operation) {
  return kOperations.at(static_cast<std::size_t>(operation));
}

base::Result<std::vector<Capture>> parse_captures(const catalog::Trigger& trigger,
                                                  const CapturedTable& table) {
  std::vector<Capture> captures;
  std::string_view rest = trigger.detail;  // catalog/trigger.cc has checked its form
  while (!rest.empty()) {
    const auto end = rest.find_first_of(",(");
    const std::string word = lower(rest.substr(0, end));
    Capture capture;
    capture.operation = word == "insert"   ? Operation::kInsert
                        : word == "update" ? Operation::kUpdate
                                           : Operation::kDelete;
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end);
    if (rest.starts_with('(')) {
      const auto close = rest.find(')');
      std::string_view list = rest.substr(1, close - 1);
      while (!list.empty()) {
        const auto comma = list.find(',');
        capture.columns.emplace_back(list.substr(0, comma));
        list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
      }
      rest = rest.substr(close + 1);
    }
    for (const std::string& column : capture.columns) {
      const auto found = std::ranges::find_if(
          table.columns, [&](const std::string& each) { return lower(each) == lower(column); });
      if (found == table.columns.end()) {
        return base::fail(base::Code::kInvalidArgument,
                          fmt::format("the trigger `{}` names the column {}, which the table {} "
                                      "does not have",
                                      trigger.text(), column, table.name));
      }
    }
    captures.push_back(std::move(capture));
    if (rest.starts_with(',')) rest.remove_prefix(1);
  }
  return captures;
}

std::string capture_name(std::int64_t trigger, Operation operation) {
  return fmt::format("_roost_capture_{}_{}", trigger, lower(name_of(operation)));
}

std::string capture_text(std::int64_t trigger, std::string_view function,
                         const CapturedTable& table, const Capture& capture) {
  const bool has_old = capture.operation != Operation::kInsert;
  const bool has_new = capture.operation != Operation::kDelete;
  return fmt::format(
      "CREATE TRIGGER {0} {1} BEGIN INSERT INTO _roost_event (trigger_id, function, key, lane, "
      "payload, role, user_id, claims, depth, state, due_at, created_at) "
      "SELECT {2}, {3}, lower(hex(randomblob(16))), {4}, json_object('trigger', 'database', "
      "'table', {5}, 'schema', 'public', 'operation', '{6}', 'old', {7}, 'new', {8}, 'timestamp', "
      "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), w.role, w.user_id, w.claims, "
      "coalesce(w.depth, 0) + 1, CASE WHEN coalesce(w.depth, 0) >= {9} THEN 'dead' "
      "ELSE 'pending' END, {10}, {10} FROM (SELECT 1) LEFT JOIN _roost_writer w; END",
      name(capture_name(trigger, capture.operation)), event_clause(capture, table), trigger,
      literal(function), lane(has_old ? "OLD" : "NEW", table), literal(table.name),
      name_of(capture.operation), has_old ? "json(" + json_row("OLD", table.columns) + ")" : "NULL",
      has_new ? "json(" + json_row("NEW", table.columns) + ")" : "NULL", kMaxDepth, kDatabaseNow);
}

}  // namespace triggers
