// Verifies tokens, and remembers those whose signature held: clients send the same one with every
// request.
//
// Remembered under a keyed 128-bit digest of the whole token (SipHash-2-4; the key is the
// process's own), with the times it is good for, which are checked on each use. A token whose
// signature does not hold leaves nothing behind. The keys do not change: other keys, another
// verifier. Safe on any thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/token.h"

namespace auth {

class TokenVerifier {
 public:
  // `own`: tokens that the server itself made with these keys. When they were issued is not asked:
  // earlier versions wrote `iat` into them, and the clock may have been ahead then.
  explicit TokenVerifier(KeySet keys, std::vector<std::string> own = {});

  // As verify_token, but for `own`.
  [[nodiscard]] base::Result<Principal> verify(std::string_view token, Clock::time_point now) const;

  // How many are remembered at the moment; bounded.
  [[nodiscard]] std::size_t remembered() const;

 private:
  using Digest = std::array<std::uint8_t, 16>;
  struct DigestHash {
    std::size_t operator()(const Digest& digest) const noexcept;
  };
  using TokenPtr = std::shared_ptr<const Token>;
  // Two generations: what was used since the older one was dropped survives the next drop.
  struct Shard {
    std::mutex mutex;
    std::unordered_map<Digest, TokenPtr, DigestHash> young;
    std::unordered_map<Digest, TokenPtr, DigestHash> old;
  };

  [[nodiscard]] Digest digest_of(std::string_view token) const;
  Shard& shard_of(const Digest& digest) const { return shards_.at(digest.back() % shards_.size()); }
  [[nodiscard]] TokenPtr find(const Digest& digest) const;
  void remember(const Digest& digest, TokenPtr token) const;
  static void insert(Shard& shard, const Digest& digest, TokenPtr token);

  const KeySet keys_;
  const std::vector<std::string> own_;
  Digest hash_key_{};
  mutable std::array<Shard, 16> shards_;
};

}  // namespace auth
