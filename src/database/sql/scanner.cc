#include "database/sql/scanner.h"

#include <algorithm>

#include "base/ascii.h"

namespace database::sql {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool begins_word(char c) {
  return (base::to_lower(c) >= 'a' && base::to_lower(c) <= 'z') || c == '_' ||
         static_cast<signed char>(c) < 0;
}
bool continues_word(char c) { return begins_word(c) || is_digit(c) || c == '$'; }

}  // namespace

bool Token::is(std::string_view word) const {
  return kind == Kind::kWord && base::equal_ignoring_case(text, word);
}

void Scanner::skip_space() {
  while (at_ < text_.size()) {
    if (is_space(text_[at_])) {
      ++at_;
    } else if (starts(at_, "--")) {
      at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
    } else if (starts(at_, "/*")) {
      at_ = end_of_comment(at_);
    } else {
      return;
    }
  }
}

std::size_t Scanner::end_of_comment(std::size_t at) const {
  std::size_t depth = 0;
  while (at < text_.size()) {
    if (starts(at, "/*")) {
      ++depth;
      at += 2;
    } else if (starts(at, "*/")) {
      at += 2;
      if (--depth == 0) return at;
    } else {
      ++at;
    }
  }
  return at;
}

std::size_t Scanner::end_of_quoted(std::size_t quote, bool backslashes) const {
  const char mark = text_[quote];
  std::size_t at = quote + 1;
  while (at < text_.size()) {
    const bool doubled = text_[at] == mark && at + 1 < text_.size() && text_[at + 1] == mark;
    if (text_[at] == mark && !doubled) return at + 1;
    at += doubled || (text_[at] == '\\' && backslashes) ? 2 : 1;
  }
  return text_.size();
}

// The sign alone where no tag follows, as in $1.
std::size_t Scanner::end_of_dollar_quoted(std::size_t at) const {
  std::size_t close = at + 1;
  while (close < text_.size() && (begins_word(text_[close]) || is_digit(text_[close]))) ++close;
  const bool tagged = close == at + 1 || !is_digit(text_[at + 1]);
  if (close == text_.size() || text_[close] != '$' || !tagged) return at + 1;
  const std::string_view tag = text_.substr(at, close + 1 - at);
  const auto end = text_.find(tag, close + 1);
  return end == std::string_view::npos ? text_.size() : end + tag.size();
}

std::size_t Scanner::end_of_word(std::size_t at) const {
  while (at < text_.size() && continues_word(text_[at])) ++at;
  return at;
}

std::optional<Token> Scanner::next() {
  skip_space();
  if (at_ >= text_.size()) return std::nullopt;
  const char first = text_[at_];
  std::size_t end = at_ + 1;
  auto kind = Token::Kind::kSign;
  if (first == '\'' || first == '"') {
    kind = first == '"' ? Token::Kind::kQuotedName : Token::Kind::kString;
    end = end_of_quoted(at_, false);
  } else if (base::to_lower(first) == 'e' && starts(at_ + 1, "'")) {
    kind = Token::Kind::kString;
    end = end_of_quoted(at_ + 1, true);
  } else if (first == '$') {
    end = end_of_dollar_quoted(at_);
    if (end > at_ + 1) kind = Token::Kind::kString;
  } else if (begins_word(first) || is_digit(first)) {
    kind = Token::Kind::kWord;
    end = end_of_word(at_);
  }
  const Token token{kind, text_.substr(at_, end - at_), at_};
  at_ = token.end();
  return token;
}

}  // namespace database::sql
