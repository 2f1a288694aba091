#include "http/request_parser.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>

#include "base/ascii.h"
#include "http/text.h"

namespace http {
namespace {

namespace beast = boost::beast::http;

// Far above what clients send; it bounds the work that a head of 16 KiB can cause.
constexpr std::size_t kMaxFields = 128;

// Of one connection, not of the request (RFC 9110, section 7.6.1); `expect` is met by the host.
constexpr std::array<std::string_view, 10> kConnectionFields{
    "connection",       "expect", "keep-alive", "proxy-authenticate", "proxy-authorization",
    "proxy-connection", "te",     "trailer",    "transfer-encoding",  "upgrade"};

// No chunked body ends with less. Beast asserts that it is shown as much once it has seen the first
// line of the end.
constexpr std::string_view kShortestEnd = "0\r\n\r\n";

constexpr std::array<std::string_view, 5> kOnce{"host", "authorization", "apikey", "content-length",
                                                "transfer-encoding"};

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

// Whether a field goes on in a line that begins with a space (RFC 9112, section 5.2). Beast joins
// such lines; a proxy before us may take the second for a field of its own.
bool is_folded(std::string_view head) {
  return head.find("\r\n ") != std::string_view::npos ||
         head.find("\r\n\t") != std::string_view::npos;
}

// Whether a comma-separated list has this element.
bool lists(std::string_view list, std::string_view element) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (base::equal_ignoring_case(trim(list.substr(0, comma)), element)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

}  // namespace

RequestParser::RequestParser(Limits limits) : limits_(limits) {
  // Beast's own bound is on what it sees at once, not on the whole head: `feed` counts, this is its
  // net.
  header_limit(limits.head_bytes + 64);
  body_limit(limits.body_bytes);
}

base::Result<std::size_t> RequestParser::feed(std::string_view bytes) {
  // Empty lines before a request are from a client that ends its bodies with one too many.
  std::size_t skipped = 0;
  while (!got_some() && bytes.substr(skipped).starts_with("\r\n")) skipped += 2;
  bytes.remove_prefix(skipped);
  if (!got_some() && bytes == "\r") return skipped;
  eager(head_done_);
  if (head_done_ && chunked() && bytes.size() < kShortestEnd.size()) return 0;
  ErrorCode error;
  const bool was_head = !head_done_;
  const std::size_t taken = put({bytes.data(), bytes.size()}, error);
  const bool wants_more = error == beast::error::need_more;
  if (error && !wants_more) return base::fail(error_of(error));
  if (was_head && is_folded(bytes.substr(0, taken))) {
    return base::fail(base::Code::kInvalidArgument, "malformed request: a header is folded");
  }
  if (was_head) head_bytes_ += taken;
  // Left over are the unfinished rest of a head, of a chunk's header or of a trailer: none may grow
  // on.
  const std::size_t unfinished = wants_more ? bytes.size() - taken : 0;
  if ((was_head ? head_bytes_ : 0) + unfinished > limits_.head_bytes) {
    return base::fail(error_of(beast::error::header_limit));
  }
  return skipped + taken;
}

RequestParser::Step RequestParser::step() const {
  if (is_done()) return Step::kDone;
  if (head_done_) return Step::kHead;
  return got_some() ? Step::kHeadBegun : Step::kNothing;
}

base::Result<void> RequestParser::limit_body(std::uint64_t bytes) {
  limits_.body_bytes = bytes;
  body_limit(bytes);
  if (is_done() || content_length_remaining().value_or(0) <= bytes) return {};
  return base::fail(error_of(beast::error::body_limit));
}

std::uint64_t RequestParser::body_left() const {
  if (is_done()) return 0;
  return content_length_remaining().value_or(std::numeric_limits<std::uint64_t>::max());
}

base::Error RequestParser::error_of(const ErrorCode& error) const {
  if (error == beast::error::header_limit) {
    return {base::Code::kHeadersTooLarge, "the request's headers are over " +
                                              std::to_string(limits_.head_bytes) + " bytes or " +
                                              std::to_string(kMaxFields) + " fields"};
  }
  if (error == beast::error::body_limit) {
    return {base::Code::kPayloadTooLarge,
            "the request's body is over " + std::to_string(limits_.body_bytes) + " bytes"};
  }
  const std::string why = refused_.empty() ? error.message() : std::string(refused_);
  return {base::Code::kInvalidArgument, "malformed request: " + why};
}

void RequestParser::refuse(std::string_view why, ErrorCode& error) {
  refused_ = why;
  error = beast::error::bad_field;
}

void RequestParser::on_request_impl(Verb, View method, View target, int version, ErrorCode& error) {
  request_.method = view(method);
  is_head_ = request_.method == "HEAD";
  http11_ = version == 11;
  request_.headers.reserve(16);
  // What follows its answer would be a tunnel's (RFC 9110, section 9.3.6): no function has one.
  if (request_.method == "CONNECT") {
    refuse("there is nothing here to CONNECT to", error);
  } else if (!take_target(view(target))) {
    refuse("its target is not a path", error);
  }
}

// origin-form or absolute-form (RFC 9112, section 3.2).
bool RequestParser::take_target(std::string_view target) {
  const std::string_view scheme = target.substr(0, target.find("://"));
  if (scheme.size() < target.size() &&
      (base::equal_ignoring_case(scheme, "http") || base::equal_ignoring_case(scheme, "https"))) {
    target.remove_prefix(scheme.size() + 3);
    const std::size_t end = std::min(target.find_first_of("/?"), target.size());
    request_.authority = target.substr(0, end);
    target.remove_prefix(end);
    if (request_.authority.empty()) return false;
    if (!target.starts_with('/')) request_.path = "/";
  } else if (!target.starts_with('/')) {
    return false;
  }
  if (target.find('#') != std::string_view::npos) return false;
  const std::size_t question = std::min(target.find('?'), target.size());
  request_.path += target.substr(0, question);
  request_.query = target.substr(std::min(question + 1, target.size()));
  return true;
}

std::string_view RequestParser::objection(Field field, std::string_view name,
                                          std::string_view value) {
  const auto* const once = std::ranges::find(kOnce, name);
  if (once != kOnce.end()) {
    const auto bit = static_cast<std::uint8_t>(1U << static_cast<unsigned>(once - kOnce.begin()));
    if ((seen_ & bit) != 0) return "a header that may be there once is there twice";
    seen_ = static_cast<std::uint8_t>(seen_ | bit);
  }
  if (field == Field::content_length && value.find(',') != std::string_view::npos) {
    return "Content-Length is a list";
  }
  if (field == Field::transfer_encoding &&
      !(http11_ && base::equal_ignoring_case(value, "chunked"))) {
    return "Transfer-Encoding is not chunked, or not of HTTP/1.1";
  }
  return {};
}

void RequestParser::on_field_impl(Field field, View name, View value, ErrorCode& error) {
  if (head_done_) return;
  if (request_.headers.size() == kMaxFields) {
    error = beast::error::header_limit;
    return;
  }
  auto& [lower_name, text] = request_.headers.emplace_back(base::to_lower(view(name)), view(value));
  if (const std::string_view why = objection(field, lower_name, text); !why.empty()) {
    return refuse(why, error);
  }
  if (field == Field::host && request_.authority.empty()) request_.authority = text;
  if (field == Field::connection) connection_.append(text).push_back(',');
  if (field == Field::expect && http11_) {
    expects_continue_ = base::equal_ignoring_case(text, "100-continue");
  }
}

void RequestParser::on_header_impl(ErrorCode& error) {
  head_done_ = true;
  keep_alive_ = Beast::keep_alive();
  const bool has_host = (seen_ & 1U) != 0;
  if (http11_ && !has_host) return refuse("HTTP/1.1 asks for a Host header", error);
  drop_connection_fields();
}

void RequestParser::drop_connection_fields() {
  std::erase_if(request_.headers, [this](const auto& header) {
    return std::ranges::find(kConnectionFields, header.first) != kConnectionFields.end() ||
           (!connection_.empty() && lists(connection_, header.first));
  });
}

void RequestParser::on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode&) {
  if (length) request_.body.reserve(static_cast<std::size_t>(*length));
}

std::size_t RequestParser::on_body_impl(View bytes, ErrorCode&) {
  request_.body.append(bytes.data(), bytes.size());
  return bytes.size();
}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, View bytes, ErrorCode& error) {
  return on_body_impl(bytes, error);
}

}  // namespace http
