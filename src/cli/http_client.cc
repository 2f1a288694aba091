#include "cli/http_client.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

#include "base/ascii.h"
#include "base/units.h"

namespace cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using base::Result;
using boost::system::error_code;
using Parser = beast::http::response_parser<beast::http::buffer_body>;

constexpr std::string_view kScheme = "http://";
constexpr std::size_t kPiece = 16 * base::kKiB;
constexpr std::size_t kRead = 64 * base::kKiB;

std::string reason_of(const error_code& error) {
  std::string reason = error.message();
  if (!reason.empty()) reason[0] = base::to_lower(reason[0]);
  return reason;
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && stop == text.data() + text.size() && port != 0;
}

bool asks_for(const HttpRequest& request, std::string_view header) {
  return std::ranges::any_of(request.headers, [header](const auto& each) {
    return base::equal_ignoring_case(each.first, header);
  });
}

// What Beast puts on the wire for a request.
beast::http::request<beast::http::string_body> message_of(const HttpRequest& request,
                                                          const Url& url) {
  beast::http::request<beast::http::string_body> message;
  message.method_string(request.method);
  message.target(url.prefix + request.target);
  message.version(11);
  message.set(beast::http::field::host, url.authority());
  message.set(beast::http::field::user_agent, "roost/" ROOST_VERSION);
  message.keep_alive(false);
  for (const auto* own : {"host", "user-agent"}) {
    if (asks_for(request, own)) message.erase(own);
  }
  for (const auto& [name, value] : request.headers) message.insert(name, value);
  message.body() = request.body;
  message.prepare_payload();
  return message;
}

// One request and its answer; lives for one io_context's run.
class Exchange {
 public:
  Exchange(const Url& url, HttpClient::Timeouts timeouts, const HttpRequest& request,
           const HttpClient::Sink& sink)
      : url_(url), timeouts_(timeouts), request_(request), sink_(sink), stream_(context_) {}

  Result<HttpResponse> run() {
    asio::co_spawn(context_, all(), [this](const std::exception_ptr& thrown) {
      if (thrown) error_ = base::Error{base::Code::kInternal, "the request could not be made"};
    });
    context_.run();
    if (error_) return base::fail(std::move(*error_));
    return std::move(response_);
  }

 private:
  auto token() { return asio::redirect_error(asio::use_awaitable, failure_); }

  asio::awaitable<void> all() {
    co_await connect();
    if (error_) co_return;
    co_await write();
    co_await read_head();
    if (!error_) co_await read_body();
  }

  asio::awaitable<void> connect() {
    asio::ip::tcp::resolver resolver(context_);
    const auto endpoints = co_await resolver.async_resolve(url_.host, url_.port, token());
    if (!failure_) {
      stream_.expires_after(timeouts_.connect);
      co_await stream_.async_connect(endpoints, token());
    }
    if (!failure_) co_return;
    const std::string reason = failure_ == beast::error::timeout
                                   ? "no answer within " + base::format_duration(timeouts_.connect)
                                   : reason_of(failure_);
    unreachable(
        fmt::format("cannot reach {} ({}): is `roost serve` running?", url_.text(), reason));
  }

  // A server that refuses a long body may close before it has read all of it; what it said is read
  // all the same.
  asio::awaitable<void> write() {
    const auto message = message_of(request_, url_);
    stream_.expires_after(timeouts_.silence);
    co_await beast::http::async_write(stream_, message, token());
  }

  asio::awaitable<void> read_head() {
    parser_.body_limit(boost::none);
    parser_.skip(request_.method == "HEAD");
    stream_.expires_after(timeouts_.silence);
    co_await beast::http::async_read_header(stream_, buffer_, parser_, token());
    if (failure_) {
      broken("sent no answer");
      co_return;
    }
    response_.status = static_cast<int>(parser_.get().result_int());
    for (const auto& field : parser_.get()) {
      response_.headers.emplace_back(base::to_lower(field.name_string()),
                                     std::string(field.value()));
    }
  }

  asio::awaitable<void> read_body() {
    std::vector<char> piece(kPiece);
    buffer_.reserve(kRead);  // Beast reads as much as there is room for
    while (!parser_.is_done()) {
      auto& body = parser_.get().body();
      body.data = piece.data();
      body.size = piece.size();
      stream_.expires_after(timeouts_.silence);
      co_await beast::http::async_read_some(stream_, buffer_, parser_, token());
      if (failure_ == beast::http::error::need_buffer) failure_ = {};
      const std::string_view got(piece.data(), piece.size() - body.size);
      if (!got.empty() && !sink_(response_, got)) co_return;
      if (failure_) {
        broken("broke off its answer");
        co_return;
      }
    }
  }

  void broken(std::string_view what) {
    if (failure_ == beast::error::timeout) {
      unreachable(fmt::format("{} was silent for {}", url_.text(),
                              base::format_duration(timeouts_.silence)));
    } else {
      unreachable(fmt::format("{} {} ({})", url_.text(), what, reason_of(failure_)));
    }
  }

  void unreachable(std::string message) {
    error_ = base::Error{base::Code::kUnavailable, std::move(message)};
  }

  const Url& url_;
  const HttpClient::Timeouts timeouts_;
  const HttpRequest& request_;
  const HttpClient::Sink& sink_;
  asio::io_context context_{1};
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  Parser parser_;
  HttpResponse response_;
  error_code failure_;  // of the last operation
  std::optional<base::Error> error_;
};

std::unexpected<base::Error> no_url(std::string_view text, std::string_view why) {
  return base::fail(base::Code::kInvalidArgument,
                    fmt::format("\"{}\" is not a URL that roost can reach: {}", text, why));
}

}  // namespace

std::string Url::authority() const {
  return host.find(':') == std::string::npos ? host + ":" + port : "[" + host + "]:" + port;
}

std::string Url::text() const { return std::string(kScheme) + authority() + prefix; }

bool Url::is_loopback() const {
  error_code error;
  const auto address = asio::ip::make_address(host, error);
  return error ? host == "localhost" : address.is_loopback();
}

Result<Url> parse_url(std::string_view text) {
  if (text.starts_with("https://")) {
    return no_url(text, "HTTPS is not spoken here; use http through a tunnel, for example ssh -L");
  }
  if (!text.starts_with(kScheme)) return no_url(text, "write http://HOST:PORT");
  std::string_view rest = text.substr(kScheme.size());
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view prefix = rest.substr(slash);
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  std::string_view host = rest.substr(0, slash);
  std::string_view port = "80";
  const std::size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && !host.ends_with(']')) {
    port = host.substr(colon + 1);
    host = host.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty() || !is_port(port) || host.find_first_of(" @?#[]") != std::string_view::npos) {
    return no_url(text, "write http://HOST:PORT");
  }
  return Url{std::string(host), std::string(port), std::string(prefix)};
}

Result<HttpResponse> HttpClient::send(const HttpRequest& request) const {
  std::string body;
  Result<HttpResponse> response =
      stream(request, [&body](const HttpResponse&, std::string_view piece) {
        body.append(piece);
        return true;
      });
  if (response) response->body = std::move(body);
  return response;
}

Result<HttpResponse> HttpClient::stream(const HttpRequest& request, const Sink& sink) const {
  return Exchange(url_, timeouts_, request, sink).run();
}

}  // namespace cli
