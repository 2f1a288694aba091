#include "telemetry/redaction.h"

#include <string>

#include <gtest/gtest.h>

#include "base/crypto.h"
#include "base/encoding.h"

namespace telemetry {
namespace {

const std::string kMark{kRedacted};
const std::string kSecret = "s3cr\"t/\\ k\xc3\xa4y+?>";

std::string json(std::string_view text) {
  std::string out;
  base::append_json_string(out, text);
  return out;
}

TEST(Redaction, PlainValueIsHiddenWhereverItStands) {
  const Redactor redactor({"hunter2-hunter2"});
  EXPECT_EQ(redactor.redact("hunter2-hunter2"), kMark);
  EXPECT_EQ(redactor.redact("pw=hunter2-hunter2;again:hunter2-hunter2"),
            "pw=" + kMark + ";again:" + kMark);
  EXPECT_EQ(redactor.redact("hunter2-hunter2hunter2-hunter2"), kMark + kMark);
  EXPECT_EQ(redactor.redact("hunter2-hunter"), "hunter2-hunter");
  EXPECT_EQ(redactor.redact(""), "");
}

TEST(Redaction, JsonFormIsHidden) {
  const Redactor redactor({kSecret, "two\nlines\x01"});
  EXPECT_EQ(redactor.redact("{\"token\":" + json(kSecret) + "}"), "{\"token\":\"" + kMark + "\"}");
  EXPECT_EQ(redactor.redact(json("got two\nlines\x01!")), "\"got " + kMark + "!\"");
}

TEST(Redaction, PercentFormIsHiddenInBothCases) {
  const Redactor redactor({"k\xc3\xa4y/ABC def"});
  EXPECT_EQ(redactor.redact("GET /?k=k%C3%A4y%2FABC%20def&x=1"), "GET /?k=" + kMark + "&x=1");
  EXPECT_EQ(redactor.redact("GET /?k=k%c3%a4y%2fABC%20def&x=1"), "GET /?k=" + kMark + "&x=1");
  EXPECT_EQ(redactor.redact("k=k%C3%A4y%2FABC+def"), "k=" + kMark);
  EXPECT_EQ(redactor.redact("k=k%c3%a4y%2fABC+def"), "k=" + kMark);
}

// What is left when all that is of the mark is taken away must not hold a run of the secret's
// encoded text long enough to tell two bytes of it.
void expect_hidden_in(const std::string& encoded_whole, const Redactor& redactor,
                      std::size_t text_size, std::size_t secret_size) {
  const std::string line = redactor.redact("[" + encoded_whole + "]");
  const std::size_t mark = line.find(kMark);
  ASSERT_NE(mark, std::string::npos) << encoded_whole << " -> " << line;
  // At most one character on each side shares bits with the neighbours and stays.
  const std::size_t kept = line.size() - kMark.size() - 2;
  const std::size_t needed = (text_size - secret_size) * 8 / 6;
  EXPECT_LE(kept, needed + 5) << line;
}

TEST(Redaction, Base64IsHiddenAtEveryAlignment) {
  const Redactor redactor({kSecret});
  for (std::size_t before = 0; before < 7; ++before) {
    for (std::size_t after = 0; after < 4; ++after) {
      const std::string text = std::string(before, 'u') + kSecret + std::string(after, 'v');
      expect_hidden_in(base::to_base64(text), redactor, text.size(), kSecret.size());
      expect_hidden_in(base::to_base64url(text), redactor, text.size(), kSecret.size());
    }
  }
}

TEST(Redaction, Base64OfAnyNeighboursIsHidden) {
  // The shortest secret, with bytes that use both alphabets' own characters.
  const std::string secret = "\xff\xef\xbe\xfb\xff\xfe";
  const Redactor redactor({secret});
  for (int i = 0; i < 300; ++i) {
    const std::string before = base::random_bytes(static_cast<std::size_t>(i % 5));
    const std::string text = before + secret + base::random_bytes(static_cast<std::size_t>(i % 4));
    expect_hidden_in(base::to_base64(text), redactor, text.size(), secret.size());
    expect_hidden_in(base::to_base64url(text), redactor, text.size(), secret.size());
  }
}

TEST(Redaction, BasicAuthorizationIsHidden) {
  const Redactor redactor({"open sesame"});
  const std::string header = "Basic " + base::to_base64("aladdin:open sesame");
  const std::string shown = redactor.redact(header);
  EXPECT_EQ(shown.find("b3BlbiBzZXNhbW"), std::string::npos);
  EXPECT_EQ(shown.find("Basic YWxhZGRpbjp" + kMark), 0U) << shown;
}

TEST(Redaction, LongestOfNestedSecretsIsHiddenWhole) {
  const Redactor redactor({"abcdef", "abcdefghij", "cdefgh"});
  EXPECT_EQ(redactor.redact("<abcdefghij>"), "<" + kMark + ">");
  EXPECT_EQ(redactor.redact("<abcdefgh>"), "<" + kMark + ">");
  EXPECT_EQ(redactor.redact("<abcdefg>"), "<" + kMark + "g>");
}

TEST(Redaction, OverlappingSecretsLeaveNothingOver) {
  const Redactor redactor({"abcdef", "defghijkl"});
  EXPECT_EQ(redactor.redact("<abcdefghijkl>"), "<" + kMark + ">");
  EXPECT_EQ(redactor.redact("<abcdef|defghijkl>"), "<" + kMark + "|" + kMark + ">");
  EXPECT_EQ(redactor.redact("<abcdefabcdef>"), "<" + kMark + kMark + ">");
}

TEST(Redaction, SecretThatReadsLikeTheMark) {
  const Redactor redactor({"REDACTED", "***REDACTED***"});
  EXPECT_EQ(redactor.redact("REDACTED and ***REDACTED***"), kMark + " and " + kMark);
}

TEST(Redaction, BinarySecretsAndLines) {
  const std::string secret("\0\x01\xff\0\x80z", 6);
  const Redactor redactor({secret});
  EXPECT_EQ(redactor.redact(std::string("\0", 1) + secret + "\xfe"),
            std::string("\0", 1) + kMark + "\xfe");
  EXPECT_EQ(redactor.redact(json(secret)), "\"" + kMark + "\"");
}

TEST(Redaction, ShortAndEmptyValuesAreNotLookedFor) {
  EXPECT_TRUE(Redactor().empty());
  EXPECT_TRUE(Redactor({"", "12345"}).empty());
  EXPECT_EQ(Redactor({"", "12345"}).redact("12345"), "12345");
  EXPECT_EQ(Redactor({"123456"}).redact("123456"), kMark);
}

TEST(Redaction, NamesOfSecrets) {
  for (const char* name :
       {"API_KEY", "apikey", "Db_Password", "SECRET", "MYSECRETS", "tOkEn", "KEY"}) {
    EXPECT_TRUE(is_secret_name(name)) << name;
  }
  for (const char* name : {"", "GREETING", "KE", "PASSWD", "TOKE_N", "URL"}) {
    EXPECT_FALSE(is_secret_name(name)) << name;
  }
}

TEST(Redaction, OfEnvironmentTakesSecretNamesOnly) {
  const Redactor redactor = Redactor::of_environment(
      {{"API_KEY", "value-one"}, {"GREETING", "value-two"}, {"db_password", "value-three"}});
  EXPECT_EQ(redactor.redact("value-one value-two value-three"), kMark + " value-two " + kMark);
}

TEST(Redaction, HostilePatternsStayLinear) {
  // The product of both lengths would be 10^12 steps: minutes, where this takes milliseconds.
  const std::string secret = std::string(999'999, 'a') + "b";
  const Redactor redactor({secret});
  const std::string line(1'000'000, 'a');
  EXPECT_EQ(redactor.redact(line), line);
  EXPECT_EQ(redactor.redact(line + secret), line + kMark);
}

}  // namespace
}  // namespace telemetry
