#include "auth/token.h"

#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "base/crypto.h"
#include "base/encoding.h"

namespace auth {
namespace {

using base::Code;
using std::chrono::seconds;

constexpr std::int64_t kNow = 1'800'000'000;
const Clock::time_point kTime{seconds(kNow)};
const KeySet kKeys{"a-secret-of-at-least-32-bytes-for-tests"};

std::string token_of(std::string_view header, std::string_view claims,
                     std::string_view secret = kKeys.jwt_secret) {
  std::string token = base::to_base64url(header) + "." + base::to_base64url(claims);
  const base::Sha256 signature = base::hmac_sha256(secret, token);
  return token + "." + base::to_base64url(base::as_view(signature));
}

std::string token_of(std::string_view claims) {
  return token_of(R"({"alg":"HS256","typ":"JWT"})", claims);
}

void expect_refused(std::string_view token, std::string_view why) {
  const auto principal = verify_token(token, kKeys, kTime);
  ASSERT_FALSE(principal) << token;
  EXPECT_EQ(principal.error().code, Code::kInvalidCredential);
  EXPECT_NE(principal.error().message.find(why), std::string::npos) << principal.error().message;
}

std::string at(std::string_view claim, std::int64_t offset) {
  return "{\"" + std::string(claim) + "\":" + std::to_string(kNow + offset) + "}";
}

TEST(Token, ReadsTheTokenOfJwtIo) {
  // The well-known example, signed elsewhere: ours is not the only code that must agree.
  const auto principal = verify_token(
      "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
      "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiYWRtaW4iOnRydWUsImlhdCI6MTUxNjIzOTAyMn0."
      "KMUFsIDTnFmyG3nMiGM6H9FNFUROf3wh7SmqJp-QV30",
      KeySet{"a-string-secret-at-least-256-bits-long"}, kTime);
  ASSERT_TRUE(principal) << principal.error().message;
  EXPECT_EQ(principal->user_id, "1234567890");
  EXPECT_EQ(principal->role, Role::kAnon);
  EXPECT_EQ(principal->claims_json,
            R"({"sub":"1234567890","name":"John Doe","admin":true,"iat":1516239022})");
}

TEST(Token, ClaimsPassAsTheyCame) {
  const std::string claims = R"({ "role":"authenticated", "sub":"u-1", "n":1e2, "x":{"y":[1]} })";
  const auto principal = verify_token(token_of(claims), kKeys, kTime);
  ASSERT_TRUE(principal) << principal.error().message;
  EXPECT_EQ(principal->role, Role::kAuthenticated);
  EXPECT_EQ(principal->user_id, "u-1");
  EXPECT_EQ(principal->claims_json, claims);
}

TEST(Token, ClaimsLargerThanTheScratchAreRead) {
  const std::string claims =
      R"({"pad":")" + std::string(20'000, 'x') + R"(","role":"service_role","sub":"last"})";
  const auto principal = verify_token(token_of(claims), kKeys, kTime);
  ASSERT_TRUE(principal) << principal.error().message;
  EXPECT_EQ(principal->role, Role::kServiceRole);
  EXPECT_EQ(principal->user_id, "last");
}

TEST(Token, AlgorithmMustBeHs256) {
  for (const char* header :
       {R"({"alg":"none"})", R"({"alg":"None"})", R"({"alg":"HS512"})", R"({"alg":"hs256"})",
        R"({"alg":"RS256"})", R"({"alg":["HS256"]})", R"({"typ":"JWT"})", R"({"alg":null})"}) {
    expect_refused(token_of(header, "{}"), "`alg`");
  }
  const std::string unsigned_token = base::to_base64url(R"({"alg":"none"})") + ".e30.";
  expect_refused(unsigned_token, "`alg`");
}

TEST(Token, HeadersInAnyOrderAndWithOtherMembersAreRead) {
  for (const char* header : {R"({"typ":"JWT","alg":"HS256"})", R"({"alg":"HS256","kid":"1"})"}) {
    const auto principal = verify_token(token_of(header, "{}"), kKeys, kTime);
    EXPECT_TRUE(principal) << header;
  }
}

TEST(Token, CriticalExtensionsAreRefused) {
  for (const char* header : {R"({"alg":"HS256","crit":["exp"],"exp":1})",
                             R"({"alg":"HS256","crit":[]})", R"({"alg":"HS256","crit":null})"}) {
    expect_refused(token_of(header, "{}"), "`crit`");
  }
}

TEST(Token, HeaderMustBeAnObject) {
  for (const char* header : {"", "[]", "\"HS256\"", "{\"alg\":\"HS256\"", "{\"alg\":\"HS256\"}x"}) {
    expect_refused(token_of(header, "{}"), "header");
  }
  expect_refused("!!!.e30.AAAA", "header is not base64url");
}

TEST(Token, ShapeMustBeThreeParts) {
  for (const char* token : {"", ".", "a", "a.b", "a.b.c.d", "...."}) {
    expect_refused(token, "three parts");
  }
  expect_refused("..", "header");
}

TEST(Token, AnyChangeBreaksTheSignature) {
  const std::string token = token_of(R"({"role":"anon"})");
  for (std::size_t i = token.find('.') + 1; i < token.size(); ++i) {
    if (token[i] == '.') continue;
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(verify_token(changed, kKeys, kTime)) << "changed at " << i;
  }
  expect_refused(token.substr(0, token.size() - 1), "signature");
  expect_refused(token.substr(0, token.rfind('.') + 1), "signature");
  expect_refused(token + "=", "signature");
  expect_refused(token_of(R"({"alg":"HS256"})", "{}", std::string(40, 'x')), "signature");
}

TEST(Token, SignatureIsReadBeforeTheClaims) {
  const std::string forged = token_of(R"({"alg":"HS256"})", "not json", std::string(40, 'x'));
  expect_refused(forged, "signature");
}

TEST(Token, ClaimsMustBeAnObject) {
  for (const char* claims : {"", "[]", "null", "\"x\"", "{", "{}{}", "{\"a\":\"\xff\"}"}) {
    expect_refused(token_of(claims), "payload");
  }
  std::string token = base::to_base64url(R"({"alg":"HS256"})") + ".!!!";
  token += "." + base::to_base64url(base::as_view(base::hmac_sha256(kKeys.jwt_secret, token)));
  expect_refused(token, "payload is not base64url");
}

TEST(Token, DeeplyNestedClaimsAreRefusedNotFollowed) {
  expect_refused(token_of("{\"a\":" + std::string(100'000, '[')), "payload");
}

TEST(Token, ExpiryAllowsThirtySecondsOfSkew) {
  EXPECT_TRUE(verify_token(token_of(at("exp", -29)), kKeys, kTime));
  expect_refused(token_of(at("exp", -30)), "expired");
  EXPECT_FALSE(verify_token(token_of(at("exp", -29)), kKeys, kTime + seconds(1)));
}

TEST(Token, StartAllowsThirtySecondsOfSkew) {
  for (const char* claim : {"nbf", "iat"}) {
    EXPECT_TRUE(verify_token(token_of(at(claim, 30)), kKeys, kTime)) << claim;
    expect_refused(token_of(at(claim, 31)), claim);
  }
}

TEST(Token, TimesAreNumbers) {
  for (const char* claims :
       {R"({"exp":"1900000000"})", R"({"exp":null})", R"({"nbf":{}})", R"({"iat":true})"}) {
    expect_refused(token_of(claims), "not a number");
  }
  EXPECT_TRUE(verify_token(token_of(R"({"exp":1.9e9,"iat":1799999999.5})"), kKeys, kTime));
  EXPECT_TRUE(verify_token(token_of(R"({"exp":18446744073709551615})"), kKeys, kTime));
  expect_refused(token_of(R"({"exp":-9223372036854775808})"), "expired");
  expect_refused(token_of(R"({"nbf":1e300})"), "future");
}

TEST(Token, RoleIsOneOfThree) {
  EXPECT_EQ(verify_token(token_of("{}"), kKeys, kTime)->role, Role::kAnon);
  for (const char* claims : {R"({"role":""})", R"({"role":"postgres"})", R"({"role":null})",
                             R"({"role":["service_role"]})", R"({"role":"SERVICE_ROLE"})"}) {
    expect_refused(token_of(claims), "`role`");
  }
  expect_refused(token_of(R"({"sub":42})"), "`sub`");
}

TEST(Token, ShortSecretsVerifyNothing) {
  const KeySet weak{"short"};
  const auto principal =
      verify_token(token_of(R"({"alg":"HS256"})", "{}", weak.jwt_secret), weak, kTime);
  ASSERT_FALSE(principal);
  EXPECT_EQ(principal.error().code, Code::kInvalidCredential);
  const auto empty = verify_token(token_of(R"({"alg":"HS256"})", "{}", ""), KeySet{}, kTime);
  EXPECT_FALSE(empty);
  EXPECT_FALSE(sign_token({}, weak, kTime));
}

TEST(Token, SignedTokensVerify) {
  const auto token =
      sign_token({Role::kServiceRole, "u\"1", seconds(60), R"({"team":"blue","nested":{"a":1}})"},
                 kKeys, kTime);
  ASSERT_TRUE(token) << token.error().message;
  const auto principal = verify_token(*token, kKeys, kTime);
  ASSERT_TRUE(principal) << principal.error().message;
  EXPECT_EQ(principal->role, Role::kServiceRole);
  EXPECT_EQ(principal->user_id, "u\"1");
  EXPECT_EQ(principal->claims_json, R"({"team":"blue","nested":{"a":1},"role":"service_role",)"
                                    R"("sub":"u\"1","iat":1800000000,"exp":1800000060})");
  EXPECT_FALSE(verify_token(*token, kKeys, kTime + seconds(91)));
}

TEST(Token, NoLifetimeMeansNoTimes) {
  const auto token = sign_token({Role::kAnon, "", seconds(0), ""}, kKeys, kTime);
  ASSERT_TRUE(token);
  const auto principal = verify_token(*token, kKeys, kTime + std::chrono::years(100));
  ASSERT_TRUE(principal) << principal.error().message;
  EXPECT_EQ(principal->claims_json, R"({"role":"anon"})");
  EXPECT_TRUE(verify_token(*token, kKeys, kTime - std::chrono::years(1))) << "a clock set back";
}

TEST(Token, SigningRefusesWhatWouldContradict) {
  for (const char* extra :
       {R"({"role":"anon"})", R"({"sub":"x"})", R"({"exp":1})", R"({"iat":1})", "[]", "{", "x"}) {
    const auto token = sign_token({Role::kAnon, "", seconds(1), extra}, kKeys, kTime);
    ASSERT_FALSE(token) << extra;
    EXPECT_EQ(token.error().code, Code::kInvalidArgument);
  }
  EXPECT_FALSE(sign_token({Role::kAnon, "", seconds(-1), ""}, kKeys, kTime));
  EXPECT_FALSE(sign_token({Role::kAnon, "", seconds::max(), ""}, kKeys, kTime));
  EXPECT_FALSE(sign_token({Role::kAnon, "\xff", seconds(1), ""}, kKeys, kTime));
}

TEST(Token, RefusalsNeverRepeatTheToken) {
  const std::string token = token_of(R"({"sub":"private-name","role":"nobody"})");
  const auto principal = verify_token(token, kKeys, kTime);
  ASSERT_FALSE(principal);
  EXPECT_EQ(principal.error().message.find("private-name"), std::string::npos);
  EXPECT_EQ(principal.error().message.find(token.substr(0, 20)), std::string::npos);
}

}  // namespace
}  // namespace auth
