#include "auth/seal.h"

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include <sodium.h>

#include "base/crypto.h"
#include "base/encoding.h"

namespace auth {
namespace {

using base::Code;
using base::fail;
using base::Result;

constexpr std::size_t kKeyBytes = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
constexpr std::size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;

// libsodium picks its implementations once per process, before any other use.
void start_sodium() {
  static const bool started = sodium_init() >= 0;
  if (started) return;
  std::fputs("roost: libsodium could not start; is there a random device?\n", stderr);
  std::abort();
}

unsigned char* as_unsigned(std::string& bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}
const unsigned char* as_unsigned(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::unexpected<base::Error> cannot_open() {
  return fail(
      Code::kInternal,
      "A sealed value cannot be opened: the master key is not the one it was sealed with, or "
      "its bytes were changed; restore master.key (or ROOST_MASTER_KEY) or the value");
}

}  // namespace

MasterKey MasterKey::generate() { return MasterKey(base::random_bytes(kKeyBytes)); }

Result<MasterKey> MasterKey::parse(std::string_view hex) {
  std::optional<std::string> bytes = base::from_hex(trim(hex));
  if (!bytes || bytes->size() != kKeyBytes) {
    return fail(Code::kInvalidArgument,
                "The master key is not 64 hex digits: restore master.key or ROOST_MASTER_KEY");
  }
  return MasterKey(std::move(*bytes));
}

std::string MasterKey::hex() const { return base::to_hex(bytes_); }

std::string MasterKey::seal(std::string_view plain, std::string_view context) const {
  start_sodium();
  std::string sealed(kNonceBytes + plain.size() + kTagBytes, '\0');
  base::fill_random(sealed.data(), kNonceBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(as_unsigned(sealed) + kNonceBytes, nullptr,
                                             as_unsigned(plain), plain.size(), as_unsigned(context),
                                             context.size(), nullptr, as_unsigned(sealed),
                                             as_unsigned(std::string_view(bytes_)));
  return sealed;
}

Result<std::string> MasterKey::open(std::string_view sealed, std::string_view context) const {
  start_sodium();
  if (sealed.size() < kNonceBytes + kTagBytes) return cannot_open();
  const std::string_view body = sealed.substr(kNonceBytes);
  std::string plain(body.size() - kTagBytes, '\0');
  const int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(
      as_unsigned(plain), nullptr, nullptr, as_unsigned(body), body.size(), as_unsigned(context),
      context.size(), as_unsigned(sealed), as_unsigned(std::string_view(bytes_)));
  if (failed != 0) return cannot_open();
  return plain;
}

std::string MasterKey::derive(std::string_view purpose) const {
  return std::string(base::as_view(base::hmac_sha256(bytes_, purpose)));
}

}  // namespace auth
