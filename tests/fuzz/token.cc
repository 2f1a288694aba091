// JSON Web Tokens: what is not signed with our key never verifies.
//
//   input = where: u16, what is changed there: u8, header, LF, claims
// Header and claims are signed as they are; then one byte of the token is changed. Header and
// claims joined by a dot are also taken for a token.
#include "auth/token.h"

#include <string>
#include <string_view>

#include "auth/token_verifier.h"
#include "base/crypto.h"
#include "base/encoding.h"
#include "fuzz/input.h"

namespace {

const auth::KeySet kKeys{"a secret of more than thirty-two bytes"};
const auth::Clock::time_point kNow{std::chrono::seconds(1'790'000'000)};

std::string signature_of(std::string_view text) {
  return base::to_base64url(base::as_view(base::hmac_sha256(kKeys.jwt_secret, text)));
}

// Whoever made it had our key, and its form is the only one there is of it.
bool is_ours(std::string_view token) {
  const std::size_t dot = token.rfind('.');
  return dot != std::string_view::npos &&
         token.substr(dot + 1) == signature_of(token.substr(0, dot));
}

void judge(std::string_view token) {
  static const auth::TokenVerifier kVerifier(kKeys);
  const auto principal = auth::verify_token(token, kKeys, kNow);
  fuzz::require(!principal || is_ours(token), "only what we signed verifies");
  for (int times = 0; times < 2; ++times) {
    const auto remembered = kVerifier.verify(token, kNow);
    fuzz::require(remembered.has_value() == principal.has_value(),
                  "a verifier judges as verify_token does");
    fuzz::require(!principal || (remembered->role == principal->role &&
                                 remembered->user_id == principal->user_id &&
                                 remembered->claims_json == principal->claims_json),
                  "a verifier remembers whose token it is");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::size_t where = input.number<std::uint16_t>();
  const auto change = input.number<std::uint8_t>();
  const std::string_view header = input.line();
  judge(std::string(header) + "." + std::string(input.rest()));

  const std::string text = base::to_base64url(header) + "." + base::to_base64url(input.rest());
  std::string token = text + "." + signature_of(text);
  judge(token);
  if (change == 0) return 0;
  char& changed = token[where % token.size()];
  changed = static_cast<char>(changed ^ change);
  fuzz::require(!auth::read_token(token, kKeys), "a changed token is refused");
  judge(token);
  return 0;
}
