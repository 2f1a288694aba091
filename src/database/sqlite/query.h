// A query of Roost's own: run at once, its texts bound, each row given to a visitor.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include <sqlite3.h>

#include "database/sql_error.h"
#include "database/sqlite/failure.h"
#include "database/sqlite/prepared.h"

namespace database::sqlite {

// "" for NULL.
inline std::string text_at(sqlite3_stmt* row, int column) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(row, column));
  return text == nullptr ? std::string() : std::string(text, size);
}

template <class Visit>
SqlResult<void> each_row(sqlite3* connection, std::string_view sql,
                         std::initializer_list<std::string_view> parameters, Visit&& visit) {
  auto statement = prepare(connection, sql);
  if (!statement) return sql_fail(std::move(statement.error()));
  int index = 0;
  for (const std::string_view text : parameters) {
    sqlite3_bind_text64(statement->get(), ++index, text.empty() ? "" : text.data(), text.size(),
                        SQLITE_TRANSIENT, SQLITE_UTF8);
  }
  int status = SQLITE_OK;
  while ((status = sqlite3_step(statement->get())) == SQLITE_ROW) visit(statement->get());
  if (status != SQLITE_DONE) return sql_fail(sqlite_error(connection));
  return {};
}

inline SqlResult<void> change(sqlite3* connection, std::string_view sql,
                              std::initializer_list<std::string_view> parameters = {}) {
  return each_row(connection, sql, parameters, [](sqlite3_stmt*) {});
}

}  // namespace database::sqlite
