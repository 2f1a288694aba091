// Text functions of functions.h. Characters are UTF-8's; letters are ASCII's, as in SQLite.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/ascii.h"
#include "database/sqlite/function_call.h"

namespace database::sqlite {
namespace {

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }

std::int64_t length(std::string_view text) { return std::ranges::count_if(text, begins_character); }

// Where the character with this number, from 0, begins; the text's end when there are fewer.
std::size_t offset(std::string_view text, std::int64_t character) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if (begins_character(text[at]) && character-- == 0) break;
  }
  return at;
}

std::string_view characters(std::string_view text, std::int64_t begin, std::int64_t end) {
  const std::size_t first = offset(text, std::max<std::int64_t>(begin, 0));
  if (end <= begin) return {};
  const std::string_view rest = text.substr(first);
  return rest.substr(0, offset(rest, end - std::max<std::int64_t>(begin, 0)));
}

// Answers when the result would be larger than the connection takes.
bool too_long(FunctionCall& call, std::uint64_t bytes) {
  if (bytes <= call.max_length()) return false;
  call.fail(SqlState::kProgramLimitExceeded, "requested length too large");
  return true;
}

// UTF-8 (RFC 3629, section 3).
std::string encoded(std::uint32_t character) {
  const auto continuation = [](std::uint32_t bits) {
    return static_cast<char>(0x80 | (bits & 0x3F));
  };
  if (character < 0x80) return {static_cast<char>(character)};
  if (character < 0x800) return {static_cast<char>(0xC0 | character >> 6), continuation(character)};
  if (character < 0x10000) {
    return {static_cast<char>(0xE0 | character >> 12), continuation(character >> 6),
            continuation(character)};
  }
  return {static_cast<char>(0xF0 | character >> 18), continuation(character >> 12),
          continuation(character >> 6), continuation(character)};
}

void chr(FunctionCall& call) {
  const auto number = call.integer(0);
  if (!number) return;
  if (*number < 0) {
    return call.fail(SqlState::kInvalidParameterValue, "character number must be positive");
  }
  const auto refuse = [&call](std::string_view why) {
    call.fail(SqlState::kProgramLimitExceeded, why);
  };
  if (*number == 0) return refuse("null character not permitted");
  if (*number > 0x10FFFF) {
    return refuse(fmt::format("requested character too large for encoding: {}", *number));
  }
  if (*number >= 0xD800 && *number <= 0xDFFF) {
    return refuse(fmt::format("requested character not valid for encoding: {}", *number));
  }
  call.answer(std::string_view(encoded(static_cast<std::uint32_t>(*number))));
}

void substr(FunctionCall& call) {
  const auto from = call.integer(1);
  if (!from) return;
  const std::string_view text = call.text(0);
  const std::int64_t begin = std::int64_t{*from} - 1;
  if (call.count() == 2) {
    return call.answer(text.substr(offset(text, std::max<std::int64_t>(begin, 0))));
  }
  const auto count = call.integer(2);
  if (!count) return;
  if (*count < 0) {
    return call.fail(SqlState::kSubstringError, "negative substring length not allowed");
  }
  const std::int64_t end = begin + *count;
  call.answer(end <= 0 ? std::string_view() : characters(text, begin, end));
}

void left(FunctionCall& call) {
  const auto count = call.integer(1);
  if (!count) return;
  const std::string_view text = call.text(0);
  call.answer(characters(text, 0, *count >= 0 ? *count : length(text) + *count));
}

void right(FunctionCall& call) {
  const auto count = call.integer(1);
  if (!count) return;
  const std::string_view text = call.text(0);
  const std::int64_t begin = *count >= 0 ? length(text) - *count : -std::int64_t{*count};
  call.answer(text.substr(offset(text, std::max<std::int64_t>(begin, 0))));
}

void strpos(FunctionCall& call) {
  const std::string_view text = call.text(0);
  const auto at = text.find(call.text(1));
  call.answer(at == std::string_view::npos ? std::int64_t{0} : length(text.substr(0, at)) + 1);
}

enum class Side { kLeft, kRight };

