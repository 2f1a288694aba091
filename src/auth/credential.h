// From a request's headers to the Principal it acts as: the precedence of credentials.
//
// `Authorization` decides: when it is there, an invalid one is refused whatever `apikey` says.
// Without it, `apikey` counts only where the function does not ask for a token; without either, the
// caller is `anon`. Where the function does not ask for a token, an `Authorization` that is not
// Bearer reaches the guest unread. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "auth/token_verifier.h"

namespace auth {

struct Credentials {
  std::optional<std::string_view> authorization;
  std::optional<std::string_view> apikey;
};

enum class VerifyJwt { kRequired, kOptional };

// kNoCredential or kInvalidCredential (both 401).
base::Result<Principal> authenticate(const Credentials& credentials, VerifyJwt verify,
                                     const TokenVerifier& tokens, Clock::time_point now);

// The admin listener's rule: a valid Bearer token (or, without Authorization, a valid `apikey`),
// else 401; and its role must be service_role, else kForbidden.
base::Result<Principal> authenticate_admin(const Credentials& credentials,
                                           const TokenVerifier& tokens, Clock::time_point now);

}  // namespace auth
