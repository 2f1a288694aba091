// JSON Web Tokens (RFC 7519, JWS compact form of RFC 7515) signed with HS256.
//
// Pure: the keys and the time are given. Refused, each with its reason: `alg` other than HS256
// (`none` too), any `crit`, a bad signature, claims that are not an object, an unknown `role`, and
// times out of bounds (`exp`, `nbf`, `iat`, with 30 s of skew). A token without `role` is `anon`.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "auth/principal.h"
#include "base/error.h"

namespace auth {

using Clock = std::chrono::system_clock;

inline constexpr std::chrono::seconds kClockSkew{30};
inline constexpr std::size_t kMinSecretLength = 32;

// The keys a token may be signed with. Immutable once made; safe on any thread.
struct KeySet {
  std::string jwt_secret;  // HS256; at least kMinSecretLength bytes
};

// A token whose form and signature hold; whether it is good now is another question.
struct Token {
  // NumericDate (RFC 7519, section 2): seconds since the epoch, fractions allowed.
  using Seconds = std::chrono::duration<double>;
  Principal principal;
  std::optional<Seconds> expires;     // `exp`
  std::optional<Seconds> not_before;  // `nbf`
  std::optional<Seconds> issued;      // `iat`
};

// kInvalidCredential on refusal.
base::Result<Token> read_token(std::string_view token, const KeySet& keys);
base::Result<void> check_times(const Token& token, Clock::time_point now);
// Both.
base::Result<Principal> verify_token(std::string_view token, const KeySet& keys,
                                     Clock::time_point now);

struct TokenRequest {
  Role role = Role::kAuthenticated;
  std::string user_id;                  // `sub`, left out when empty
  std::chrono::seconds lifetime{3600};  // `exp` = now + lifetime; zero: neither `exp` nor `iat`
  std::string extra_claims_json;        // an object whose members are added; empty: none
};

// Signs claims for `roost token` and for the keys of the first start. kInvalidArgument when
// `extra_claims_json` is not an object, names role, sub, exp or iat, or the lifetime is negative.
base::Result<std::string> sign_token(const TokenRequest& request, const KeySet& keys,
                                     Clock::time_point now);

}  // namespace auth
