#include "database/sqlite/prepared_statement.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "database/sqlite/binding.h"
#include "database/sqlite/failure.h"

namespace database::sqlite {
namespace {

// `data` is null when the value is empty.
std::string bytes_of(const void* data, int size) {
  if (data == nullptr) return {};
  return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

Value column(sqlite3_stmt* statement, int index) {
  switch (sqlite3_column_type(statement, index)) {
    case SQLITE_INTEGER:
      return sqlite3_column_int64(statement, index);
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, index);
    case SQLITE_TEXT: {
      const void* data = sqlite3_column_text(statement, index);
      return bytes_of(data, sqlite3_column_bytes(statement, index));
    }
    case SQLITE_BLOB: {
      const void* data = sqlite3_column_blob(statement, index);
      return Blob{bytes_of(data, sqlite3_column_bytes(statement, index))};
    }
    default:
      return Null{};
  }
}

class ResetAtEnd {
 public:
  explicit ResetAtEnd(sqlite3_stmt* statement) : statement_(statement) {}
  ResetAtEnd(const ResetAtEnd&) = delete;
  ResetAtEnd& operator=(const ResetAtEnd&) = delete;
  ~ResetAtEnd() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }

 private:
  sqlite3_stmt* statement_;
};

}  // namespace

base::Result<PreparedStatement> PreparedStatement::prepare(sqlite3* connection,
                                                           std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const char* tail = sql.data();
  const int status = sqlite3_prepare_v3(connection, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &raw, &tail);
  PreparedStatement statement{Handle(raw)};
  if (status != SQLITE_OK) return base::fail(failure_of(connection));
  const auto rest = sql.substr(static_cast<std::size_t>(tail - sql.data()));
  if (raw == nullptr || rest.find_first_not_of(" \t\r\n;") != std::string_view::npos) {
    return base::fail(base::Code::kInternal, "a query is exactly one SQL statement");
  }
  if (auto numbered = statement.number_placeholders(); !numbered)
    return base::fail(numbered.error());
  return statement;
}

base::Result<void> PreparedStatement::number_placeholders() {
  const int count = sqlite3_bind_parameter_count(handle_.get());
  for (int index = 1; index <= count; ++index) {
    const char* name = sqlite3_bind_parameter_name(handle_.get(), index);
    const std::string_view text = name == nullptr ? "?" : name;
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), number);
    if (text.front() != '$' || error != std::errc() || end != text.data() + text.size() ||
        number == 0) {
      return base::fail(base::Code::kInternal,
                        fmt::format("the placeholder {} is not of the form $1", text));
    }
    parameter_of_.push_back(number - 1);
    parameters_ = std::max(parameters_, number);
  }
  return {};
}

base::Result<std::vector<Row>> PreparedStatement::run(std::span<const Value> parameters) {
  const ResetAtEnd reset(handle_.get());
  if (auto bound = bind(parameters); !bound) return base::fail(bound.error());
  return rows();
}

base::Result<void> PreparedStatement::bind(std::span<const Value> parameters) {
  if (parameters.size() != parameters_) {
    return base::fail(base::Code::kInternal,
                      fmt::format("the statement takes {} parameters, {} were given: {}",
                                  parameters_, parameters.size(), sqlite3_sql(handle_.get())));
  }
  for (std::size_t i = 0; i < parameter_of_.size(); ++i) {
    const Value& value = parameters[parameter_of_[i]];
    if (bind_value(handle_.get(), static_cast<int>(i) + 1, value) != SQLITE_OK) {
      return base::fail(failure_of(sqlite3_db_handle(handle_.get())));
    }
  }
  return {};
}

base::Result<std::vector<Row>> PreparedStatement::rows() {
  std::vector<Row> rows;
  int status = SQLITE_OK;
  while ((status = sqlite3_step(handle_.get())) == SQLITE_ROW) {
    const int columns = sqlite3_column_count(handle_.get());
    Row& row = rows.emplace_back();
    row.reserve(static_cast<std::size_t>(columns));
    for (int i = 0; i < columns; ++i) row.push_back(column(handle_.get(), i));
  }
  if (status != SQLITE_DONE) return base::fail(failure_of(sqlite3_db_handle(handle_.get())));
  return rows;
}

}  // namespace database::sqlite
