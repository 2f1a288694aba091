#include "http/address.h"

#include <gtest/gtest.h>

namespace http {
namespace {

TEST(Address, IsAHostAndAPort) {
  EXPECT_EQ(parse_address("127.0.0.1:9400")->host, "127.0.0.1");
  EXPECT_EQ(parse_address("[::1]:0")->host, "::1");
  EXPECT_EQ(parse_address("roost.internal:65535")->port, "65535");
  for (const char* const bad : {"", "127.0.0.1", ":9400", "h:", "h:65536", "h:-1", "h:80x",
                                "::1:80", "[::1]", "[::1", "[::1]80", "[]:80"}) {
    const auto address = parse_address(bad);
    ASSERT_FALSE(address) << bad;
    EXPECT_EQ(address.error().code, base::Code::kInvalidArgument);
  }
}

TEST(Address, ResolvesLiteralsAndNames) {
  EXPECT_EQ(to_text(*resolve({"127.0.0.1", "80"})), "127.0.0.1:80");
  EXPECT_EQ(to_text(*resolve({"::1", "80"})), "[::1]:80");
  EXPECT_TRUE(resolve({"localhost", "80"})->address().is_loopback());
  const auto unknown = resolve({"no-such-host.invalid", "80"});
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("no-such-host.invalid"), std::string::npos);
}

TEST(Address, TrustedAuthorities) {
  for (const char* const good :
       {"127.0.0.1", "127.0.0.1:9401", "10.1.2.3:80", "[::1]", "[fe80::1]:9401", "localhost",
        "LocalHost:1", "roost.internal:9401", "Roost.Internal"}) {
    EXPECT_TRUE(is_trusted_authority(good, "roost.internal")) << good;
  }
  for (const char* const bad :
       {"", ":9401", "evil.example", "evil.example:9401", "127.0.0.1.evil.example",
        "localhost.evil.example", "localhost:x", "localhost:", "localhost:80:80", "[localhost]",
        "[127.0.0.1]", "[::1", "[::1]x", "0x7f.1", "2130706433", "localhost@evil.example",
        "evil.example/127.0.0.1"}) {
    EXPECT_FALSE(is_trusted_authority(bad, "roost.internal")) << bad;
  }
}

}  // namespace
}  // namespace http
