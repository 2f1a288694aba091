// HTTP/1.1 and 1.0 requests from bytes, strictly: what two readers could understand differently is
// refused.
//
// Beast reads the grammar; on top of it a request is refused (kInvalidArgument, 400) when it has
// both Content-Length and Transfer-Encoding or either twice, any coding but `chunked`, no Host in
// HTTP/1.1, Host, Authorization or apikey twice, or a target that is neither a path nor an absolute
// URL. kHeadersTooLarge (431) and kPayloadTooLarge (413) are its limits. Fields of a chunked body's
// trailer are dropped. One per request; it is of no use after an error.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/beast/http/basic_parser.hpp>

#include "base/error.h"
#include "http/message.h"

namespace http {

class RequestParser final : private boost::beast::http::basic_parser<true> {
 public:
  struct Limits {
    std::uint32_t head_bytes = 0;
    std::uint64_t body_bytes = 0;
  };
  enum class Step { kNothing, kHeadBegun, kHead, kDone };

  explicit RequestParser(Limits limits);

  // Takes from the front of `bytes` and says how much; what is left belongs in front of the next
  // call's. Stops after the head, so that it can be judged before the body.
  base::Result<std::size_t> feed(std::string_view bytes);
  [[nodiscard]] Step step() const;

  // From kHead on, but for the body, which is there at kDone.
  Request& request() { return request_; }
  // These too; they outlast what is moved out of the request.
  [[nodiscard]] bool keep_alive() const { return keep_alive_; }
  [[nodiscard]] bool expects_continue() const { return expects_continue_; }
  // Bounds the body anew, before any of it was fed: kPayloadTooLarge when more was announced.
  base::Result<void> limit_body(std::uint64_t bytes);
  // How much body is still to come; the largest number there is when chunked.
  [[nodiscard]] std::uint64_t body_left() const;
  // From the request line on.
  [[nodiscard]] bool is_head() const { return is_head_; }
  [[nodiscard]] bool is_http11() const { return http11_; }

 private:
  using Beast = boost::beast::http::basic_parser<true>;
  using Verb = boost::beast::http::verb;
  using Field = boost::beast::http::field;
  using View = boost::beast::string_view;
  using ErrorCode = boost::beast::error_code;

  void on_request_impl(Verb verb, View method, View target, int version, ErrorCode& error) override;
  void on_response_impl(int, View, int, ErrorCode&) override {}
  void on_field_impl(Field field, View name, View value, ErrorCode& error) override;
  void on_header_impl(ErrorCode& error) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode& error) override;
  std::size_t on_body_impl(View bytes, ErrorCode& error) override;
  void on_chunk_header_impl(std::uint64_t, View, ErrorCode&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t left, View bytes, ErrorCode& error) override;
  void on_finish_impl(ErrorCode&) override {}

  [[nodiscard]] base::Error error_of(const ErrorCode& error) const;
  bool take_target(std::string_view target);
  // Why this field, after those before it, makes the request ambiguous; empty when it does not.
  std::string_view objection(Field field, std::string_view name, std::string_view value);
  void refuse(std::string_view why, ErrorCode& error);
  void drop_connection_fields();

  Limits limits_;
  Request request_;
  std::string connection_;  // all values of Connection
  std::string_view refused_;
  std::size_t head_bytes_ = 0;
  std::uint8_t seen_ = 0;  // a bit for each field that may be there once
  bool head_done_ = false;
  bool http11_ = false;
  bool is_head_ = false;
  bool keep_alive_ = false;
  bool expects_continue_ = false;
};

}  // namespace http
