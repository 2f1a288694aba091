#include "base/encoding.h"

#include <array>
#include <string>

#include <gtest/gtest.h>

#include "base/crypto.h"

namespace base {
namespace {

using namespace std::string_literals;

std::string json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(Encoding, HexBothCasesIn) {
  EXPECT_EQ(to_hex("\x00\xffz"s), "00ff7a");
  EXPECT_EQ(from_hex("00FF7a"), "\x00\xffz"s);
  EXPECT_EQ(from_hex(""), "");
  EXPECT_EQ(from_hex("0"), std::nullopt);
  EXPECT_EQ(from_hex("0g"), std::nullopt);
  EXPECT_EQ(from_hex("g0"), std::nullopt);
}

TEST(Encoding, Base64OfRfc4648) {
  const std::array<std::array<std::string, 2>, 7> known{{{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}}};
  for (const auto& [plain, encoded] : known) {
    EXPECT_EQ(to_base64(plain), encoded);
    EXPECT_EQ(from_base64(encoded), plain);
  }
  EXPECT_EQ(to_base64("\xfb\xff\xfe"), "+//+");
  EXPECT_EQ(to_base64url("\xfb\xff\xfe"), "-__-");
}

TEST(Encoding, Base64RoundTripsAllLengths) {
  for (std::size_t length = 0; length < 100; ++length) {
    const std::string bytes = random_bytes(length);
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
    EXPECT_EQ(from_base64url(to_base64url(bytes)), bytes);
  }
}

TEST(Encoding, Base64RefusesWhatIsNotCanonical) {
  for (const char* text : {"Zg", "Zg=", "Zg===", "Z===", "====", "Zh==", "Zm9=", "Zg==Zg==", "Z g=",
                           "Zm9v\n", "Zm-_"}) {
    EXPECT_EQ(from_base64(text), std::nullopt) << text;
  }
  for (const char* text : {"Z", "Zh", "Zm9", "Zg==", "Zm9v+", "+//+", "Zm9vY", "Zg\xff"}) {
    EXPECT_EQ(from_base64url(text), std::nullopt) << text;
  }
}

TEST(Encoding, PercentKeepsOnlyUnreserved) {
  EXPECT_EQ(to_percent("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(to_percent("a b+c/\xc3\xa4%\0"s), "a%20b%2Bc%2F%C3%A4%25%00");
  EXPECT_EQ(from_percent("a%20b%2bc%2F%C3%a4%25%00", Plus::kLiteral), "a b+c/\xc3\xa4%\0"s);
}

TEST(Encoding, PercentReadsPlusAsAsked) {
  EXPECT_EQ(from_percent("a+b%2B", Plus::kSpace), "a b+");
  EXPECT_EQ(from_percent("a+b%2B", Plus::kLiteral), "a+b+");
}

TEST(Encoding, PercentRefusesTruncatedAndWrongDigits) {
  for (const char* text : {"%", "a%2", "%G0", "%0G", "%%20", "% 2"}) {
    EXPECT_EQ(from_percent(text, Plus::kLiteral), std::nullopt) << text;
  }
}

TEST(Encoding, PercentReadsNotPastItsText) {
  EXPECT_EQ(from_percent(std::string_view("a%20").substr(0, 3), Plus::kLiteral), std::nullopt);
}

TEST(Encoding, Utf8AcceptsTheBoundsOfEachLength) {
  for (const char* text :
       {"", "plain", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf3\xbf\xbf\xbf", "\xf4\x8f\xbf\xbf",
        "twelve bytes\xc3\xa4 and more"}) {
    EXPECT_TRUE(is_utf8(text)) << json(text);
  }
}

TEST(Encoding, Utf8RefusesOverlongSurrogatesAndCutSequences) {
  for (const char* text :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2 ", "\xe0\x9f\xbf", "\xed\xa0\x80",
        "\xe2\x82", "\xe2\x82 ", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "\xf0\x9f\x98", "\xf0\x9f\x98 ", "\xff", "eight bytes and\xff"}) {
    EXPECT_FALSE(is_utf8(text)) << to_hex(text);
  }
}

TEST(Encoding, JsonEscapesWhatMustBe) {
  EXPECT_EQ(json("plain / text \x7f"), "\"plain / text \x7f\"");
  EXPECT_EQ(json("\"\\\b\f\n\r\t"), R"("\"\\\b\f\n\r\t")");
  EXPECT_EQ(json("\0\x1f\x0b"s), R"("\u0000\u001f\u000b")");
  EXPECT_EQ(json("Grüße 😀"), "\"Grüße 😀\"");
}

TEST(Encoding, JsonReplacesEachByteThatIsNotUtf8) {
  EXPECT_EQ(json("a\xff\xfe\x62"), "\"a\uFFFD\uFFFDb\"");
  EXPECT_EQ(json("cut \xf0\x9f\x98"), "\"cut \uFFFD\uFFFD\uFFFD\"");
  EXPECT_EQ(json("\xc3\"end"), "\"\uFFFD\\\"end\"");
}

TEST(Encoding, JsonStringsAreAlwaysUtf8) {
  for (int i = 0; i < 200; ++i) EXPECT_TRUE(is_utf8(json(random_bytes(64))));
}

TEST(Encoding, JsonAppendsToWhatIsThere) {
  std::string out = "{\"k\":";
  append_json_string(out, "v");
  EXPECT_EQ(out, R"({"k":"v")");
}

TEST(Encoding, ControlCharactersAreEscapedAndTextIsNot) {
  EXPECT_EQ(escape_controls("a\nb\x1b[31m\x7f\tc \xc3\xa9"), "a\\nb\\x1b[31m\\x7f\tc \xc3\xa9");
  EXPECT_EQ(escape_controls("\xc2\x9b"), "\\x9b");
  EXPECT_EQ(escape_controls("\n\n"), "\\n\\n");
  for (const char* plain : {"", "\xc2\xa0", "\xc2", "\xc2 "})
    EXPECT_EQ(escape_controls(plain), plain);
}

}  // namespace
}  // namespace base