template <Side kSide>
void pad(FunctionCall& call) {
  const auto wanted = call.integer(1);
  if (!wanted) return;
  const std::string_view text = call.text(0);
  const std::string_view fill = call.count() > 2 ? call.text(2) : " ";
  const std::int64_t missing = *wanted - length(text);
  if (missing <= 0 || fill.empty()) return call.answer(characters(text, 0, *wanted));
  const std::int64_t whole = missing / length(fill);
  const std::string_view part = characters(fill, 0, missing % length(fill));
  const auto bytes = text.size() + static_cast<std::uint64_t>(whole) * fill.size() + part.size();
  if (too_long(call, bytes)) return;
  std::string padded;
  padded.reserve(bytes);
  if (kSide == Side::kRight) padded += text;
  for (std::int64_t i = 0; i < whole; ++i) padded += fill;
  padded += part;
  if (kSide == Side::kLeft) padded += text;
  call.answer(padded);
}

void repeat(FunctionCall& call) {
  const auto count = call.integer(1);
  if (!count) return;
  const std::string_view text = call.text(0);
  const auto times = static_cast<std::uint64_t>(std::max(*count, 0));
  if (too_long(call, text.size() * times)) return;
  std::string repeated;
  repeated.reserve(text.size() * times);
  for (std::uint64_t i = 0; i < times && !text.empty(); ++i) repeated += text;
  call.answer(repeated);
}

std::string_view field_of(std::string_view text, std::string_view delimiter, std::int64_t number) {
  for (; number > 1; --number) {
    const auto at = text.find(delimiter);
    if (at == std::string_view::npos) return {};
    text.remove_prefix(at + delimiter.size());
  }
  return text.substr(0, text.find(delimiter));
}

std::int64_t fields(std::string_view text, std::string_view delimiter) {
  std::int64_t count = 1;
  for (auto at = text.find(delimiter); at != std::string_view::npos;
       at = text.find(delimiter, at + delimiter.size())) {
    ++count;
  }
  return count;
}

void split_part(FunctionCall& call) {
  const auto number = call.integer(2);
  if (!number) return;
  if (*number == 0) {
    return call.fail(SqlState::kInvalidParameterValue, "field position must not be zero");
  }
  const std::string_view text = call.text(0), delimiter = call.text(1);
  if (text.empty() || delimiter.empty()) {
    return call.answer(*number == 1 || *number == -1 ? text : std::string_view());
  }
  // Fields are found from the front, also when they are counted from the back: delimiters may
  // overlap.
  const std::int64_t wanted =
      *number > 0 ? std::int64_t{*number} : fields(text, delimiter) + 1 + *number;
  call.answer(wanted < 1 ? std::string_view() : field_of(text, delimiter, wanted));
}

void initcap(FunctionCall& call) {
  std::string text(call.text(0));
  bool inside = false;
  for (char& c : text) {
    c = inside ? base::to_lower(c) : base::to_upper(c);
    inside = (base::to_lower(c) >= 'a' && base::to_lower(c) <= 'z') || (c >= '0' && c <= '9') ||
             static_cast<signed char>(c) < 0;
  }
  call.answer(text);
}

void reverse(FunctionCall& call) {
  std::string_view text = call.text(0);
  std::string reversed;
  reversed.reserve(text.size());
  while (!text.empty()) {
    std::size_t at = text.size() - 1;
    while (at > 0 && !begins_character(text[at])) --at;
    reversed += text.substr(at);
    text = text.substr(0, at);
  }
  call.answer(reversed);
}

void join(FunctionCall& call, std::size_t first, std::string_view separator) {
  std::string joined;
  bool some = false;
  for (std::size_t i = first; i < call.count(); ++i) {
    if (call.is_null(i)) continue;
    const std::string_view text = call.text(i);
    if (too_long(call, joined.size() + separator.size() + text.size())) return;
    if (some) joined += separator;
    joined += text;
    some = true;
  }
  call.answer(joined);
}

void concat(FunctionCall& call) { join(call, 0, ""); }

void concat_ws(FunctionCall& call) {
  if (!call.is_null(0)) join(call, 1, call.text(0));
}

// LIKE's rules without regard to ASCII case. After a mismatch the last % takes one character more,
// so the work is at most the product of the lengths; the budget keeps one call from holding its
// thread.
class Matcher {
 public:
  enum class Outcome { kYes, kNo, kBadPattern, kTooLong };

