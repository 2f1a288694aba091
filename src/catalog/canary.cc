#include "catalog/canary.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/ascii.h"

namespace catalog {
namespace {

constexpr std::size_t kMaxHeader = 256;

// RFC 9110, section 5.6.2: the characters of a field's name.
bool is_token(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || kMarks.contains(c);
  });
}

bool is_field_value(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

struct Header {
  std::string_view name;
  std::optional<std::string_view> value;  // none: any
};

Header parse(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return {trim(text), std::nullopt};
  return {trim(text.substr(0, colon)), trim(text.substr(colon + 1))};
}

bool carries(const Header& wanted, const HeaderOf& header_of) {
  const auto given = header_of(wanted.name);
  return given && (!wanted.value || trim(*given) == *wanted.value);
}

}  // namespace

base::Result<CanarySplit> checked_split(CanarySplit split) {
  if (split.percent < 0 || split.percent > 100) {
    return base::fail(
        base::Code::kInvalidArgument,
        fmt::format("the canary's percent is {}: 0 to 100 of the calls can get it", split.percent));
  }
  if (split.header.empty()) {
    if (split.percent != 0) return split;
    return base::fail(base::Code::kInvalidArgument,
                      "no call would get the canary: give it a percent of them, or a header");
  }
  const Header header = parse(split.header);
  std::string name = base::to_lower(header.name);
  if (split.header.size() > kMaxHeader || !is_token(name) ||
      (header.value && !is_field_value(*header.value))) {
    return base::fail(
        base::Code::kInvalidArgument,
        "the canary's header is not `name` or `name: value` of at most 256 characters");
  }
  split.header = header.value ? fmt::format("{}: {}", name, *header.value) : std::move(name);
  return split;
}

FunctionPtr version_for_call(const FunctionPtr& function, const HeaderOf& header_of,
                             unsigned draw) {
  if (function == nullptr || !function->canary) return function;
  const CanarySplit& split = function->canary->split;
  const bool asked = !split.header.empty() && carries(parse(split.header), header_of);
  return asked || std::cmp_less(draw, split.percent) ? function->canary->function : function;
}

}  // namespace catalog
