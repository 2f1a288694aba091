#include "auth/credential.h"

#include <algorithm>
#include <cstddef>

#include "base/ascii.h"

namespace auth {
namespace {

using base::Code;
using base::fail;
using base::Result;

constexpr std::string_view kScheme = "bearer";

constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// An empty header is what some proxies make of an absent one.
std::optional<std::string_view> present(std::optional<std::string_view> header) {
  if (!header) return std::nullopt;
  const std::string_view text = trim(*header);
  if (text.empty()) return std::nullopt;
  return text;
}

// The token of `Bearer <token>` (RFC 6750; the scheme's case does not matter), or nothing for
// another scheme. `Bearer` alone is an empty token, which no key signed.
std::optional<std::string_view> bearer_token(std::string_view authorization) {
  const std::size_t end = std::min(authorization.find_first_of(" \t"), authorization.size());
  if (!base::equal_ignoring_case(authorization.substr(0, end), kScheme)) return std::nullopt;
  return trim(authorization.substr(end));
}

std::unexpected<base::Error> not_bearer() {
  return fail(Code::kInvalidCredential,
              "The Authorization header is not `Bearer <token>`: send a JSON Web Token");
}

}  // namespace

Result<Principal> authenticate(const Credentials& credentials, VerifyJwt verify,
                               const TokenVerifier& tokens, Clock::time_point now) {
  const bool required = verify == VerifyJwt::kRequired;
  if (const auto authorization = present(credentials.authorization)) {
    if (const auto token = bearer_token(*authorization)) return tokens.verify(*token, now);
    if (required) return not_bearer();
  } else if (required) {
    return fail(Code::kNoCredential,
                "This function asks for a token: send `Authorization: Bearer <token>`");
  }
  if (const auto apikey = present(credentials.apikey)) return tokens.verify(*apikey, now);
  return Principal::anonymous();
}

Result<Principal> authenticate_admin(const Credentials& credentials, const TokenVerifier& tokens,
                                     Clock::time_point now) {
  std::optional<std::string_view> token = present(credentials.apikey);
  if (const auto authorization = present(credentials.authorization)) {
    token = bearer_token(*authorization);
    if (!token) return not_bearer();
  }
  if (!token) {
    return fail(
        Code::kNoCredential,
        "The admin API asks for the service role's key: send `Authorization: Bearer <key>`");
  }
  Result<Principal> principal = tokens.verify(*token, now);
  if (principal && principal->role != Role::kServiceRole) {
    return fail(Code::kForbidden,
                "The admin API is for the role service_role only; this token's is " +
                    std::string(name_of(principal->role)));
  }
  return principal;
}

}  // namespace auth
