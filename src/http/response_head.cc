#include "http/response_head.h"

#include <algorithm>
#include <array>

#include <boost/beast/http/status.hpp>

#include "base/ascii.h"
#include "http/cors.h"
#include "http/text.h"

namespace http {
namespace {

constexpr std::array<std::string_view, 10> kOurs{
    "connection", "date",    "content-length",    "keep-alive", "proxy-connection",
    "te",         "trailer", "transfer-encoding", "upgrade",    "x-request-id"};

void append_status_line(std::string& out, int status) {
  const auto reason = boost::beast::http::obsolete_reason(
      boost::beast::http::int_to_status(static_cast<unsigned>(status)));
  out += "HTTP/1.1 ";
  out += std::to_string(status);
  out += ' ';
  if (!reason.starts_with('<')) out.append(reason.data(), reason.size());
  out += "\r\n";
}

void append_line(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

bool is_sendable(std::string_view name, std::string_view value) {
  constexpr std::string_view kBreaks("\r\n\0", 3);
  if (name.empty() || token_length(name) != name.size()) return false;
  if (value.find_first_of(kBreaks) != std::string_view::npos) return false;
  return std::ranges::none_of(
      kOurs, [name](std::string_view ours) { return base::equal_ignoring_case(name, ours); });
}

void append_framing(std::string& out, const Answer& answer, Framing framing) {
  if (framing == Framing::kChunked) {
    append_line(out, "transfer-encoding", "chunked");
  } else if (framing == Framing::kLength && has_body(answer.status)) {
    append_line(out, "content-length", std::to_string(answer.body.size()));
  }
}

}  // namespace

bool has_body(int status) { return status >= 200 && status != 204 && status != 304; }

void append_head(std::string& out, const Answer& answer, const HeadOptions& options) {
  append_status_line(out, answer.status);
  for (const auto& [name, value] : answer.headers) {
    if (is_sendable(name, value)) append_line(out, name, value);
  }
  append_framing(out, answer, options.framing);
  if (!options.request_id.empty()) append_line(out, "x-request-id", options.request_id);
  if (!options.date.empty()) append_line(out, "date", options.date);
  if (options.cross_origin == CrossOrigin::kAllowed) append_cors(out, answer.headers);
  if (options.connection == Connection::kClose) {
    append_line(out, "connection", "close");
  } else if (!options.http11) {
    append_line(out, "connection", "keep-alive");
  }
  out += "\r\n";
}

}  // namespace http
