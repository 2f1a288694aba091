#include "triggers/capture.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/encoding.h"
#include "triggers/condition.h"
#include "triggers/rows.h"
#include "triggers/sql_text.h"

namespace triggers {
namespace {

// json_object() takes at most 127 arguments.
constexpr std::size_t kPairsPerCall = 60;
// Of an event's rows together; where they are larger, values longer than kShort are left out. Two
// rows of 2000 columns of that length, each character written as six, are still below SQLite's
// limits on our connections.
constexpr std::int64_t kMaxRows = 4 * 1024 * 1024;
constexpr int kShort = 256;
constexpr std::array<std::string_view, 3> kOperations{"INSERT", "UPDATE", "DELETE"};

// A value that JSON can hold, whatever it is. Text is joined with nothing, so that what json() made
// is text as any other.
std::string json_value(std::string_view row, std::string_view column) {
  const std::string value = fmt::format("{}.{}", row, quote_name(column));
  return fmt::format(
      "CASE typeof({0}) WHEN 'text' THEN {0} || '' WHEN 'blob' THEN '\\x' || lower(hex({0})) WHEN "
      "'real' THEN "
      "CASE WHEN abs({0}) > 1.7976931348623157e308 THEN CAST({0} AS TEXT) ELSE {0} END "
      "ELSE {0} END",
      value);
}

std::string short_json_value(std::string_view row, std::string_view column) {
  return fmt::format("CASE WHEN length({}.{}) <= {} THEN {} END", row, quote_name(column), kShort,
                     json_value(row, column));
}

// Several calls' objects become one by their text: no call ends in a brace of its own values,
// which are numbers and quoted text.
std::string json_row(std::string_view row, const std::vector<std::string>& columns, bool trimmed) {
  std::vector<std::string> calls;
  for (std::size_t first = 0; first < columns.size(); first += kPairsPerCall) {
    std::string pairs;
    for (std::size_t i = first; i < std::min(first + kPairsPerCall, columns.size()); ++i) {
      pairs +=
          fmt::format("{}{}, {}", pairs.empty() ? "" : ", ", quote_text(columns[i]),
                      trimmed ? short_json_value(row, columns[i]) : json_value(row, columns[i]));
    }
    calls.push_back("json_object(" + pairs + ")");
  }
  if (calls.size() == 1) return calls[0];
  std::string text = "'{'";
  for (std::size_t i = 0; i < calls.size(); ++i) {
    text += fmt::format(" || {}rtrim(substr({}, 2), '}}')", i == 0 ? "" : "',' || ", calls[i]);
  }
  return text + " || '}'";
}

// Sums of `length`, in pieces that do not nest deeper than SQLite's expressions may.
std::string size_of(std::string_view row, const std::vector<std::string>& columns) {
  std::string sum;
  for (std::size_t first = 0; first < columns.size(); first += kPairsPerCall) {
    std::string piece;
    for (std::size_t i = first; i < std::min(first + kPairsPerCall, columns.size()); ++i) {
      const std::string value = fmt::format("{}.{}", row, quote_name(columns[i]));
      piece += fmt::format("{}coalesce(length({}), 0)", piece.empty() ? "" : " + ", value);
    }
    sum += (sum.empty() ? "(" : " + (") + piece + ")";
  }
  return sum;
}

std::string lane(std::string_view row, const CapturedTable& table) {
  std::string values;
  for (const std::string& column : table.key) {
    values += (values.empty() ? "" : ", ") + json_value(row, column);
  }
  if (values.empty()) values = fmt::format("{}.rowid", row);
  return fmt::format("{} || json_array({})", quote_text(table.name), values);
}

std::string changed(const std::vector<std::string>& columns) {
  std::string condition;
  for (const std::string& column : columns) {
    condition += fmt::format("{}OLD.{} IS NOT NEW.{}", condition.empty() ? "" : " OR ",
                             quote_name(column), quote_name(column));
  }
  return condition;
}

std::string event_clause(const Capture& capture, const CapturedTable& table) {
  std::string of;
  for (const std::string& column : capture.columns) {
    of += (of.empty() ? " OF " : ", ") + quote_name(column);
  }
  std::string when = capture.condition;
  if (capture.operation == Operation::kUpdate) {
    const std::string any = changed(capture.columns.empty() ? table.columns : capture.columns);
    when = when.empty() ? any : fmt::format("({}) AND {}", any, when);
  }
  return fmt::format("AFTER {}{} ON {}{}", name_of(capture.operation), of, quote_name(table.name),
                     when.empty() ? "" : " WHEN " + when);
}

std::string payload(const CapturedTable& table, Operation operation, bool trimmed) {
  std::string begin = R"({"trigger":"database","table":)";
  base::append_json_string(begin, table.name);
  begin += fmt::format(R"(,"schema":"public","operation":"{}","old":)", name_of(operation));
  const auto row = [&](std::string_view name, bool there) {
    return there ? json_row(name, table.columns, trimmed) : std::string("'null'");
  };
  return fmt::format(
      "{} || {} || ',\"new\":' || {} || '{},\"timestamp\":\"' || "
      "strftime('%Y-%m-%dT%H:%M:%fZ', 'now') || '\"}}'",
      quote_text(begin), row("OLD", operation != Operation::kInsert),
      row("NEW", operation != Operation::kDelete), trimmed ? ",\"truncated\":true" : "");
}

std::string size_of(const CapturedTable& table, Operation operation) {
  if (operation == Operation::kInsert) return size_of("NEW", table.columns);
  if (operation == Operation::kDelete) return size_of("OLD", table.columns);
  return size_of("OLD", table.columns) + " + " + size_of("NEW", table.columns);
}

std::vector<std::string> names_in(std::string_view list) {
  std::vector<std::string> names;
  while (!list.empty()) {
    const auto comma = list.find(',');
    names.emplace_back(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  return names;
}

// Why SQLite cannot tell of its changes; empty when it can.
std::string why_not(const CapturedTable& table, std::string_view name) {
  if (table.columns.empty()) return fmt::format("there is no table {}", name);
  const bool system = base::to_lower(table.name).starts_with("sqlite_");
  if (table.kind == "table" && !system) return "";
  return fmt::format("{} is a {}{}: only a plain table's changes can be captured", table.name,
                     system ? "system" : table.kind, table.kind == "view" ? "" : " table");
}

}  // namespace

std::string_view name_of(Operation operation) {
  return kOperations.at(static_cast<std::size_t>(operation));
}

std::vector<Capture> captures_of(const catalog::Trigger& trigger) {
  std::vector<Capture> captures;
  std::string_view rest = trigger.detail;  // catalog/trigger.cc has checked its form
  while (!rest.empty()) {
    const auto end = rest.find_first_of(",(");
    const std::string word = base::to_lower(rest.substr(0, end));
    Capture capture;
    capture.operation = word == "insert"   ? Operation::kInsert
                        : word == "update" ? Operation::kUpdate
                                           : Operation::kDelete;
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end);
    if (rest.starts_with('(')) {
      const auto close = rest.find(')');
      capture.columns = names_in(rest.substr(1, close - 1));
      rest = rest.substr(close + 1);
    }
    captures.push_back(std::move(capture));
    if (rest.starts_with(',')) rest.remove_prefix(1);
  }
  return captures;
}

base::Result<void> fit(Capture& capture, const catalog::Trigger& trigger,
                       const CapturedTable& table) {
  if (std::string why = why_not(table, trigger.subject); !why.empty()) {
    return base::fail(base::Code::kInvalidArgument, std::move(why));
  }
  if (capture.operation != Operation::kUpdate && !capture.columns.empty()) {
    return base::fail(
        base::Code::kInvalidArgument,
        fmt::format("`{}` takes no columns: they say which change of a row counts, so they are "
                    "`update`'s alone",
                    base::to_lower(name_of(capture.operation))));
  }
  for (const std::string& column : capture.columns) {
    // SQLite compares names without regard to ASCII case.
    const auto found = std::ranges::find_if(table.columns, [&](const std::string& each) {
      return base::equal_ignoring_case(each, column);
    });
    if (found == table.columns.end()) {
      return base::fail(base::Code::kInvalidArgument,
                        fmt::format("the table {} has no column {}", table.name, column));
    }
  }
  if (trigger.condition.empty()) return {};
  auto condition = condition_text(trigger.condition, table, capture.operation);
  if (!condition) return base::fail(std::move(condition.error()));
  capture.condition = std::move(*condition);
  return {};
}

std::string capture_name(std::int64_t trigger, Operation operation) {
  return fmt::format("_roost_capture_{}_{}", trigger, base::to_lower(name_of(operation)));
}

// The event, then how far it is: behind what its row still waits for, if anything. Each row is one
// of VALUES: from a SELECT with a query in its FROM, or of the table that it fills, SQLite makes a
// temporary table, which costs ten times the rest.
std::string capture_text(std::int64_t trigger, std::string_view function,
                         const CapturedTable& table, const Capture& capture) {
  const std::string lane_text =
      lane(capture.operation == Operation::kInsert ? "NEW" : "OLD", table);
  const auto writer = [](std::string_view column) {
    return fmt::format("(SELECT {} FROM _roost_writer WHERE id = 1)", column);
  };
  const std::string depth = fmt::format("coalesce({}, 0) + 1", writer("depth"));
  const std::string event = fmt::format(
      "INSERT INTO _roost_event (trigger_id, function, version, key, payload, role, user_id, "
      "claims, "
      "depth, created_at) VALUES ({0}, {1}, (SELECT version FROM _roost_trigger WHERE id = {0}), "
      "lower(hex(randomblob(16))), CASE WHEN {2} > {3} THEN {4} ELSE {5} END, {6}, {7}, {8}, {9}, "
      "{10})",
      trigger, quote_text(function), size_of(table, capture.operation), kMaxRows,
      payload(table, capture.operation, true), payload(table, capture.operation, false),
      writer("role"), writer("user_id"), writer("claims"), depth, kDatabaseNow);
  const std::string delivery = fmt::format(
      "INSERT INTO _roost_delivery (event_id, trigger_id, lane, size, state, due_at) VALUES "
      "(last_insert_rowid(), {0}, {1}, (SELECT length(payload) FROM _roost_event WHERE id = "
      "last_insert_rowid()), CASE WHEN {2} > {3} THEN 2 WHEN EXISTS (SELECT 1 FROM _roost_delivery "
      "d WHERE d.trigger_id = {0} AND d.lane = {1} AND d.state < 2) THEN 0 ELSE 1 END, {4})",
      trigger, lane_text, depth, kMaxDepth, kDatabaseNow);
  return fmt::format("CREATE TRIGGER {} {} BEGIN {}; {}; END",
                     quote_name(capture_name(trigger, capture.operation)),
                     event_clause(capture, table), event, delivery);
}

}  // namespace triggers