  Matcher(std::string_view text, std::string_view pattern, std::string_view escape)
      : text_(text), pattern_(pattern), escape_(escape) {}

  Outcome run() {
    while (t_ < text_.size()) {
      if (--budget_ == 0) return Outcome::kTooLong;
      if (pattern_.substr(p_).starts_with('%')) {
        text_behind_ = t_;
        pattern_behind_ = ++p_;
        continue;
      }
      const Outcome outcome = step();
      if (outcome == Outcome::kBadPattern) return outcome;
      if (outcome == Outcome::kNo && !retry()) return Outcome::kNo;
    }
    return pattern_.find_first_not_of('%', p_) == std::string_view::npos ? Outcome::kYes
                                                                         : Outcome::kNo;
  }

 private:
  static std::size_t width(std::string_view text, std::size_t at) {
    std::size_t end = at + 1;
    while (end < text.size() && !begins_character(text[end])) ++end;
    return end - at;
  }

  // One character of the text against one item of the pattern.
  Outcome step() {
    if (p_ == pattern_.size()) return Outcome::kNo;
    if (!escape_.empty() && pattern_.substr(p_).starts_with(escape_)) {
      p_ += escape_.size();
      if (p_ == pattern_.size()) return Outcome::kBadPattern;
    } else if (pattern_[p_] == '_') {
      t_ += width(text_, t_);
      ++p_;
      return Outcome::kYes;
    }
    const std::size_t size = width(pattern_, p_);
    if (!base::equal_ignoring_case(pattern_.substr(p_, size), text_.substr(t_, width(text_, t_)))) {
      return Outcome::kNo;
    }
    p_ += size;
    t_ += size;
    return Outcome::kYes;
  }

  bool retry() {
    if (!pattern_behind_) return false;
    text_behind_ += width(text_, text_behind_);
    t_ = text_behind_;
    p_ = *pattern_behind_;
    return true;
  }

  static constexpr std::uint32_t kBudget = 20'000'000;

  std::string_view text_, pattern_, escape_;
  std::size_t t_ = 0, p_ = 0;
  std::optional<std::size_t> pattern_behind_;  // of the last %
  std::size_t text_behind_ = 0;                // where what follows it is tried
  std::uint32_t budget_ = kBudget;
};

void ilike(FunctionCall& call) {
  const std::string_view escape = call.count() > 2 ? call.text(2) : "\\";
  if (length(escape) > 1) {
    return call.fail(SqlState::kInvalidParameterValue, "invalid escape string");
  }
  switch (Matcher(call.text(0), call.text(1), escape).run()) {
    case Matcher::Outcome::kYes:
      return call.answer(std::int64_t{1});
    case Matcher::Outcome::kNo:
      return call.answer(std::int64_t{0});
    case Matcher::Outcome::kBadPattern:
      return call.fail(SqlState::kInvalidParameterValue,
                       "LIKE pattern must not end with escape character");
    case Matcher::Outcome::kTooLong:
      return call.fail(SqlState::kProgramLimitExceeded,
                       "the pattern of an ILIKE takes too long to match");
  }
}

constexpr std::array kFunctions{
    Function{"pg_chr", 1, 1, &chr},
    Function{"pg_substr", 2, 3, &substr},
    Function{"pg_left", 2, 2, &left},
    Function{"pg_right", 2, 2, &right},
    Function{"pg_strpos", 2, 2, &strpos},
    Function{"pg_lpad", 2, 3, &pad<Side::kLeft>},
    Function{"pg_rpad", 2, 3, &pad<Side::kRight>},
    Function{"pg_repeat", 2, 2, &repeat},
    Function{"pg_split_part", 3, 3, &split_part},
    Function{"pg_initcap", 1, 1, &initcap},
    Function{"pg_reverse", 1, 1, &reverse},
    Function{"pg_concat", 1, -1, &concat, Function::Nulls::kTaken},
    Function{"pg_concat_ws", 2, -1, &concat_ws, Function::Nulls::kTaken},
    Function{"pg_ilike", 2, 3, &ilike},
};

}  // namespace

std::span<const Function> text_functions() { return kFunctions; }

}  // namespace database::sqlite
