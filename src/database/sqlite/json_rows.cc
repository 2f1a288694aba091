#include "database/sqlite/json_rows.h"

#include <cmath>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "base/encoding.h"
#include "database/sqlite/json_text.h"

namespace database::sqlite {
namespace {

void append_double(std::string& json, double value) {
  if (std::isinf(value)) {
    json += value > 0 ? R"("Infinity")" : R"("-Infinity")";
  } else {
    fmt::format_to(std::back_inserter(json), "{}", value);
  }
}

void append_text(std::string& json, sqlite3_stmt* statement, int column) {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
  const std::string_view text = bytes == nullptr ? "" : std::string_view(bytes, size);
  const bool marked =
      sqlite3_value_subtype(sqlite3_column_value(statement, column)) == kJsonSubtype;
  // SQLite's own functions make texts that are no JSON: json_array(9e999) is [Inf].
  if (marked && is_json(text)) {
    json += text;
  } else {
    base::append_json_string(json, text);
  }
}

void append_blob(std::string& json, sqlite3_stmt* statement, int column) {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
  json += R"("\\x)";
  if (bytes != nullptr) json += base::to_hex({bytes, size});
  json += '"';
}

}  // namespace

// Not before the first row: a statement that SQLite prepares anew may have other columns then.
void JsonRows::read_names() {
  const int columns = sqlite3_column_count(statement_);
  keys_.reserve(static_cast<std::size_t>(columns));
  for (int i = 0; i < columns; ++i) {
    const char* name = sqlite3_column_name(statement_, i);
    std::string& key = keys_.emplace_back(1, i == 0 ? '{' : ',');
    base::append_json_string(key, name == nullptr ? "" : name);
    key.push_back(':');
  }
}

void JsonRows::append(int column) {
  switch (sqlite3_column_type(statement_, column)) {
    case SQLITE_INTEGER:
      fmt::format_to(std::back_inserter(json_), "{}", sqlite3_column_int64(statement_, column));
      break;
    case SQLITE_FLOAT:
      append_double(json_, sqlite3_column_double(statement_, column));
      break;
    case SQLITE_TEXT:
      append_text(json_, statement_, column);
      break;
    case SQLITE_BLOB:
      append_blob(json_, statement_, column);
      break;
    default:
      json_ += "null";
  }
}

// Asked before a value is copied: a single one may be far larger than what is allowed.
bool JsonRows::fits(int column, const Bounds& bounds) const {
  const int type = sqlite3_column_type(statement_, column);
  const bool sized = type == SQLITE_TEXT || type == SQLITE_BLOB;
  const auto bytes =
      sized ? static_cast<std::uint64_t>(sqlite3_column_bytes(statement_, column)) : 0;
  return json_.size() + bytes <= bounds.max_bytes;
}

SqlResult<void> JsonRows::add(const Bounds& bounds) {
  if (keys_.empty()) read_names();
  if (count_ >= bounds.max_rows) {
    return sql_fail(SqlState::kProgramLimitExceeded,
                    fmt::format("the result has more than {} rows: ask for fewer, with LIMIT",
                                bounds.max_rows));
  }
  if (count_ > 0) json_.push_back(',');
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const int column = static_cast<int>(i);
    json_ += keys_[i];
    const bool fitted = fits(column, bounds);
    if (fitted) append(column);
    if (!fitted || json_.size() + 2 > bounds.max_bytes) {  // 2: what closes the text
      return sql_fail(
          SqlState::kProgramLimitExceeded,
          fmt::format("the result is larger than {} bytes: ask for fewer rows or columns",
                      bounds.max_bytes));
    }
  }
  json_.push_back('}');
  ++count_;
  return {};
}

Rows JsonRows::take() {
  json_.push_back(']');
  return {std::move(json_), count_};
}

}  // namespace database::sqlite
