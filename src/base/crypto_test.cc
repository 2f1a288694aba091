#include "base/crypto.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace base {
namespace {

std::string hex(const Sha256& digest) { return to_hex(as_view(digest)); }

TEST(Crypto, Sha256OfKnownTexts) {
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Crypto, StreamAgreesWithOneShotHoweverCut) {
  const std::string text = random_bytes(1000);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{63}, std::size_t{64}, text.size()}) {
    Sha256Stream stream;
    stream.update("");
    for (std::size_t at = 0; at < text.size(); at += piece) {
      stream.update(std::string_view(text).substr(at, piece));
    }
    EXPECT_EQ(stream.finish(), sha256(text)) << "pieces of " << piece;
  }
}

TEST(Crypto, HmacOfRfc4231) {
  EXPECT_EQ(hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  // A key longer than a block is hashed first.
  EXPECT_EQ(hex(hmac_sha256(std::string(131, '\xaa'),
                            "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Crypto, HmacWithEmptyKeyForgetsTheLastOne) {
  constexpr std::string_view kEmptyKeyAndText =
      "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
  hmac_sha256("another key", "another message");
  EXPECT_EQ(hex(hmac_sha256(std::string_view(), std::string_view())), kEmptyKeyAndText);
  hmac_sha256("another key", "another message");
  EXPECT_EQ(hex(hmac_sha256("", "")), kEmptyKeyAndText);
}

TEST(Crypto, HmacOnManyThreadsAtOnce) {
  const Sha256 expected = hmac_sha256("key", "message");
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&wrong, expected, thread] {
      for (int i = 0; i < 500; ++i) {
        hmac_sha256(std::to_string(thread), "other");
        if (hmac_sha256("key", "message") != expected) ++wrong;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

TEST(Crypto, RandomBytesFillAllAndDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert(random_bytes(16));
  EXPECT_EQ(seen.size(), 100U);
  EXPECT_TRUE(random_bytes(0).empty());
  const std::string large = random_bytes(100'000);
  EXPECT_EQ(large.size(), 100'000U);
  // 50 000 zeroes in the last half would mean that only the first was filled.
  EXPECT_LT(std::count(large.begin() + 50'000, large.end(), '\0'), 1000);
}

TEST(Crypto, EqualInConstantTime) {
  EXPECT_TRUE(equal_constant_time("", std::string_view()));
  EXPECT_TRUE(equal_constant_time("secret", "secret"));
  EXPECT_FALSE(equal_constant_time("secret", "secreT"));
  EXPECT_FALSE(equal_constant_time("secret", "secre"));
  EXPECT_FALSE(equal_constant_time(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
}

}  // namespace
}  // namespace base
