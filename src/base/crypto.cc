#include "base/crypto.h"

#include <cstdio>
#include <cstdlib>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

namespace base {
namespace {

// OpenSSL fails here only without memory or without its default provider; a digest that is wrong or
// randomness that is not random would be worse than a stop.
void require(bool done, const char* what) {
  if (done) return;
  std::fprintf(stderr, "roost: OpenSSL failed: %s; its default provider must be installed\n", what);
  std::abort();
}

struct FreeDigestContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeDigestContext>;

struct FreeMacContext {
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
using MacContext = std::unique_ptr<EVP_MAC_CTX, FreeMacContext>;

// Fetching takes OpenSSL's locks and costs more than hashing a token, so it happens once.
const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  require(algorithm != nullptr, "fetch SHA256");
  return algorithm;
}

EVP_MAC* hmac_algorithm() {
  static EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  require(algorithm != nullptr, "fetch HMAC");
  return algorithm;
}

MacContext make_hmac_context() {
  MacContext context(EVP_MAC_CTX_new(hmac_algorithm()));
  require(context != nullptr, "allocate HMAC");
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, sizeof(digest) - 1),
      OSSL_PARAM_construct_end()};
  require(EVP_MAC_CTX_set_params(context.get(), params) == 1, "set HMAC's digest");
  return context;
}

const unsigned char* as_unsigned(std::string_view bytes) {
  // A null pointer means "the key of last time" to EVP_MAC_init; an empty key is none such.
  return reinterpret_cast<const unsigned char*>(bytes.data() == nullptr ? "" : bytes.data());
}

}  // namespace

Sha256 sha256(std::string_view bytes) {
  Sha256 digest{};
  require(EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, sha256_algorithm(),
                     nullptr) == 1,
          "SHA256");
  return digest;
}

Sha256 hmac_sha256(std::string_view key, std::string_view message) {
  // Naming the digest to a new context fetches it again; a context per thread does so once.
  thread_local const MacContext context = make_hmac_context();
  Sha256 mac{};
  std::size_t size = 0;
  const bool done = EVP_MAC_init(context.get(), as_unsigned(key), key.size(), nullptr) == 1 &&
                    EVP_MAC_update(context.get(), as_unsigned(message), message.size()) == 1 &&
                    EVP_MAC_final(context.get(), mac.data(), &size, mac.size()) == 1 &&
                    size == mac.size();
  require(done, "HMAC");
  return mac;
}

struct Sha256Stream::State {
  DigestContext context{EVP_MD_CTX_new()};
};

Sha256Stream::Sha256Stream() : state_(std::make_unique<State>()) {
  require(EVP_DigestInit_ex2(state_->context.get(), sha256_algorithm(), nullptr) == 1,
          "start SHA256");
}

Sha256Stream::~Sha256Stream() = default;

void Sha256Stream::update(std::string_view bytes) {
  require(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1,
          "add to SHA256");
}

Sha256 Sha256Stream::finish() {
  Sha256 digest{};
  require(EVP_DigestFinal_ex(state_->context.get(), digest.data(), nullptr) == 1, "finish SHA256");
  return digest;
}

void fill_random(void* out, std::size_t size) {
  require(RAND_bytes_ex(nullptr, static_cast<unsigned char*>(out), size, 0) == 1, "random bytes");
}

std::string random_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  fill_random(bytes.data(), bytes.size());
  return bytes;
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace base
