#include "auth/token_verifier.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <sodium.h>

#include "base/crypto.h"

namespace auth {
namespace {

// Per generation and shard; about 1 KiB each with claims of usual size.
constexpr std::size_t kGeneration = 256;
// Longer ones are verified each time.
constexpr std::size_t kMaxToken = 4096;

}  // namespace

static_assert(crypto_shorthash_siphashx24_BYTES == 16);
static_assert(crypto_shorthash_siphashx24_KEYBYTES == 16);

TokenVerifier::TokenVerifier(KeySet keys, std::vector<std::string> own)
    : keys_(std::move(keys)), own_(std::move(own)) {
  const auto random = base::random_bytes(hash_key_.size());
  std::memcpy(hash_key_.data(), random.data(), random.size());
}

std::size_t TokenVerifier::DigestHash::operator()(const Digest& digest) const noexcept {
  std::size_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof hash);
  return hash;
}

TokenVerifier::Digest TokenVerifier::digest_of(std::string_view token) const {
  Digest digest{};
  crypto_shorthash_siphashx24(digest.data(), reinterpret_cast<const unsigned char*>(token.data()),
                              token.size(), hash_key_.data());
  return digest;
}

base::Result<Principal> TokenVerifier::verify(std::string_view token, Clock::time_point now) const {
  if (token.size() > kMaxToken) return verify_token(token, keys_, now);
  const Digest digest = digest_of(token);
  TokenPtr known = find(digest);
  if (known == nullptr) {
    auto read = read_token(token, keys_);
    if (!read) return base::fail(std::move(read.error()));
    if (std::ranges::find(own_, token) != own_.end()) read->issued.reset();
    known = std::make_shared<const Token>(std::move(*read));
    remember(digest, known);
  }
  if (auto timely = check_times(*known, now); !timely) return base::fail(std::move(timely.error()));
  return known->principal;
}

TokenVerifier::TokenPtr TokenVerifier::find(const Digest& digest) const {
  Shard& shard = shard_of(digest);
  const std::lock_guard lock(shard.mutex);
  if (const auto young = shard.young.find(digest); young != shard.young.end()) return young->second;
  const auto old = shard.old.find(digest);
  if (old == shard.old.end()) return nullptr;
  TokenPtr token = old->second;
  insert(shard, digest, token);
  return token;
}

void TokenVerifier::remember(const Digest& digest, TokenPtr token) const {
  Shard& shard = shard_of(digest);
  const std::lock_guard lock(shard.mutex);
  insert(shard, digest, std::move(token));
}

void TokenVerifier::insert(Shard& shard, const Digest& digest, TokenPtr token) {
  if (shard.young.size() >= kGeneration) shard.old = std::exchange(shard.young, {});
  shard.young.emplace(digest, std::move(token));
}

std::size_t TokenVerifier::remembered() const {
  std::size_t count = 0;
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    count += shard.young.size() + shard.old.size();
  }
  return count;
}

}  // namespace auth
