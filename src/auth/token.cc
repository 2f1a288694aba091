// JWS compact form: base64url(header) "." base64url(claims) "." base64url(HMAC of all before).
#include "auth/token.h"

#include <array>
#include <cstddef>
#include <utility>

#include <boost/json.hpp>

#include "base/crypto.h"
#include "base/encoding.h"

namespace auth {
namespace {

namespace json = boost::json;
using base::Code;
using base::fail;
using base::Result;

// {"alg":"HS256","typ":"JWT"}: what we, and nearly all others, write.
constexpr std::string_view kUsualHeader = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

// The values of one token on the stack: no allocation for claims of usual size, freed at once.
class Scratch {
 public:
  json::storage_ptr storage() { return &resource_; }

 private:
  std::array<unsigned char, 2048> buffer_;
  json::monotonic_resource resource_{buffer_.data(), buffer_.size()};
};

std::unexpected<base::Error> refuse(std::string why) {
  return fail(Code::kInvalidCredential, "The token is refused: " + std::move(why));
}

struct Parts {
  std::string_view header;
  std::string_view claims;
  std::string_view signature;
  std::string_view signed_text;
};

Result<Parts> split(std::string_view token) {
  const std::size_t first = token.find('.');
  const std::size_t last = token.rfind('.');
  const bool two_dots = first != last && token.find('.', first + 1) == last;
  if (!two_dots) return refuse("it is not three parts joined by dots; pass a JSON Web Token");
  return Parts{token.substr(0, first), token.substr(first + 1, last - first - 1),
               token.substr(last + 1), token.substr(0, last)};
}

Result<json::object> parse_object(std::string_view text, std::string_view noun,
                                  const json::storage_ptr& storage) {
  json::error_code failure;
  json::value value = json::parse(json::string_view(text.data(), text.size()), failure, storage);
  if (failure || !value.is_object()) {
    return refuse(std::string(noun) + " is not a JSON object; make a new token");
  }
  return std::move(value.get_object());
}

Result<void> check_header(std::string_view encoded) {
  if (encoded == kUsualHeader) return {};
  const std::optional<std::string> text = base::from_base64url(encoded);
  if (!text) return refuse("its header is not base64url; pass the token as it was issued");
  Scratch scratch;
  const Result<json::object> header = parse_object(*text, "its header", scratch.storage());
  if (!header) return fail(header.error());
  const json::value* algorithm = header->if_contains("alg");
  const json::string* name = algorithm == nullptr ? nullptr : algorithm->if_string();
  if (name == nullptr || *name != "HS256") return refuse("its `alg` is not HS256; sign with HS256");
  // RFC 7515, section 4.1.11: whoever does not understand a critical extension must refuse, and we
  // understand none.
  if (header->contains("crit")) return refuse("its header has `crit`; sign without extensions");
  return {};
}

Result<void> check_signature(const Parts& parts, const KeySet& keys) {
  if (keys.jwt_secret.size() < kMinSecretLength) {
    return refuse("the server's jwt_secret is shorter than 32 bytes; configure a longer one");
  }
  const std::optional<std::string> given = base::from_base64url(parts.signature);
  const base::Sha256 expected = base::hmac_sha256(keys.jwt_secret, parts.signed_text);
  if (!given || !base::equal_constant_time(*given, base::as_view(expected))) {
    return refuse("its signature does not fit; sign it with this server's jwt_secret");
  }
  return {};
}

using Seconds = Token::Seconds;

Result<std::optional<Seconds>> time_claim(const json::object& claims, std::string_view name) {
  const json::value* claim = claims.if_contains(json::string_view(name.data(), name.size()));
  if (claim == nullptr) return std::nullopt;
  json::error_code failure;
  const auto seconds = claim->to_number<double>(failure);
  if (failure) {
    return refuse("its `" + std::string(name) + "` is not a number of seconds; make a new token");
  }
  return Seconds(seconds);
}

Result<void> read_times(const json::object& claims, Token& token) {
  for (const auto& [name, time] :
       {std::pair{"exp", &token.expires}, {"nbf", &token.not_before}, {"iat", &token.issued}}) {
    const auto claim = time_claim(claims, name);
    if (!claim) return fail(claim.error());
    *time = *claim;
  }
  return {};
}

Result<Role> role_claim(const json::object& claims) {
  const json::value* claim = claims.if_contains("role");
  if (claim == nullptr) return Role::kAnon;
  const json::string* name = claim->if_string();
  const std::optional<Role> role =
      name == nullptr ? std::nullopt : role_named({name->data(), name->size()});
  if (!role) return refuse("its `role` is not one of anon, authenticated, service_role");
  return *role;
}

Result<std::string> subject_claim(const json::object& claims) {
  const json::value* claim = claims.if_contains("sub");
  if (claim == nullptr) return std::string();
  const json::string* subject = claim->if_string();
  if (subject == nullptr) return refuse("its `sub` is not a string; make a new token");
  return std::string(subject->data(), subject->size());
}

Result<Token> read_claims(std::string claims_json) {
  Scratch scratch;
  const Result<json::object> claims = parse_object(claims_json, "its payload", scratch.storage());
  if (!claims) return fail(claims.error());
  Token token;
  if (const Result<void> times = read_times(*claims, token); !times) return fail(times.error());
  const Result<Role> role = role_claim(*claims);
  if (!role) return fail(role.error());
  Result<std::string> subject = subject_claim(*claims);
  if (!subject) return fail(std::move(subject.error()));
  token.principal = {*role, std::move(*subject), std::move(claims_json)};
  return token;
}

Result<json::object> parse_extra_claims(std::string_view text) {
  if (text.empty()) return json::object();
  json::error_code failure;
  json::value value = json::parse(json::string_view(text.data(), text.size()), failure);
  if (failure || !value.is_object()) {
    return fail(Code::kInvalidArgument,
                "Extra claims must be one JSON object, such as {\"team\":\"blue\"}");
  }
  for (const char* reserved : {"role", "sub", "exp", "iat"}) {
    if (!value.get_object().contains(reserved)) continue;
    return fail(Code::kInvalidArgument, "Extra claims must not name `" + std::string(reserved) +
                                            "`: it has an option of its own");
  }
  return std::move(value.get_object());
}

Result<void> check_request(const TokenRequest& request, const KeySet& keys,
                           std::chrono::seconds now) {
  if (keys.jwt_secret.size() < kMinSecretLength) {
    return fail(Code::kInvalidArgument,
                "jwt_secret is shorter than 32 bytes: configure a longer one");
  }
  if (request.lifetime.count() < 0 || request.lifetime > std::chrono::seconds::max() - now) {
    return fail(Code::kInvalidArgument,
                "A token's lifetime must be zero (no expiry) or a positive span of time");
  }
  if (!base::is_utf8(request.user_id)) {
    return fail(Code::kInvalidArgument, "A token's subject must be text in UTF-8");
  }
  return {};
}

}  // namespace

Result<Token> read_token(std::string_view token, const KeySet& keys) {
  const Result<Parts> parts = split(token);
  if (!parts) return fail(parts.error());
  if (const Result<void> header = check_header(parts->header); !header) return fail(header.error());
  // Nothing of the claims is read before the signature holds.
  if (const Result<void> signature = check_signature(*parts, keys); !signature) {
    return fail(signature.error());
  }
  std::optional<std::string> claims = base::from_base64url(parts->claims);
  if (!claims) return refuse("its payload is not base64url; pass the token as it was issued");
  return read_claims(std::move(*claims));
}

Result<void> check_times(const Token& token, Clock::time_point now) {
  const Seconds time = now.time_since_epoch();
  if (token.expires && time >= *token.expires + kClockSkew) {
    return refuse("it has expired; sign in again or make a new one");
  }
  for (const auto& [name, start] : {std::pair{"nbf", token.not_before}, {"iat", token.issued}}) {
    if (!start || *start <= time + kClockSkew) continue;
    return refuse("its `" + std::string(name) + "` lies in the future; check both clocks");
  }
  return {};
}

Result<Principal> verify_token(std::string_view token, const KeySet& keys, Clock::time_point now) {
  Result<Token> read = read_token(token, keys);
  if (!read) return fail(std::move(read.error()));
  if (const Result<void> timely = check_times(*read, now); !timely) return fail(timely.error());
  return std::move(read->principal);
}

Result<std::string> sign_token(const TokenRequest& request, const KeySet& keys,
                               Clock::time_point now) {
  const auto issued = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
  if (const Result<void> fits = check_request(request, keys, issued); !fits) {
    return fail(fits.error());
  }
  Result<json::object> claims = parse_extra_claims(request.extra_claims_json);
  if (!claims) return fail(std::move(claims.error()));
  const std::string_view role = name_of(request.role);
  claims->emplace("role", json::string_view(role.data(), role.size()));
  if (!request.user_id.empty()) claims->emplace("sub", request.user_id);
  // What holds for ever does not begin at a time either: a clock that was ahead when it was signed
  // and is set right must not refuse it.
  if (request.lifetime.count() > 0) {
    claims->emplace("iat", issued.count());
    claims->emplace("exp", (issued + request.lifetime).count());
  }

  std::string token(kUsualHeader);
  token.push_back('.');
  token.append(base::to_base64url(json::serialize(*claims)));
  const base::Sha256 signature = base::hmac_sha256(keys.jwt_secret, token);
  token.push_back('.');
  token.append(base::to_base64url(base::as_view(signature)));
  return token;
}

}  // namespace auth
