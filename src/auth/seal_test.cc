#include "auth/seal.h"

#include <string>

#include <gtest/gtest.h>

#include "base/crypto.h"

namespace auth {
namespace {

using base::Code;

constexpr std::size_t kOverhead = 24 + 16;  // nonce and tag

TEST(Seal, OpensWhatItSealed) {
  const MasterKey key = MasterKey::generate();
  for (const std::string& plain : {std::string(), std::string("x"), base::random_bytes(10'000)}) {
    const std::string sealed = key.seal(plain, "context");
    EXPECT_EQ(sealed.size(), plain.size() + kOverhead);
    const auto opened = key.open(sealed, "context");
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(*opened, plain);
  }
  EXPECT_TRUE(key.open(key.seal("x", ""), ""));
}

TEST(Seal, SameTextSealsDifferentlyEachTime) {
  const MasterKey key = MasterKey::generate();
  EXPECT_NE(key.seal("secret", "c"), key.seal("secret", "c"));
  EXPECT_EQ(key.seal("a plain secret", "c").find("a plain secret"), std::string::npos);
}

TEST(Seal, AnyChangedByteIsNoticed) {
  const MasterKey key = MasterKey::generate();
  const std::string sealed = key.seal("secret", "context");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    const auto opened = key.open(changed, "context");
    ASSERT_FALSE(opened) << "changed at " << i;
    EXPECT_EQ(opened.error().code, Code::kInternal);
  }
}

TEST(Seal, TruncatedBytesAreNoticed) {
  const MasterKey key = MasterKey::generate();
  const std::string sealed = key.seal("secret", "context");
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_FALSE(key.open(sealed.substr(0, size), "context")) << size;
  }
  EXPECT_FALSE(key.open(sealed + "x", "context"));
}

TEST(Seal, ContextAndKeyMustFit) {
  const MasterKey key = MasterKey::generate();
  const std::string sealed = key.seal("secret", "one");
  EXPECT_FALSE(key.open(sealed, "two"));
  EXPECT_FALSE(key.open(sealed, ""));
  const auto opened = MasterKey::generate().open(sealed, "one");
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("master key"), std::string::npos);
}

TEST(Seal, KeyReadsBackFromHex) {
  const MasterKey key = MasterKey::generate();
  EXPECT_EQ(key.hex().size(), 64U);
  const auto again = MasterKey::parse(" \t" + key.hex() + "\r\n");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->hex(), key.hex());
  EXPECT_EQ(*again->open(key.seal("secret", "c"), "c"), "secret");
  EXPECT_NE(MasterKey::generate().hex(), key.hex());
}

TEST(Seal, KeysOfAnotherFormAreRefusedWithoutRepeatingThem) {
  const std::string hex = MasterKey::generate().hex();
  for (const std::string& text :
       {std::string(), std::string(" \n"), hex.substr(1), hex + "00", hex.substr(0, 62),
        hex.substr(0, 63) + "g", hex.substr(0, 32) + " " + hex.substr(32)}) {
    const auto key = MasterKey::parse(text);
    ASSERT_FALSE(key) << text;
    EXPECT_EQ(key.error().code, Code::kInvalidArgument);
    EXPECT_EQ(key.error().message.find(hex.substr(1, 16)), std::string::npos);
  }
}

TEST(Seal, DerivedKeysDependOnKeyAndPurpose) {
  const MasterKey key = MasterKey::generate();
  EXPECT_EQ(key.derive("journal").size(), 32U);
  EXPECT_EQ(key.derive("journal"), key.derive("journal"));
  EXPECT_NE(key.derive("journal"), key.derive("modules"));
  EXPECT_NE(key.derive("journal"), MasterKey::generate().derive("journal"));
}

}  // namespace
}  // namespace auth
