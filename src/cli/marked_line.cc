#include "cli/marked_line.h"

#include <algorithm>
#include <cstddef>

#include <fmt/format.h>

#include "base/encoding.h"

namespace cli {
namespace {

// Of a line that is cut, on each side of the place.
constexpr std::size_t kShown = 60;
constexpr std::string_view kCut = "…";

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, begins_character));
}

// Where the character after the first `count` begins; npos when there are not so many.
std::size_t byte_after(std::string_view text, std::size_t count) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (begins_character(text[at]) && count-- == 0) return at;
  }
  return count == 0 ? text.size() : std::string_view::npos;
}

// One column for each character, whatever it is.
std::string flattened(std::string_view line) {
  std::string flat(line);
  std::ranges::replace_if(flat, [](char c) { return c == '\t' || c == '\r'; }, ' ');
  return base::escape_controls(flat);
}

std::string_view last(std::string_view text, std::size_t count) {
  const std::size_t all = characters(text);
  return all <= count ? text : text.substr(byte_after(text, all - count));
}

std::string_view first(std::string_view text, std::size_t count) {
  return text.substr(0, byte_after(text, count));
}

}  // namespace

std::string marked_line(std::string_view text, std::int64_t position) {
  if (position < 1) return {};
  const std::size_t at = byte_after(text, static_cast<std::size_t>(position - 1));
  if (at == std::string_view::npos) return {};
  const auto number = std::ranges::count(text.substr(0, at), '\n') + 1;
  const std::size_t begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
  const std::size_t end = std::min(text.find('\n', at), text.size());
  const std::string_view before = text.substr(begin, at - begin);
  const std::string_view after = text.substr(at, end - at);

  std::string line = fmt::format("LINE {}: ", number);
  if (characters(before) > kShown) line += kCut;
  line += flattened(last(before, kShown));
  const std::size_t column = characters(line);
  line += flattened(first(after, kShown));
  if (characters(after) > kShown) line += kCut;
  return fmt::format("{}\n{:{}}^", line, "", column);
}

}  // namespace cli
