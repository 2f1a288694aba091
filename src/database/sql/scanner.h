// The words of a PostgreSQL text, without a grammar: enough to find where a statement or an
// expression ends.
//
// PostgreSQL's lexical rules (its manual, 4.1) with standard_conforming_strings on: comments nest,
// E'…' has backslashes, $tag$…$tag$ has none. What is left open ends with the text. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace database::sql {

struct Token {
  enum class Kind : std::uint8_t { kWord, kQuotedName, kString, kSign };
  Kind kind = Kind::kSign;  // a number is a word
  std::string_view text;    // quotes included; a sign is one character
  std::size_t begin = 0;

  [[nodiscard]] std::size_t end() const { return begin + text.size(); }
  [[nodiscard]] bool is(char sign) const { return kind == Kind::kSign && text.front() == sign; }
  // `word` in lower case.
  [[nodiscard]] bool is(std::string_view word) const;
};

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}
  // Passes over space and comments; nothing at the end.
  std::optional<Token> next();

 private:
  void skip_space();
  [[nodiscard]] std::size_t end_of_comment(std::size_t at) const;
  [[nodiscard]] std::size_t end_of_quoted(std::size_t quote, bool backslashes) const;
  [[nodiscard]] std::size_t end_of_dollar_quoted(std::size_t at) const;
  [[nodiscard]] std::size_t end_of_word(std::size_t at) const;
  [[nodiscard]] bool starts(std::size_t at, std::string_view what) const {
    return text_.substr(at).starts_with(what);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace database::sql
