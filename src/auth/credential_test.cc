#include "auth/credential.h"

#include <string>

#include <gtest/gtest.h>

namespace auth {
namespace {

using base::Code;

const KeySet kKeys{"a-secret-of-at-least-32-bytes-for-tests"};
const TokenVerifier kTokens(kKeys);
const KeySet kOtherKeys{"another-secret-of-at-least-32-bytes-----"};
const Clock::time_point kTime{std::chrono::seconds(1'800'000'000)};

std::string token(Role role, const KeySet& keys = kKeys) {
  return sign_token({role, "u-1", std::chrono::seconds(60), ""}, keys, kTime).value();
}

// What came of it, in one word: the role's name or the code's.
std::string required(const Credentials& credentials) {
  const auto result = authenticate(credentials, VerifyJwt::kRequired, kTokens, kTime);
  return std::string(result ? name_of(result->role) : base::name_of(result.error().code));
}
std::string optional(const Credentials& credentials) {
  const auto result = authenticate(credentials, VerifyJwt::kOptional, kTokens, kTime);
  return std::string(result ? name_of(result->role) : base::name_of(result.error().code));
}
std::string admin(const Credentials& credentials) {
  const auto result = authenticate_admin(credentials, kTokens, kTime);
  return std::string(result ? name_of(result->role) : base::name_of(result.error().code));
}

const std::string kNone(base::name_of(Code::kNoCredential));
const std::string kInvalid(base::name_of(Code::kInvalidCredential));
const std::string kForbidden(base::name_of(Code::kForbidden));

const std::string kUser = token(Role::kAuthenticated);
const std::string kService = token(Role::kServiceRole);
const std::string kAnonKey = token(Role::kAnon);
const std::string kForged = token(Role::kServiceRole, kOtherKeys);

std::string bearer(const std::string& value) { return "Bearer " + value; }

TEST(Credential, BearerDecidesWhereATokenIsRequired) {
  EXPECT_EQ(required({bearer(kUser), {}}), "authenticated");
  EXPECT_EQ(required({bearer(kService), kAnonKey}), "service_role");
  EXPECT_EQ(required({bearer(kAnonKey), kService}), "anon");
  EXPECT_EQ(required({bearer(kForged), kService}), kInvalid);
}

TEST(Credential, ApikeyAloneIsNotEnoughWhereATokenIsRequired) {
  EXPECT_EQ(required({}), kNone);
  EXPECT_EQ(required({{}, kService}), kNone);
  EXPECT_EQ(required({"", kService}), kNone);
  EXPECT_EQ(required({" \t", kService}), kNone);
}

TEST(Credential, OtherSchemesAreInvalidWhereATokenIsRequired) {
  EXPECT_EQ(required({"Basic dTpw", kService}), kInvalid);
  EXPECT_EQ(required({kUser, {}}), kInvalid);
  EXPECT_EQ(required({"Bearer", {}}), kInvalid);
  EXPECT_EQ(required({"Bearer   ", {}}), kInvalid);
  EXPECT_EQ(required({"Bearerx " + kUser, {}}), kInvalid);
}

TEST(Credential, SchemeIgnoresCaseAndSpace) {
  EXPECT_EQ(required({"bearer " + kUser, {}}), "authenticated");
  EXPECT_EQ(required({"BEARER " + kUser, {}}), "authenticated");
  EXPECT_EQ(required({" Bearer \t " + kUser + " ", {}}), "authenticated");
  EXPECT_EQ(required({bearer(kUser + " x"), {}}), kInvalid);
}

TEST(Credential, WithoutVerifyBearerStillDecides) {
  EXPECT_EQ(optional({bearer(kUser), kService}), "authenticated");
  EXPECT_EQ(optional({bearer(kForged), kService}), kInvalid);
  EXPECT_EQ(optional({bearer("sb_publishable_x"), {}}), kInvalid);
}

TEST(Credential, WithoutVerifyApikeyCountsAndIsNotNeeded) {
  EXPECT_EQ(optional({}), "anon");
  EXPECT_EQ(optional({{}, ""}), "anon");
  EXPECT_EQ(optional({{}, kAnonKey}), "anon");
  EXPECT_EQ(optional({{}, kService}), "service_role");
  EXPECT_EQ(optional({{}, kForged}), kInvalid);
}

TEST(Credential, WithoutVerifyOtherSchemesAreTheGuests) {
  EXPECT_EQ(optional({"Basic dTpw", {}}), "anon");
  EXPECT_EQ(optional({"Basic dTpw", kService}), "service_role");
  EXPECT_EQ(optional({"v1,signature", {}}), "anon");
}

TEST(Credential, AnonymousHasNoClaims) {
  const auto principal = authenticate({}, VerifyJwt::kOptional, kTokens, kTime);
  ASSERT_TRUE(principal);
  EXPECT_EQ(principal->user_id, "");
  EXPECT_EQ(principal->claims_json, "{}");
}

TEST(Credential, AdminIsForTheServiceRole) {
  EXPECT_EQ(admin({bearer(kService), {}}), "service_role");
  EXPECT_EQ(admin({{}, kService}), "service_role");
  EXPECT_EQ(admin({bearer(kUser), {}}), kForbidden);
  EXPECT_EQ(admin({{}, kAnonKey}), kForbidden);
}

TEST(Credential, AdminRefusesAllElse) {
  EXPECT_EQ(admin({}), kNone);
  EXPECT_EQ(admin({"", ""}), kNone);
  EXPECT_EQ(admin({bearer(kForged), kService}), kInvalid);
  EXPECT_EQ(admin({bearer(kUser), kService}), kForbidden);
  EXPECT_EQ(admin({"Basic dTpw", kService}), kInvalid);
  EXPECT_EQ(admin({{}, kForged}), kInvalid);
}

}  // namespace
}  // namespace auth
