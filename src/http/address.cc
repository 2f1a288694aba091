#include "http/address.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include "base/ascii.h"

namespace http {
namespace {

namespace ip = boost::asio::ip;

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size();
}

struct HostPort {
  std::string_view host;
  std::string_view port;  // with its colon; empty when there is none
  bool bracketed = false;
};

HostPort split(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return {text, {}, true};
    return {text.substr(1, end - 1), text.substr(end + 1), true};
  }
  const std::size_t colon = std::min(text.find(':'), text.size());
  return {text.substr(0, colon), text.substr(colon), false};
}

}  // namespace

base::Result<Address> parse_address(std::string_view text) {
  const auto [host, port, bracketed] = split(text);
  if (host.empty() || !port.starts_with(':') || !is_port(port.substr(1))) {
    return base::fail(base::Code::kInvalidArgument,
                      fmt::format("'{}' is not an address to listen on: write host:port, such as "
                                  "127.0.0.1:9400 or [::1]:9400",
                                  text));
  }
  return Address{std::string(host), std::string(port.substr(1))};
}

base::Result<ip::tcp::endpoint> resolve(const Address& address) {
  boost::asio::io_context context;
  ip::tcp::resolver resolver(context);
  boost::system::error_code error;
  const auto found =
      resolver.resolve(address.host, address.port, ip::tcp::resolver::passive, error);
  if (error || found.empty()) {
    return base::fail(base::Code::kUnavailable,
                      fmt::format("cannot resolve '{}': {}", address.host, error.message()));
  }
  return found.begin()->endpoint();
}

std::string to_text(const ip::tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return fmt::format(fmt::runtime(endpoint.address().is_v6() ? "[{}]:{}" : "{}:{}"), host,
                     endpoint.port());
}

bool is_trusted_authority(std::string_view authority, std::string_view configured_host) {
  const auto [host, port, bracketed] = split(authority);
  if (host.empty()) return false;
  if (!port.empty() && !(port.starts_with(':') && is_port(port.substr(1)))) return false;
  boost::system::error_code error;
  const ip::address literal = ip::make_address(std::string(host), error);
  if (!error) return literal.is_v6() == bracketed;
  return !bracketed && (base::equal_ignoring_case(host, "localhost") ||
                        base::equal_ignoring_case(host, configured_host));
}

}  // namespace http
