#include "base/ascii.h"

#include <string>

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(Ascii, ChangesTheCaseOfLettersAlone) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool capital = byte >= 0x41 && byte <= 0x5A;
    const bool small = byte >= 0x61 && byte <= 0x7A;
    EXPECT_EQ(to_lower(c), static_cast<char>(capital ? byte + 0x20 : byte)) << byte;
    EXPECT_EQ(to_upper(c), static_cast<char>(small ? byte - 0x20 : byte)) << byte;
  }
}

TEST(Ascii, ChangesTexts) {
  const std::string nul("A\0b", 3);
  EXPECT_EQ(to_lower("@AZ[ `az{ 09 Größe Ä"), "@az[ `az{ 09 größe Ä");
  EXPECT_EQ(to_upper("@AZ[ `az{ 09 Größe ä"), "@AZ[ `AZ{ 09 GRößE ä");
  EXPECT_EQ(to_lower(nul), std::string("a\0b", 3));
  EXPECT_EQ(to_upper(nul), std::string("A\0B", 3));
  EXPECT_EQ(to_lower(""), "");
  EXPECT_EQ(to_upper(""), "");
}

TEST(Ascii, ComparesWithoutCase) {
  static_assert(equal_ignoring_case("Content-Type", "cONTENT-tYPE"));
  EXPECT_TRUE(equal_ignoring_case("", ""));
  EXPECT_TRUE(equal_ignoring_case("größe", "GRößE"));
  EXPECT_FALSE(equal_ignoring_case("größe", "GRÖSSE"));
  EXPECT_FALSE(equal_ignoring_case("ä", "Ä"));
  EXPECT_FALSE(equal_ignoring_case("@", "`"));
  EXPECT_FALSE(equal_ignoring_case("[", "{"));
}

TEST(Ascii, TextsOfDifferentLengthsDiffer) {
  EXPECT_FALSE(equal_ignoring_case("host", "hosts"));
  EXPECT_FALSE(equal_ignoring_case("hosts", "host"));
  EXPECT_FALSE(equal_ignoring_case("", "a"));
  EXPECT_FALSE(equal_ignoring_case("a", ""));
}

}  // namespace
}  // namespace base
