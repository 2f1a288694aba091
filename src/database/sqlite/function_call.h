// One call of an SQL function of ours: its arguments as PostgreSQL's types, and its answer.
//
// An argument that does not convert answers the call with the error that PostgreSQL has for it, and
// reads as nothing. Lives for the call.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include <sqlite3.h>

#include "database/sql_error.h"

namespace database::sqlite {

using Number = std::variant<std::int64_t, double>;

class FunctionCall {
 public:
  FunctionCall(sqlite3_context* context, int count, sqlite3_value** values)
      : context_(context), arguments_(values, static_cast<std::size_t>(count)) {}
  FunctionCall(const FunctionCall&) = delete;
  FunctionCall& operator=(const FunctionCall&) = delete;

  [[nodiscard]] std::size_t count() const { return arguments_.size(); }
  [[nodiscard]] int type(std::size_t i) const { return sqlite3_value_type(arguments_[i]); }
  [[nodiscard]] bool is_null(std::size_t i) const { return type(i) == SQLITE_NULL; }
  [[nodiscard]] sqlite3_value* value(std::size_t i) const { return arguments_[i]; }

  // Any value has a text; it is good for the length of the call.
  std::string_view text(std::size_t i);
  std::optional<Number> number(std::size_t i);
  std::optional<double> real(std::size_t i);
  std::optional<std::int32_t> integer(std::size_t i);  // PostgreSQL's, of 32 bits

  // Without an answer the call is NULL.
  void answer(std::int64_t value) { sqlite3_result_int64(context_, value); }
  void answer(double value);  // of NaN: an error
  void answer(std::string_view text);
  void answer_json(std::string_view text);
  void answer_blob(std::string_view bytes);
  void answer_argument(std::size_t i) { sqlite3_result_value(context_, arguments_[i]); }
  void fail(SqlState state, std::string_view message);
  void fail(const SqlError& error) { fail(error.state, error.message); }

  // The longest text that the connection takes.
  [[nodiscard]] std::size_t max_length() const;

 private:
  sqlite3_context* context_;
  std::span<sqlite3_value*> arguments_;
  std::list<std::string> texts_;
};

// Of PostgreSQL's conversion: halves to even.
std::optional<std::int64_t> to_integer(double value, std::int64_t min, std::int64_t max);

struct Function {
  enum class Nulls : std::uint8_t {
    kNull,
    kTaken
  };  // kNull: with a NULL argument the call is NULL
  const char* name;
  int min_arguments;
  int max_arguments;  // -1: any number
  void (*run)(FunctionCall&);
  Nulls nulls = Nulls::kNull;
};

// What functions.cc registers.
std::span<const Function> text_functions();
std::span<const Function> number_functions();
std::span<const Function> cast_functions();
std::span<const Function> json_functions();
int register_aggregates(sqlite3* connection);  // SQLITE_OK, or SQLite's error

}  // namespace database::sqlite
