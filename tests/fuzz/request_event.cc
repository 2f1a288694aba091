// A connection's bytes → request → the event that a guest reads.
//
//   input = how many bytes come at once: u8, bytes
// However the bytes arrive, the same request comes of them, and its event is JSON.
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "base/encoding.h"
#include "fuzz/input.h"
#include "host/event.h"
#include "http/request_parser.h"

namespace {

constexpr http::RequestParser::Limits kLimits{.head_bytes = 8 * 1024, .body_bytes = 16 * 1024};

// Nothing when it is refused or not whole.
std::optional<http::Request> read(std::string_view bytes, std::size_t at_once) {
  http::RequestParser parser(kLimits);
  std::string waiting;
  while (parser.step() != http::RequestParser::Step::kDone) {
    const auto taken = parser.feed(waiting);
    if (!taken) return std::nullopt;
    fuzz::require(*taken <= waiting.size(), "no more is taken than there is");
    waiting.erase(0, *taken);
    if (*taken > 0) continue;
    if (bytes.empty()) return std::nullopt;
    waiting += bytes.substr(0, at_once);
    bytes.remove_prefix(std::min(at_once, bytes.size()));
  }
  return std::move(parser.request());
}

void require_event(http::Request request) {
  const host::Event event{.method = std::move(request.method),
                          .path = std::move(request.path),
                          .query = std::move(request.query),
                          .headers = std::move(request.headers),
                          .body = std::move(request.body),
                          .request_id = std::move(request.id)};
  const std::string json = host::to_json(event, auth::Principal::anonymous());
  boost::json::error_code failure;
  const boost::json::value value = boost::json::parse(json, failure);
  fuzz::require(!failure && value.is_object(), "an event is a JSON object");
  const auto& members = value.get_object();
  const std::string body(members.at("body").as_string());
  const bool encoded = members.at("body_encoding").as_string() == "base64";
  const auto decoded = encoded ? base::from_base64(body) : std::optional(body);
  fuzz::require(decoded == event.body, "the guest reads the body that came");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::size_t at_once = input.number<std::uint8_t>() + std::size_t{1};
  std::optional<http::Request> whole = read(input.rest(), input.rest().size() + 1);
  const std::optional<http::Request> pieces = read(input.rest(), at_once);
  fuzz::require(whole.has_value() == pieces.has_value(), "pieces are accepted as the whole is");
  if (!whole) return 0;
  fuzz::require(whole->method == pieces->method && whole->path == pieces->path &&
                    whole->query == pieces->query && whole->authority == pieces->authority &&
                    whole->headers == pieces->headers && whole->body == pieces->body,
                "pieces make the request that the whole makes");
  fuzz::require(whole->path.starts_with('/'), "a path begins with a slash");
  require_event(std::move(*whole));
  return 0;
}
