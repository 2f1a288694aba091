#include "auth/token_verifier.h"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace auth {
namespace {

using std::chrono::seconds;

const KeySet kKeys{"a-secret-of-at-least-32-bytes-for-tests"};
const Clock::time_point kTime{seconds(1'800'000'000)};

std::string token(std::string user, const KeySet& keys = kKeys) {
  return *sign_token({.user_id = std::move(user), .extra_claims_json = {}}, keys, kTime);
}

TEST(TokenVerifier, AnswersTheSameWhetherRememberedOrNot) {
  const TokenVerifier tokens(kKeys);
  const std::string ada = token("ada");
  for (int time = 0; time < 3; ++time) {
    const auto principal = tokens.verify(ada, kTime);
    ASSERT_TRUE(principal);
    EXPECT_EQ(principal->user_id, "ada");
    EXPECT_EQ(principal->role, Role::kAuthenticated);
    EXPECT_EQ(principal->claims_json, verify_token(ada, kKeys, kTime)->claims_json);
  }
  EXPECT_EQ(tokens.remembered(), 1U);
  EXPECT_EQ(tokens.verify(token("bob"), kTime)->user_id, "bob");
}

TEST(TokenVerifier, ARememberedTokenExpires) {
  const TokenVerifier tokens(kKeys);
  const std::string ada = token("ada");
  ASSERT_TRUE(tokens.verify(ada, kTime));
  EXPECT_TRUE(tokens.verify(ada, kTime + seconds(3629)));
  const auto late = tokens.verify(ada, kTime + seconds(3630));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, base::Code::kInvalidCredential);
  EXPECT_FALSE(tokens.verify(ada, kTime - seconds(31)));  // not yet issued
}

// As they are stored in folders of earlier versions, first started with a clock that was ahead.
TEST(TokenVerifier, WhenItsOwnTokensWereIssuedIsNotAsked) {
  const std::string own = token("server");
  const std::string other = token("ada");
  const TokenVerifier tokens(kKeys, {own});
  for (int time = 0; time < 2; ++time) {
    EXPECT_TRUE(tokens.verify(own, kTime - seconds(7200)));
    EXPECT_FALSE(tokens.verify(other, kTime - seconds(7200)));
  }
  EXPECT_FALSE(tokens.verify(own, kTime + seconds(3630))) << "when it ends still is";
  EXPECT_FALSE(TokenVerifier({std::string(64, 'x')}, {own}).verify(own, kTime))
      << "who signed, too";
}

TEST(TokenVerifier, EveryByteCounts) {
  const TokenVerifier tokens(kKeys);
  const std::string ada = token("ada");
  ASSERT_TRUE(tokens.verify(ada, kTime));
  for (std::size_t i = 0; i + 1 < ada.size(); ++i) {  // the last character has bits to spare
    std::string changed = ada;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(tokens.verify(changed, kTime)) << "changed at " << i;
  }
  EXPECT_FALSE(tokens.verify(ada + ".", kTime));
  EXPECT_EQ(tokens.remembered(), 1U) << "what is refused leaves nothing behind";
}

TEST(TokenVerifier, AnotherKeysTokenIsRefused) {
  const TokenVerifier tokens(kKeys);
  EXPECT_FALSE(tokens.verify(token("ada", {"another-secret-of-at-least-32-bytes-here"}), kTime));
  EXPECT_EQ(tokens.remembered(), 0U);
}

TEST(TokenVerifier, LongTokensAreVerifiedEachTime) {
  const TokenVerifier tokens(kKeys);
  EXPECT_TRUE(tokens.verify(token(std::string(5000, 'a')), kTime));
  EXPECT_EQ(tokens.remembered(), 0U);
}

TEST(TokenVerifier, RemembersABoundedNumberOnAnyThread) {
  const TokenVerifier tokens(kKeys);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 2; ++thread) {
    threads.emplace_back([&tokens, thread] {
      for (int i = 0; i < 6000; ++i) {
        const std::string user = std::to_string(thread) + "/" + std::to_string(i);
        EXPECT_EQ(tokens.verify(token(user), kTime)->user_id, user);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(tokens.remembered(), 4000U);
  EXPECT_LE(tokens.remembered(), 2U * 16 * 256);
}

}  // namespace
}  // namespace auth
