// Secrets at rest: sealed with the node's master key (libsodium's XChaCha20-Poly1305).
//
// A MasterKey is 32 bytes, written as 64 hex digits in `master.key` (mode 0600) or
// ROOST_MASTER_KEY. Immutable; safe on any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace auth {

class MasterKey {
 public:
  static MasterKey generate();
  // kInvalidArgument unless 64 hex digits (white space around them is allowed).
  static base::Result<MasterKey> parse(std::string_view hex);
  [[nodiscard]] std::string hex() const;

  // nonce || ciphertext || tag. `context` is authenticated with it and must be given again to open.
  [[nodiscard]] std::string seal(std::string_view plain, std::string_view context) const;
  // kInternal with a message that says that the key does not fit or the bytes were changed.
  [[nodiscard]] base::Result<std::string> open(std::string_view sealed,
                                               std::string_view context) const;
  // A key for another purpose, derived from this one (HMAC-SHA256 of the purpose).
  [[nodiscard]] std::string derive(std::string_view purpose) const;

 private:
  explicit MasterKey(std::string bytes) : bytes_(std::move(bytes)) {}
  std::string bytes_;
};

}  // namespace auth
