#include "host/header_lines.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/ascii.h"

namespace host {
namespace {

constexpr std::size_t kMaxHeaders = 100;
// They describe the connection or the message's framing, which are the server's.
constexpr std::array<std::string_view, 11> kReserved{"connection",
                                                     "content-length",
                                                     "date",
                                                     "keep-alive",
                                                     "proxy-connection",
                                                     "te",
                                                     "trailer",
                                                     "transfer-encoding",
                                                     "upgrade",
                                                     "x-request-id",
                                                     "server"};

bool is_token_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_value_char(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return c == '\t' || (byte >= 0x20 && byte != 0x7f);
}

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::unexpected<base::Error> bad(std::size_t line, std::string_view why) {
  return base::fail(base::Code::kBadResponse,
                    "respond: header line " + std::to_string(line) + " " + std::string(why));
}

base::Result<std::pair<std::string, std::string>> parse_line(std::string_view line,
                                                             std::size_t number) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return bad(number, "has no colon: write `name: value`");
  std::string name = base::to_lower(line.substr(0, colon));
  if (name.empty() || !std::ranges::all_of(name, is_token_char)) {
    return bad(number, "has a name that is not a token");
  }
  if (std::ranges::find(kReserved, name) != kReserved.end()) {
    return bad(number, "sets `" + name + "`, which belongs to the server: leave it out");
  }
  const std::string_view value = trim(line.substr(colon + 1));
  if (!std::ranges::all_of(value, is_value_char)) {
    return bad(number, "has a control character in the value of `" + name + "`");
  }
  return std::pair(std::move(name), std::string(value));
}

}  // namespace

base::Result<NameValues> parse_header_lines(std::string_view text) {
  NameValues headers;
  std::size_t number = 0;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (headers.size() == kMaxHeaders) return bad(number, "is one too many: at most 100 headers");
    auto header = parse_line(line, number);
    if (!header) return base::fail(std::move(header.error()));
    headers.push_back(std::move(*header));
  }
  return headers;
}

}  // namespace host
