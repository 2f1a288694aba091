#include "database/sqlite/binding.h"

#include <algorithm>

#include "database/sqlite/failure.h"

namespace database::sqlite {
namespace {

template <class... Readers>
struct Overloaded : Readers... {
  using Readers::operator()...;
};

int bind_text(sqlite3_stmt* statement, int index, const std::string& text) {
  return sqlite3_bind_text64(statement, index, text.data(), text.size(), SQLITE_STATIC,
                             SQLITE_UTF8);
}

}  // namespace

int bind_value(sqlite3_stmt* statement, int index, const Value& value) {
  return std::visit(
      Overloaded{
          [&](const Null&) { return sqlite3_bind_null(statement, index); },
          [&](bool truth) { return sqlite3_bind_int(statement, index, truth ? 1 : 0); },
          [&](std::int64_t number) { return sqlite3_bind_int64(statement, index, number); },
          [&](double number) { return sqlite3_bind_double(statement, index, number); },
          [&](const std::string& text) { return bind_text(statement, index, text); },
          [&](const Json& json) { return bind_text(statement, index, json.text); },
          [&](const Blob& blob) {
            return sqlite3_bind_blob64(statement, index, blob.bytes.data(), blob.bytes.size(),
                                       SQLITE_STATIC);
          },
      },
      value);
}

SqlResult<void> bind_parameters(sqlite3_stmt* statement, std::span<const Value> parameters) {
  const auto count = std::min<std::size_t>(
      parameters.size(), static_cast<std::size_t>(sqlite3_bind_parameter_count(statement)));
  for (std::size_t i = 0; i < count; ++i) {
    if (bind_value(statement, static_cast<int>(i) + 1, parameters[i]) != SQLITE_OK) {
      return sql_fail(sqlite_error(sqlite3_db_handle(statement)));
    }
  }
  return {};
}

}  // namespace database::sqlite
