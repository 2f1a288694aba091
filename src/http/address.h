// "host:port" as users write it, and who may be named as the host of an administrative request.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ip/tcp.hpp>

#include "base/error.h"

namespace http {

struct Address {
  std::string host;  // without the brackets of an IPv6 literal
  std::string port;
};

// kInvalidArgument unless "host:port" or "[v6]:port" with a port of 0 … 65535.
base::Result<Address> parse_address(std::string_view text);

// The first endpoint of the address. kUnavailable when the name is not known. Blocks on names.
base::Result<boost::asio::ip::tcp::endpoint> resolve(const Address& address);

// "127.0.0.1:9400", "[::1]:9400".
std::string to_text(const boost::asio::ip::tcp::endpoint& endpoint);

// Against DNS rebinding: a page of another origin can make its own name point here, but then the
// request names it. True for an IP literal, `localhost` and `configured_host`, with or without a
// port.
bool is_trusted_authority(std::string_view authority, std::string_view configured_host);

}  // namespace http
