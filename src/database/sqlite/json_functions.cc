// Members of JSON, of functions.h.
#include <array>

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include "database/sqlite/function_call.h"

namespace database::sqlite {
namespace {

// In a path SQLite knows no escapes.
void json_path(FunctionCall& call) {
  if (call.type(0) == SQLITE_INTEGER) {
    const std::int64_t index = sqlite3_value_int64(call.value(0));
    const std::string path = fmt::format("$[{}{}]", index >= 0 ? "" : "#", index);
    return call.answer(std::string_view(path));
  }
  const std::string_view key = call.text(0);
  if (key.find_first_of("\"\\") != std::string_view::npos) {
    return call.fail(SqlState::kFeatureNotSupported,
                     "the name of a JSON member may not hold a quote or a backslash here");
  }
  call.answer(std::string_view(fmt::format("$.\"{}\"", key)));
}

void json_text(FunctionCall& call) {
  const std::string_view json = call.text(0);
  if (json == "null") return;
  if (!json.starts_with('"')) return call.answer(json);
  boost::json::error_code error;
  const boost::json::value text = boost::json::parse(json, error);
  if (error || !text.is_string()) {
    return call.fail(SqlState::kInvalidTextRepresentation, "invalid input syntax for type json");
  }
  const std::string_view content = text.get_string();
  if (content.find('\0') != std::string_view::npos) {
    return call.fail(SqlState::kUntranslatableCharacter, "unsupported Unicode escape sequence");
  }
  call.answer(content);
}

constexpr std::array kFunctions{
    Function{"pg_json_path", 1, 1, &json_path},
    Function{"pg_json_text", 1, 1, &json_text},
};

}  // namespace

std::span<const Function> json_functions() { return kFunctions; }

}  // namespace database::sqlite
