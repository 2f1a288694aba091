// What a database answered, in a form in which two of them can be compared.
//
// Rows are texts: `{"title":"milk","n":1}`, with booleans as 1 and 0, numbers by value and JSON
// documents without spaces, so that equal texts are equal rows. Values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

namespace differential {

struct Answer {
  std::string state;  // SQLSTATE; empty when the statement went well
  std::string message;
  std::uint64_t count = 0;  // rows returned, or changed where none are
  std::vector<std::string> rows;
  // All tables' rows afterwards, sorted, where the statement may have written: `notes[1,"milk"]`.
  std::vector<std::string> tables;

  [[nodiscard]] bool failed() const { return !state.empty(); }
};

std::string canonical(const boost::json::value& value);
// Of a JSON array of objects.
std::vector<std::string> canonical_rows(std::string_view json);
// A text whose form says that it is a JSON document is one.
std::string canonical_text(std::string_view text);
// Of a number's text, e.g. "3.0000000000000000" is 3.
std::string canonical_number(std::string_view text);

// Whether the statement's own rows have an order (an ORDER BY outside parentheses).
bool is_ordered(std::string_view sql);

// Nothing when they agree; else what differs, for people. Rows are compared as a set with
// repetitions unless `ordered`.
std::string difference(const Answer& postgres, const Answer& roost, bool ordered);

// The answer in a line: `42501`, `3 changed`, or its rows one after another.
std::string brief(const Answer& answer);

}  // namespace differential
